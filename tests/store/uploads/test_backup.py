from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from store.blobs import LocalBlobs
from store.catalog import Catalog, entries, projects, runs
from store.errors import Refused
from store.uploads import Uploads
from store.uploads.backup import back_up


async def chunks(data: bytes) -> AsyncIterator[bytes]:
    yield data


class Original:
    """A store with one run, and what a backup is made of."""

    async def open(self, folder: Path) -> None:
        self.path = folder / "catalog.sqlite3"
        self.catalog = await Catalog.open(self.path, poll_s=None)
        self.blobs = LocalBlobs(folder / "blobs")
        self.uploads = Uploads(self.catalog, self.blobs, grace_s=0.0)

    async def save(self, path: str, data: bytes) -> int:
        project = await self.catalog.write(lambda tx: projects.ensure(tx, "a", "b"))
        run = await runs.by_name(self.catalog.direct, project.id, "r")
        if run is None:
            run = await self.catalog.write(lambda tx: runs.create(tx, project.id, "r"))
        return (await self.uploads.put(run.fileset_id, path, chunks(data))).entry.id

    async def close(self) -> None:
        await self.blobs.close()
        await self.catalog.close()


@pytest.fixture
async def original(tmp_path: Path) -> AsyncIterator[Original]:
    for name in ("data", "other", "backup"):
        (tmp_path / name).mkdir()
    opened = Original()
    await opened.open(tmp_path / "data")
    yield opened
    await opened.close()


async def files(folder: Path) -> dict[str, bytes]:
    """What a backup holds, checked deeply."""
    restored = Original()
    await restored.open(folder)
    assert await restored.uploads.fsck(deep=True) == []
    rows = await restored.catalog.direct.all(
        "SELECT e.path, b.key FROM entries e LEFT JOIN segments s ON s.version_id = e.version_id"
        " JOIN blobs b ON b.id = s.blob_id"
    )
    found = {path: await restored.blobs.read(key, 0, 1 << 20) for path, key in rows}
    await restored.close()
    return found


async def test_a_second_backup_copies_only_what_is_new(original: Original, tmp_path: Path) -> None:
    target = tmp_path / "backup"
    first = await original.save("first", b"1" * 1000)
    await original.save("second", b"2" * 3_000_000)
    done = await back_up(original.path, original.blobs, target)
    assert (done.blobs, done.bytes, done.lost) == (2, 3_001_000, [])

    await original.save("third", b"3")
    await original.uploads.delete([first])
    await original.uploads.collect(now=True)
    done = await back_up(original.path, original.blobs, target)
    assert (done.blobs, done.bytes, done.removed, done.lost) == (1, 1, 1, [])
    assert (await files(target)).keys() == {"second", "third"}


async def test_blobs_that_are_collected_meanwhile(original: Original, tmp_path: Path) -> None:
    """The copied catalog names a blob that is gone when its turn comes: a later copy does not."""
    goes = await original.save("goes", b"goes")
    await original.save("stays", b"stays")

    class Meanwhile(LocalBlobs):
        turns = 0

        async def read(self, key: str, offset: int, count: int, size: int | None = None) -> bytes:
            self.turns += 1
            if self.turns == 1:
                await original.uploads.delete([goes])
                await original.uploads.collect(now=True)
                await original.save("comes", b"comes")
            return await super().read(key, offset, count, size)

    target = tmp_path / "backup"
    blobs = Meanwhile(tmp_path / "data" / "blobs")
    done = await back_up(original.path, blobs, target)
    await blobs.close()
    assert done.lost == []
    assert await entries.by_id(original.catalog.direct, goes) is None
    found = await files(target)
    assert found["stays"] == b"stays"
    assert found.keys() >= {"stays"}


@pytest.mark.parametrize("harm", ["damaged", "missing"])
async def test_what_the_store_has_lost_is_named_and_the_rest_copied(
    original: Original, tmp_path: Path, harm: str
) -> None:
    await original.save("whole", b"whole")
    await original.save("harmed", b"harmed")
    [(key,)] = await original.catalog.direct.all("SELECT key FROM blobs WHERE size = 6")
    path = original.blobs.path(key)
    assert path is not None
    if harm == "missing":
        path.unlink()
    else:
        path.write_bytes(b"hArmed")
    target = tmp_path / "backup"
    done = await back_up(original.path, original.blobs, target)
    assert (done.blobs, done.lost) == (1, [key])


async def test_a_backup_that_breaks_off_leaves_the_one_before(original: Original, tmp_path: Path) -> None:
    first = await original.save("first", b"first")
    target = tmp_path / "backup"
    await back_up(original.path, original.blobs, target)
    await original.uploads.delete([first])
    await original.uploads.collect(now=True)
    await original.save("second", b"second")

    class Broken(LocalBlobs):
        async def read(self, key: str, offset: int, count: int, size: int | None = None) -> bytes:
            raise KeyboardInterrupt

    blobs = Broken(tmp_path / "data" / "blobs")
    with pytest.raises(KeyboardInterrupt):
        await back_up(original.path, blobs, target)
    await blobs.close()
    assert await files(target) == {"first": b"first"}


async def test_other_folders_are_left_alone(original: Original, tmp_path: Path) -> None:
    other = Original()
    await other.open(tmp_path / "other")
    await other.close()
    with pytest.raises(Refused, match="holds another catalog"):
        await back_up(original.path, original.blobs, tmp_path / "other")
    with pytest.raises(Refused, match="where the catalog itself is"):
        await back_up(original.path, original.blobs, tmp_path / "data")
