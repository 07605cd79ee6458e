"""What time brings. Grace, leases and ages are set so that no test waits."""

import asyncio
import os
import threading
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest

from store.blobs import Blobs, Expected, Found, LocalBlobs, new_key
from store.catalog import Catalog, Session, Topic, Transaction, entries, runs, versions
from store.catalog import blobs as blob_rows
from store.catalog import uploads as upload_rows
from store.catalog.files import Published
from store.catalog.rows import Run
from store.errors import Absent
from store.uploads import Content, Uploads, collect


async def chunks(*parts: bytes) -> AsyncIterator[bytes]:
    for part in parts:
        yield part


async def keys(blobs: Blobs) -> set[str]:
    return {found.key async for found in blobs.keys()}  # noqa: SIM118 - not a dict


async def orphan(blobs: Blobs) -> str:
    writer = await blobs.writer(new_key())
    await writer.write(b"orphan")
    return (await writer.commit()).key


@pytest.fixture
def eager(catalog: Catalog, blobs: Blobs) -> Uploads:
    """Uploads that give no grace."""
    return Uploads(catalog, blobs, grace_s=0, versions_kept=1)


async def test_deleted_bytes_stay_for_the_grace(
    uploads: Uploads, run: Run, blobs: Blobs, told: list[Any]
) -> None:
    made = await uploads.put(run.fileset_id, "a", chunks(b"text"))
    await uploads.delete([made.entry.id])
    assert (await uploads.collect()).versions == 0
    content = Content(uploads.catalog.direct, blobs)
    assert bytes(await content.read(made.version.id, 0, 9)) == b"text"
    told.clear()
    done = await uploads.collect(now=True)
    assert (done.versions, done.blobs, done.bytes) == (1, 1, 4)
    assert told == [(Topic.VERSION, made.version.id, made.entry.id)]
    assert await keys(blobs) == set()
    assert await versions.by_id(uploads.catalog.direct, made.version.id) is None
    assert bytes(await content.read(made.version.id, 0, 9)) == b""


async def test_without_grace_they_go_at_once(eager: Uploads, run: Run, blobs: Blobs) -> None:
    await eager.put(run.fileset_id, "a", chunks(b"one"))
    made = await eager.put(run.fileset_id, "a", chunks(b"two"))
    assert len(await keys(blobs)) == 2
    assert (await eager.collect()).bytes == 3
    await eager.delete([made.entry.id])
    assert (await eager.collect()).bytes == 3
    assert await keys(blobs) == set()
    assert await eager.fsck(deep=True) == []


async def test_what_is_shared_stays(eager: Uploads, run: Run, blobs: Blobs) -> None:
    made = await eager.put(run.fileset_id, "a", chunks(b"same"))
    await eager.put(run.fileset_id, "b", chunks(b"same"))
    await eager.delete([made.entry.id])
    assert (await eager.collect()).blobs == 0
    listed = await entries.by_path(eager.catalog.direct, run.fileset_id, "b")
    assert listed is not None
    assert listed.version is not None
    content = Content(eager.catalog.direct, blobs)
    assert bytes(await content.read(listed.version.id, 0, 9)) == b"same"


async def test_what_an_upload_was_promised_stays(eager: Uploads, run: Run, blobs: Blobs) -> None:
    made = await eager.put(run.fileset_id, "a", chunks(b"same"))
    expected = Expected(4, made.version.sha256)
    promised = await eager.request(run.fileset_id, "b", expected, reads=None)
    assert promised.state == "stored"
    await eager.delete([made.entry.id])
    assert (await eager.collect(now=True)).blobs == 0
    assert (await eager.register(promised.id)).created
    assert await eager.fsck(deep=True) == []


async def test_silent_runs_crash(catalog: Catalog, blobs: Blobs, run: Run) -> None:
    assert (await Uploads(catalog, blobs, lease_s=3600).collect()).crashed == 0
    assert (await Uploads(catalog, blobs, lease_s=0).collect()).crashed == 1
    crashed = await runs.by_id(catalog.direct, run.id)
    assert crashed is not None
    assert crashed.state == "crashed"


