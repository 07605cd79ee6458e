from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from runfs import folder
from runfs.__main__ import main
from runfs.gc import amount
from store.blobs import open_blobs
from store.catalog import Catalog, projects, runs
from store.uploads import Uploads


async def chunks(data: bytes):  # type: ignore[no-untyped-def]
    yield data


async def filled(data: Path) -> None:
    """A data folder where one of two files was deleted."""
    catalog = await Catalog.open(data / "catalog.sqlite3", poll_s=None)
    blobs = open_blobs((data / "blobs").as_uri())
    uploads = Uploads(catalog, blobs)
    project = await catalog.write(lambda tx: projects.ensure(tx, "a", "b"))
    run = await catalog.write(lambda tx: runs.create(tx, project.id, "r1"))
    await uploads.put(run.fileset_id, "kept", chunks(b"kept"))
    gone = await uploads.put(run.fileset_id, "gone", chunks(b"x" * 3000))
    await uploads.delete([gone.entry.id])
    await blobs.close()
    await catalog.close()


def blob_files(data: Path) -> list[Path]:
    return [path for path in (data / "blobs").glob("??/*") if path.is_file()]


@pytest.fixture
async def data(tmp_path: Path) -> Path:
    await filled(tmp_path)
    return tmp_path


def collect(data: Path, *flags: str) -> int:
    return main(["gc", "--data", str(data), *flags])


def test_grace_and_now(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert collect(data) == 0
    assert "versions collected: 0" in capsys.readouterr().out
    assert len(blob_files(data)) == 2
    assert collect(data, "--now") == 0
    shown = capsys.readouterr().out
    assert "versions collected: 1" in shown
    assert "blobs freed: 1 (2.9 KiB)" in shown
    assert [path.read_bytes() for path in blob_files(data)] == [b"kept"]


def test_an_orphan_goes_with_now_unless_another_daemon_may_be_at_work(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    orphan = data / "blobs" / "ab" / ("ab" * 16)
    orphan.write_bytes(b"never registered")
    assert collect(data) == 0
    assert collect(data, "--now", "--catalog", str(data / "catalog.sqlite3")) == 0
    assert orphan.exists()
    capsys.readouterr()
    assert collect(data, "--now") == 0
    assert "orphans removed: 1" in capsys.readouterr().out
    assert not orphan.exists()


def test_a_daemon_that_runs_collects_itself(served: Any, capsys: pytest.CaptureFixture[str]) -> None:
    orphan = served.data / "blobs" / "cd" / ("cd" * 16)
    orphan.write_bytes(b"never registered")
    assert collect(served.data) == 0
    assert orphan.exists()
    capsys.readouterr()
    assert collect(served.data, "--now") == 0
    assert "orphans removed: 1" in capsys.readouterr().out
    assert not orphan.exists()
    assert '"collect"' in (served.data.parent / "audit").read_text()


def test_a_folder_that_is_being_taken_is_left_alone(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    held = folder.lock(data)  # a daemon that starts, and does not answer yet
    assert collect(data, "--now") != 0
    assert "another runfs serves" in capsys.readouterr().err
    os.close(held)


@pytest.mark.parametrize(
    ("size", "text"), [(0, "0 bytes"), (1023, "1023 bytes"), (1536, "1.5 KiB"), (5 << 40, "5.0 TiB")]
)
def test_amounts(size: int, text: str) -> None:
    assert amount(size) == text
