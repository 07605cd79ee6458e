from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
import urllib3
from daemon_process import Served, start

from nfsd.client import Client, NfsError
from nfsd.client.client import Entry
from runfs.__main__ import main


def put(daemon: Served, path: str, data: bytes) -> None:
    headers = {"Authorization": f"Bearer {(daemon.data / 'key').read_text().strip()}"}
    answer = urllib3.request(
        "PUT", f"{daemon.http}/api/v1/runs/r1/files?path={path}", body=data, headers=headers
    )
    assert answer.status in (200, 201), answer.data


async def mounted(daemon: Served) -> Client:
    return await Client.mount("127.0.0.1", int(daemon.nfs.rpartition(":")[2]))


async def found(daemon: Served, path: str) -> Entry:
    async with await mounted(daemon) as client:
        return await client.walk(path)


async def read(daemon: Served, file: Entry) -> bytes:
    async with await mounted(daemon) as client:
        return b"".join([part async for part in client.read(file)])


def test_a_backup_is_restored_and_handles_survive(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data, kept = tmp_path / "data", tmp_path / "kept"
    daemon = start(data)
    try:
        daemon.ask("POST", "/api/v1/runs", {"project": "team/vision", "id": "r1"})
        put(daemon, "a.bin", b"a" * 100_000)
        before = asyncio.run(found(daemon, "/runs/r1/files/a.bin"))
        assert main(["backup", str(kept), "--data", str(data)]) == 0
        assert capsys.readouterr().out == "copied: 1 blobs (97.7 KiB); removed: 0\n"
        put(daemon, "b.bin", b"b")
        after = asyncio.run(found(daemon, "/runs/r1/files/b.bin"))
    finally:
        daemon.process.kill()
        daemon.process.wait()

    assert main(["fsck", "--deep", "--data", str(kept)]) == 0
    restored = start(kept)
    try:
        assert main(["backup", str(kept), "--data", str(data)]) == 2
        assert "is in use" in capsys.readouterr().err
        put(restored, "c.bin", b"c")  # with the same key
        assert asyncio.run(read(restored, before)) == b"a" * 100_000
        with pytest.raises(NfsError, match="STALE"):  # and not c.bin
            asyncio.run(read(restored, after))
    finally:
        restored.process.kill()
        restored.process.wait()


def test_folders_that_are_no_backups_are_left_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter").touch()
    assert main(["backup", str(tmp_path / "thesis"), "--data", str(tmp_path / "data")]) == 2
    assert "holds something else than a backup" in capsys.readouterr().err
    for target in ("thesis/chapter", "thesis/chapter/new"):
        assert main(["backup", str(tmp_path / target), "--data", str(tmp_path / "data")]) == 2
        assert "name another folder for the backup" in capsys.readouterr().err
    assert main(["backup", str(tmp_path / "data"), "--data", str(tmp_path / "data")]) == 2
    assert "is the data folder itself" in capsys.readouterr().err
    assert main(["backup", str(tmp_path / "new"), "--data", str(tmp_path / "data")]) == 1
    assert "cannot open the catalog" in capsys.readouterr().err
    assert main(["backup", str(tmp_path / "new"), "--data", str(tmp_path / "nowhere")]) == 2
    assert "there is no data folder" in capsys.readouterr().err
