from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import urllib3
from daemon_process import start

from runfs.__main__ import main
from store.blobs import open_blobs
from store.catalog import Catalog, projects, runs
from store.uploads import Uploads


async def chunks(data: bytes) -> AsyncIterator[bytes]:
    yield data


@pytest.fixture
async def data(tmp_path: Path) -> Path:
    """A data folder with one file in it."""
    catalog = await Catalog.open(tmp_path / "catalog.sqlite3", poll_s=None)
    blobs = open_blobs((tmp_path / "blobs").as_uri())
    project = await catalog.write(lambda tx: projects.ensure(tx, "a", "b"))
    run = await catalog.write(lambda tx: runs.create(tx, project.id, "r1"))
    await Uploads(catalog, blobs).put(run.fileset_id, "f", chunks(b"content"))
    await blobs.close()
    await catalog.close()
    return tmp_path


def the_blob(data: Path) -> Path:
    [blob] = [path for path in (data / "blobs").rglob("*") if path.is_file()]
    return blob


def check(data: Path, *flags: str) -> int:
    return main(["fsck", "--data", str(data), *flags])


def test_a_whole_store(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert check(data, "--deep") == 0
    assert capsys.readouterr().out == "0 wrong, 0 orphans\n"


def test_other_bytes_are_found_by_reading_them(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    blob = the_blob(data)
    blob.chmod(0o600)
    blob.write_bytes(b"CONTENT")
    assert check(data) == 0
    capsys.readouterr()
    assert check(data, "--deep") == 1
    assert "damaged: " in capsys.readouterr().out


def test_missing_bytes(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    the_blob(data).unlink()
    assert check(data) == 1
    shown = capsys.readouterr().out
    assert "missing: " in shown
    assert shown.endswith("1 wrong, 0 orphans\n")


def test_an_orphan_is_harmless(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    blob = the_blob(data)
    orphan = blob.parent / (blob.name[:2] + "0" * 30)
    orphan.write_bytes(b"nobody's")
    assert check(data) == 0
    assert capsys.readouterr().out.endswith("0 wrong, 1 orphans\n")


def test_the_bytes_are_looked_for_where_serve_kept_them(tmp_path: Path, capsys: Any) -> None:
    daemon = start(tmp_path / "data", "--blobs", str(tmp_path / "elsewhere"))
    daemon.ask("POST", "/api/v1/runs", {"project": "team/vision", "id": "r1"})
    headers = {"Authorization": f"Bearer {(tmp_path / 'data/key').read_text().strip()}"}
    url = f"{daemon.http}/api/v1/runs/r1/files?path=a"
    assert urllib3.request("PUT", url, body=b"text", headers=headers).status == 201
    daemon.stop()
    assert main(["fsck", "--deep", "--data", str(tmp_path / "data")]) == 0
    assert capsys.readouterr().out == "0 wrong, 0 orphans\n"
    again = start(tmp_path / "data")
    url = f"{again.http}/api/v1/runs/r1/files?path=b"
    assert urllib3.request("PUT", url, body=b"more", headers=headers).status == 201
    assert again.stop() == 0
    assert len([path for path in (tmp_path / "elsewhere").glob("??/*") if path.is_file()]) == 2