async def test_uploads_end(uploads: Uploads, run: Run, blobs: Blobs, catalog: Catalog) -> None:
    asked = [await uploads.request(run.fileset_id, name, reads=None) for name in ("open", "stored", "done")]
    for upload in asked[1:]:
        await uploads.receive(upload.id, None, chunks(upload.path.encode()))
    await uploads.register(asked[2].id)
    parted = await uploads.request(run.fileset_id, "parts", reads=None, part_size=3)
    await uploads.receive(parted.id, 1, chunks(b"abc"))
    assert (await uploads.collect()).uploads == 0
    await catalog.write(lambda tx: tx.run("UPDATE uploads SET expires_ns = 5"))
    assert (await uploads.collect()).uploads == 4
    for upload in (*asked, parted):
        assert await upload_rows.by_id(catalog.direct, upload.id) is None
    with pytest.raises(Absent):
        await uploads.register(asked[1].id)
    assert len(await keys(blobs)) == 1
    assert await uploads.fsck(deep=True) == []
    if isinstance(blobs, LocalBlobs):
        with pytest.raises(Absent):
            await blobs.join(parted.blob_key, parted.blob_key, [])


async def test_orphans_go_when_they_are_old(
    uploads: Uploads, run: Run, blobs: Blobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    key, busy = await orphan(blobs), await orphan(blobs)
    uploads.intake.in_flight.add(busy)
    kept = await uploads.put(run.fileset_id, "a", chunks(b"kept"))
    asked = await uploads.request(run.fileset_id, "b", reads=None)
    await uploads.receive(asked.id, None, chunks(b"stored"))
    assert [finding.kind for finding in await uploads.fsck()] == ["orphan", "orphan"]
    assert (await uploads.collect(now=True)).orphans == 0  # another process may be writing their rows
    monkeypatch.setattr(collect, "ORPHAN_AGE_S", -10)
    assert (await uploads.collect(now=True)).orphans == 1
    assert await blobs.size(key) is None
    assert await blobs.size(busy) is not None
    assert len(await keys(blobs)) == 3
    assert (await uploads.register(asked.id)).created
    assert kept.created


async def test_young_orphans_go_at_once_when_nobody_else_takes_files(
    uploads: Uploads, run: Run, blobs: Blobs
) -> None:
    key = await orphan(blobs)
    asked = await uploads.request(run.fileset_id, "b", reads=None)
    await uploads.receive(asked.id, None, chunks(b"stored"))
    for now, alone in ((False, True), (True, False)):
        assert (await uploads.collect(now, alone)).orphans == 0
    stored = asyncio.Event()
    goes_on = asyncio.Event()

    async def slow() -> AsyncIterator[bytes]:
        yield b"slow"
        stored.set()
        await goes_on.wait()

    putting = asyncio.create_task(uploads.put(run.fileset_id, "a", slow()))
    await stored.wait()
    done = await uploads.collect(now=True, alone=True)
    assert (done.orphans, done.unfinished) == (1, 0)
    assert await blobs.size(key) is None
    goes_on.set()
    await putting
    assert (await uploads.register(asked.id)).created
    assert (await uploads.collect(now=True, alone=True)).orphans == 0
    assert await uploads.fsck(deep=True) == []


async def test_what_begins_to_come_while_the_collector_looks_is_spared(
    uploads: Uploads, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys_in_parts = collect.upload_rows.keys_in_parts
    came, goes_on = asyncio.Event(), asyncio.Event()
    putting: list[asyncio.Task[Published]] = []

    async def large() -> AsyncIterator[bytes]:
        for _ in range(4):  # the first of them are written when the last is asked for
            yield b"x" * (4 << 20)
        came.set()
        await goes_on.wait()

    async def meanwhile(db: Session) -> set[str]:
        putting.append(asyncio.create_task(uploads.put(run.fileset_id, "a", large())))
        await came.wait()
        return await keys_in_parts(db)

    monkeypatch.setattr(collect.upload_rows, "keys_in_parts", meanwhile)
    assert (await uploads.collect(now=True, alone=True)).unfinished == 0
    goes_on.set()
    assert (await putting[0]).created
    assert await uploads.fsck(deep=True) == []


async def test_a_row_that_is_still_queued_keeps_its_blob(
    uploads: Uploads, blobs: Blobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A client went away while its row waited for the writer: nothing is in flight, and the row will come."""
    key = await orphan(blobs)
    looked = threading.Event()
    known, keys_of = collect.blob_rows.known, blobs.keys
    queued: list[asyncio.Task[None]] = []

    async def watched(db: Session, keys: list[str]) -> set[str]:
        found = await known(db, keys)
        looked.set()
        return found

    async def late(tx: Transaction) -> None:
        looked.wait(10)  # holds the writer's thread, as a slow disk would
        await tx.run("INSERT INTO blobs (key, size, sha256, created_ns) VALUES (?, 6, x'00', 1)", key)

    async def keys_then_late() -> AsyncIterator[Found]:
        async for found in keys_of():
            yield found
        queued.append(asyncio.create_task(uploads.catalog.write(late)))
        await asyncio.sleep(0)

    monkeypatch.setattr(collect.blob_rows, "known", watched)
    monkeypatch.setattr(blobs, "keys", keys_then_late)
    assert (await uploads.collect(now=True, alone=True)).orphans == 0
    assert await blobs.size(key) == 6
    assert queued[0].done()


async def test_orphans_are_looked_for_at_the_start_and_then_seldom(
    uploads: Uploads, blobs: Blobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(collect, "ORPHAN_AGE_S", -10)
    await orphan(blobs)
    assert (await uploads.collect()).orphans == 1
    await orphan(blobs)
    assert (await uploads.collect()).orphans == 0
    monkeypatch.setattr(collect, "ORPHANS_EVERY_S", -1)
    assert (await uploads.collect()).orphans == 1


async def test_more_orphans_than_a_batch(
    uploads: Uploads, blobs: Blobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(collect, "ORPHAN_AGE_S", -10)
    monkeypatch.setattr(collect, "BATCH", 2)
    for _ in range(5):
        await orphan(blobs)
    assert (await uploads.collect()).orphans == 5
    assert await keys(blobs) == set()


async def test_more_versions_than_a_batch(
    eager: Uploads, run: Run, blobs: Blobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(collect, "BATCH", 2)
    made = [await eager.put(run.fileset_id, name, chunks(name.encode())) for name in "abcde"]
    await eager.delete([published.entry.id for published in made])
    done = await eager.collect()
    assert (done.versions, done.blobs) == (5, 5)
    assert await keys(blobs) == set()


async def test_dead_writers_leave_nothing(uploads: Uploads, blobs: Blobs, tmp_path: Any) -> None:
    if not isinstance(blobs, LocalBlobs):
        pytest.skip("temporary files are the local store's")
    left = tmp_path / "blobs" / "tmp" / "left"
    left.write_bytes(b"x")
    assert (await uploads.collect(now=True)).unfinished == 0
    os.utime(left, (1, 1))
    assert (await uploads.collect(now=True)).unfinished == 1
    assert not left.exists()


async def test_a_deleted_runs_fileset_goes_in_the_end(eager: Uploads, run: Run, catalog: Catalog) -> None:
    await eager.put(run.fileset_id, "a", chunks(b"1"))
    await catalog.write(lambda tx: runs.delete(tx, run.id))
    await eager.collect(now=True)
    assert await catalog.direct.all("SELECT count(*) FROM filesets") == [(0,)]
    assert await catalog.direct.all("SELECT count(*) FROM versions") == [(0,)]
    assert await blob_rows.by_id(catalog.direct, 1) is None


async def test_files_at_rest_are_merged(uploads: Uploads, run: Run, catalog: Catalog, blobs: Blobs) -> None:
    made = await uploads.put(run.fileset_id, "log", chunks(b"one"))
    await uploads.append(made.entry.id, 3, chunks(b"two"))
    assert (await uploads.collect()).merged == 0
    assert (await uploads.collect(now=True)).merged == 1
    version = await versions.by_id(catalog.direct, made.version.id)
    assert version is not None
    assert version.sha256 is not None
    assert len(await versions.extents(catalog.direct, version.id)) == 1
    assert len(await keys(blobs)) == 1
    assert await uploads.fsck(deep=True) == []


async def test_what_cannot_be_merged_does_not_stop_the_rest(
    uploads: Uploads, run: Run, catalog: Catalog, blobs: Blobs, caplog: pytest.LogCaptureFixture
) -> None:
    for name in ("a", "b"):
        made = await uploads.put(run.fileset_id, name, chunks(name.encode()))
        await uploads.append(made.entry.id, 1, chunks(name.encode() * 2))
    (extent, *_) = await versions.extents(catalog.direct, 1)
    await blobs.delete(extent.key)
    assert (await uploads.collect(now=True)).merged == 1
    assert "could not be merged" in caplog.text


async def test_nothing_falls_due_because_the_clock_was_set(
    uploads: Uploads, run: Run, blobs: Blobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = await uploads.put(run.fileset_id, "a", chunks(b"text"))
    await uploads.delete([made.entry.id])
    asked = await uploads.request(run.fileset_id, "b", reads=None)
    await uploads.receive(asked.id, None, chunks(b"stored"))
    await uploads.collect()
    real = time.time_ns
    monkeypatch.setattr(time, "time_ns", lambda: real() + 24 * 3600 * 10**9)
    uploads._collector._clock._wall_ns = time.time_ns
    done = await uploads.collect()
    assert (done.crashed, done.versions, done.uploads) == (0, 0, 0)
    assert (await uploads.register(asked.id)).created
    assert bytes(await Content(uploads.catalog.direct, blobs).read(made.version.id, 0, 9)) == b"text"
    assert (await uploads.collect(now=True)).versions == 1
