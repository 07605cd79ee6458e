"""The life of a file, door by door."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from typing import Any

import pytest

from store.blobs import ANYTHING, Blobs, Expected, Stored
from store.catalog import Catalog, Topic, Transaction, entries, filesets, projects, runs, versions
from store.catalog import blobs as blob_rows
from store.catalog.rows import Run
from store.errors import Absent, Conflict, Mismatch, Refused, Unavailable
from store.uploads import Content, Uploads


async def chunks(*parts: bytes) -> AsyncIterator[bytes]:
    for part in parts:
        yield part


def of(content: bytes) -> Expected:
    return Expected(len(content), hashlib.sha256(content).digest(), hashlib.md5(content).digest())


async def upload(uploads: Uploads, run: Run, path: str, content: bytes) -> Any:
    asked = await uploads.request(run.fileset_id, path, of(content), reads=None)
    if asked.state == "open":
        await uploads.receive(asked.id, None, chunks(content))
    return await uploads.register(asked.id)


async def read(uploads: Uploads, path: str, run: Run) -> bytes | None:
    """The content at a path now, None when there is nothing."""
    listed = await entries.by_path(uploads.catalog.direct, run.fileset_id, path)
    if listed is None or listed.version is None:
        return None
    content = await Content(uploads.catalog.direct, uploads.blobs).read(listed.version.id, 0, 2**30)
    assert len(content) == listed.version.size
    return bytes(content)


async def keys(blobs: Blobs) -> set[str]:
    return {found.key async for found in blobs.keys()}  # noqa: SIM118 - not a dict


async def totals(uploads: Uploads, run: Run) -> tuple[int, int]:
    fileset = await filesets.by_id(uploads.catalog.direct, run.fileset_id)
    assert fileset is not None
    return fileset.files, fileset.bytes


async def test_three_steps(uploads: Uploads, run: Run, told: list[Any]) -> None:
    asked = await uploads.request(
        run.fileset_id, "logs/a.txt", of(b"hello"), reads=None, content_type="text/plain"
    )
    assert (asked.state, asked.path, asked.size) == ("open", "logs/a.txt", 5)
    assert told == []
    stored = await uploads.receive(asked.id, None, chunks(b"hel", b"lo"))
    assert isinstance(stored, Stored)
    assert stored.sha256 == of(b"hello").sha256
    assert await read(uploads, "logs/a.txt", run) is None  # not before it is registered
    assert told == []
    made = await uploads.register(asked.id)
    assert (made.created, made.entry.path, made.version.number, made.version.size) == (
        True,
        "logs/a.txt",
        1,
        5,
    )
    assert made.version.content_type == "text/plain"
    assert (made.version.sha256, made.version.md5) == of(b"hello")[1:]
    assert await read(uploads, "logs/a.txt", run) == b"hello"
    assert await totals(uploads, run) == (1, 5)
    assert {(Topic.RUN, run.id, run.project_id), (Topic.FILESET, run.fileset_id, run.id)} <= set(told)
    assert (Topic.ENTRY, made.entry.id, made.entry.parent_id) in told


async def test_put_is_all_three(uploads: Uploads, run: Run, blobs: Blobs) -> None:
    made = await uploads.put(run.fileset_id, "a", chunks(b"x" * 10), Expected(10))
    assert made.created
    assert await read(uploads, "a", run) == b"x" * 10
    with pytest.raises(Mismatch):
        await uploads.put(run.fileset_id, "b", chunks(b"x" * 10), Expected(9))
    with pytest.raises(Mismatch):
        await uploads.put(run.fileset_id, "b", chunks(b"x" * 10), Expected(11))
    assert await read(uploads, "b", run) is None
    assert len(await keys(blobs)) == 1


async def test_registering_again_gives_the_same(uploads: Uploads, run: Run, told: list[Any]) -> None:
    asked = await uploads.request(run.fileset_id, "a", of(b"1"), reads=None)
    await uploads.receive(asked.id, None, chunks(b"1"))
    first = await uploads.register(asked.id)
    told.clear()
    again = await uploads.register(asked.id)
    assert (again.entry, again.version) == (first.entry, first.version)
    assert (again.created, again.changed) == (False, False)
    assert told == []
    with pytest.raises(Conflict, match="is registered"):
        await uploads.receive(asked.id, None, chunks(b"2"))
    with pytest.raises(Conflict, match="delete the file"):
        await uploads.abort(asked.id)
    await uploads.delete([first.entry.id])
    with pytest.raises(Absent, match="deleted since"):
        await uploads.register(asked.id)


async def test_registering_at_once_from_two_sides(uploads: Uploads, run: Run) -> None:
    asked = await uploads.request(run.fileset_id, "a", of(b"1"), reads=None)
    await uploads.receive(asked.id, None, chunks(b"1"))
    first, second = await asyncio.gather(uploads.register(asked.id), uploads.register(asked.id))
    assert first.version == second.version
    assert [first.created, second.created].count(True) == 1


@pytest.mark.parametrize("sent", [b"hell", b"hello!", b"HELLO", b""])
async def test_lies_store_nothing(uploads: Uploads, run: Run, blobs: Blobs, sent: bytes) -> None:
    asked = await uploads.request(run.fileset_id, "a", of(b"hello"), reads=None)
    with pytest.raises(Mismatch):
        await uploads.receive(asked.id, None, chunks(sent))
    with pytest.raises(Conflict, match="nothing was uploaded"):
        await uploads.register(asked.id)
    assert await keys(blobs) == set()
    await uploads.receive(asked.id, None, chunks(b"hello"))  # the truth may still come
    assert (await uploads.register(asked.id)).created


async def test_without_an_announcement_it_is_measured(uploads: Uploads, run: Run) -> None:
    asked = await uploads.request(run.fileset_id, "a", reads=None)
    await uploads.receive(asked.id, None, chunks(b"any", b"thing"))
    made = await uploads.register(asked.id)
    assert (made.version.size, made.version.sha256, made.version.md5) == of(b"anything")


async def test_put_again(uploads: Uploads, run: Run, blobs: Blobs) -> None:
    asked = await uploads.request(run.fileset_id, "a", reads=None)
    first = await uploads.receive(asked.id, None, chunks(b"one"))
    assert await uploads.receive(asked.id, None, chunks(b"one")) == first
    with pytest.raises(Conflict, match="other bytes"):
        await uploads.receive(asked.id, None, chunks(b"two"))
    assert len(await keys(blobs)) == 1
    await uploads.register(asked.id)
    assert await read(uploads, "a", run) == b"one"


async def test_unknown_and_aborted_uploads(uploads: Uploads, run: Run) -> None:
    with pytest.raises(Absent, match="no such upload"):
        await uploads.receive("no such", None, chunks(b""))
    with pytest.raises(Absent, match="no such upload"):
        await uploads.register("no such")
    asked = await uploads.request(run.fileset_id, "a", reads=None)
    await uploads.abort(asked.id)
    await uploads.abort(asked.id)
    with pytest.raises(Conflict, match="is aborted"):
        await uploads.receive(asked.id, None, chunks(b""))
    with pytest.raises(Conflict, match="is aborted"):
        await uploads.register(asked.id)


@pytest.mark.parametrize("path", ["..", "/etc/passwd", "a//b", ""])
async def test_bad_paths(uploads: Uploads, run: Run, path: str) -> None:
    with pytest.raises(Refused):
        await uploads.request(run.fileset_id, path, reads=None)
    with pytest.raises(Refused):
        await uploads.put(run.fileset_id, path, chunks(b""))


async def test_a_file_is_no_directory(uploads: Uploads, run: Run) -> None:
    late = await uploads.request(run.fileset_id, "a/b/c", reads=None)
    await uploads.receive(late.id, None, chunks(b""))
    await uploads.put(run.fileset_id, "a", chunks(b"1"))
    for path in ("a/b", "a/b/c/d"):
        with pytest.raises(Conflict, match="a is a file"):
            await uploads.request(run.fileset_id, path, reads=None)
    with pytest.raises(Conflict, match="a is a file"):
        await uploads.register(late.id)
    await uploads.put(run.fileset_id, "d/e", chunks(b"1"))
    with pytest.raises(Conflict, match="d is a directory"):
        await uploads.put(run.fileset_id, "d", chunks(b"1"))


async def test_the_run_must_be_there(uploads: Uploads, run: Run, catalog: Catalog) -> None:
    late = await uploads.request(run.fileset_id, "a", reads=None)
    await uploads.receive(late.id, None, chunks(b"1"))
    await catalog.write(lambda tx: runs.delete(tx, run.id))
    with pytest.raises(Conflict, match="aborted"):
        await uploads.register(late.id)
    with pytest.raises(Absent, match="is gone"):
        await uploads.request(run.fileset_id, "a", reads=None)
    with pytest.raises(Absent, match="is gone"):
        await uploads.put(run.fileset_id, "a", chunks(b"1"))
    with pytest.raises(Absent, match="is gone"):
        await uploads.put(99, "a", chunks(b"1"))


async def test_a_new_version(uploads: Uploads, run: Run, told: list[Any]) -> None:
    first = await upload(uploads, run, "a", b"one")
    told.clear()
    second = await upload(uploads, run, "a", b"second")
    assert (second.created, second.changed, second.version.number) == (False, True, 2)
    assert second.entry.id == first.entry.id
    assert second.version.id != first.version.id
    assert second.entry.changed_ns > first.entry.changed_ns
    assert await totals(uploads, run) == (1, 6)
    assert await read(uploads, "a", run) == b"second"
    old = await Content(uploads.catalog.direct, uploads.blobs).read(first.version.id, 0, 99)
    assert bytes(old) == b"one"  # whoever has it open reads on
    assert {(Topic.ENTRY, first.entry.id, 0), (Topic.FILESET, run.fileset_id, run.id)} <= set(told)


async def test_the_same_content_again_is_no_new_version(uploads: Uploads, run: Run, blobs: Blobs) -> None:
    first = await upload(uploads, run, "a", b"one")
    again = await uploads.put(run.fileset_id, "a", chunks(b"one"))
    assert (again.version, again.changed) == (first.version, False)
    other_type = await uploads.put(run.fileset_id, "a", chunks(b"one"), content_type="text/plain")
    assert other_type.version.number == 2
    assert len(await keys(blobs)) == 1


async def test_only_so_many_versions_are_kept(uploads: Uploads, run: Run, told: list[Any]) -> None:
    made = [await upload(uploads, run, "a", str(number).encode()) for number in range(5)]
    kept = await versions.of_entry(uploads.catalog.direct, made[0].entry.id)
    assert [version.number for version in kept] == [5, 4, 3]
    for published in made[:2]:
        assert (Topic.VERSION, published.version.id, published.entry.id) in told
    with pytest.raises(Absent, match="no version 1"):
        await uploads.restore(made[0].entry.id, 1)


async def test_restore(uploads: Uploads, run: Run, blobs: Blobs) -> None:
    first = await upload(uploads, run, "a", b"one")
    await upload(uploads, run, "a", b"second")
    restored = await uploads.restore(first.entry.id, 1)
    assert (restored.version.number, restored.version.sha256) == (3, first.version.sha256)
    assert await read(uploads, "a", run) == b"one"
    assert await totals(uploads, run) == (1, 3)
    assert len(await keys(blobs)) == 2
    assert not (await uploads.restore(first.entry.id, 3)).changed
    with pytest.raises(Absent):
        await uploads.restore(99, 1)


async def test_equal_content_is_stored_once(
    uploads: Uploads, run: Run, blobs: Blobs, catalog: Catalog
) -> None:
    await upload(uploads, run, "a", b"same")
    asked = await uploads.request(
        run.fileset_id, "b", Expected(4), reads=None
    )  # no hash: nothing to know it by
    await uploads.receive(asked.id, None, chunks(b"same"))
    await uploads.register(asked.id)
    await uploads.put(run.fileset_id, "c", chunks(b"same"))
    assert len(await keys(blobs)) == 1
    assert await catalog.direct.all("SELECT count(*) FROM blobs") == [(1,)]
    assert await totals(uploads, run) == (3, 12)


async def test_stored_already_is_told_to_readers_only(uploads: Uploads, run: Run, catalog: Catalog) -> None:
    made = await upload(uploads, run, "a", b"secret")

    async def elsewhere(tx: Transaction) -> Run:
        return await runs.create(tx, (await projects.ensure(tx, "others", "p")).id, "r")

    other = await catalog.write(elsewhere)
    stranger = await uploads.request(other.fileset_id, "a", of(b"secret"), reads=other.project_id)
    assert stranger.state == "open"
    for reads in (None, run.project_id):
        reader = await uploads.request(other.fileset_id, "b", of(b"secret"), reads=reads)
        assert reader.state == "stored"
    with pytest.raises(Mismatch):
        await uploads.receive(reader.id, None, chunks(b"secre!"))
    assert (await uploads.register(reader.id)).created
    await uploads.delete([made.entry.id])
    again = await uploads.request(run.fileset_id, "c", of(b"secret"), reads=run.project_id)
    assert again.state == "open"  # deleted there: not to be read any more


async def test_what_grew_from_nothing_by_one_tail_is_stored_already(uploads: Uploads, run: Run) -> None:
    made = await upload(uploads, run, "a", b"")
    await uploads.append(made.entry.id, 0, chunks(b"one"))
    assert (await uploads.request(run.fileset_id, "b", of(b"one"), reads=run.project_id)).state == "stored"
    await uploads.append(made.entry.id, 3, chunks(b"two"))
    for part in (b"one", b"two", b"onetwo"):  # no version is that, or none is known to be
        asked = await uploads.request(run.fileset_id, "b", of(part), reads=run.project_id)
        assert asked.state == "open"


async def test_empty_files(uploads: Uploads, run: Run, blobs: Blobs) -> None:
    made = await upload(uploads, run, "empty", b"")
    assert (made.version.size, made.version.sha256) == (0, hashlib.sha256(b"").digest())
    assert await read(uploads, "empty", run) == b""
    assert await totals(uploads, run) == (1, 0)
    assert await keys(blobs) == set()
    grown = await uploads.append(made.entry.id, 0, chunks(b"now"))
    assert grown.version is not None
    assert grown.version.size == 3


async def test_append(uploads: Uploads, run: Run, told: list[Any]) -> None:
    made = await upload(uploads, run, "log", b"one\n")
    told.clear()
    grown = await uploads.append(made.entry.id, 4, chunks(b"two", b"\n"), of(b"two\n"))
    assert grown.version is not None
    assert (grown.entry.id, grown.version.id) == (made.entry.id, made.version.id)
    assert (grown.version.size, grown.version.sha256, grown.version.number) == (8, None, 1)
    assert grown.version.changed_ns > made.version.changed_ns
    assert await read(uploads, "log", run) == b"one\ntwo\n"
    assert await totals(uploads, run) == (1, 8)
    assert {(Topic.VERSION, made.version.id, made.entry.id), (Topic.ENTRY, made.entry.id, 0)} <= set(told)
    assert (Topic.RUN, run.id, run.project_id) in told


async def test_append_elsewhere_than_at_the_end(uploads: Uploads, run: Run, blobs: Blobs) -> None:
    made = await upload(uploads, run, "log", b"one\n")
    for offset in (0, 3, 5):
        with pytest.raises(Conflict, match="ends at byte 4"):
            await uploads.append(made.entry.id, offset, chunks(b"x"))
    with pytest.raises(Mismatch):
        await uploads.append(made.entry.id, 4, chunks(b"x"), of(b"y"))
    with pytest.raises(Absent):
        await uploads.append(99, 0, chunks(b"x"))
    results = await asyncio.gather(
        *[uploads.append(made.entry.id, 4, chunks(letter)) for letter in (b"A", b"B", b"C")],
        return_exceptions=True,
    )
    assert [isinstance(result, Conflict) for result in results].count(True) == 2
    assert await read(uploads, "log", run) in (b"one\nA", b"one\nB", b"one\nC")
    assert len(await keys(blobs)) == 2


async def test_an_append_does_not_touch_what_shares_the_content(uploads: Uploads, run: Run) -> None:
    made = await upload(uploads, run, "a", b"same")
    await upload(uploads, run, "b", b"same")
    await uploads.append(made.entry.id, 4, chunks(b"!"))
    assert await read(uploads, "a", run) == b"same!"
    assert await read(uploads, "b", run) == b"same"


async def test_delete(uploads: Uploads, run: Run, told: list[Any]) -> None:
    made = [await upload(uploads, run, path, path.encode()) for path in ("x/y/a", "x/y/b", "c")]
    told.clear()
    gone = await uploads.delete([made[0].entry.id, 99, made[2].entry.id, made[0].entry.id])
    assert [listed.entry.path for listed in gone] == ["x/y/a", "c"]
    assert await totals(uploads, run) == (1, 5)
    assert await entries.by_path(uploads.catalog.direct, run.fileset_id, "x/y/a") is None
    assert await read(uploads, "x/y/b", run) == b"x/y/b"
    for published in (made[0], made[2]):
        retired = await versions.by_id(uploads.catalog.direct, published.version.id)
        assert retired is not None
        assert retired.retired_ns is not None
        assert (Topic.VERSION, published.version.id, published.entry.id) in told
    with pytest.raises(Conflict, match="is a directory"):
        await uploads.delete([made[1].entry.parent_id, made[1].entry.id])
    assert await read(uploads, "x/y/b", run) == b"x/y/b"  # none or all


async def test_the_store_is_looked_at_before_registering(uploads: Uploads, run: Run, blobs: Blobs) -> None:
    asked = await uploads.request(run.fileset_id, "a", reads=None)
    stored = await uploads.receive(asked.id, None, chunks(b"1"))
    assert isinstance(stored, Stored)
    await blobs.delete(stored.key)
    with pytest.raises(Absent, match="not in the store"):
        await uploads.register(asked.id)


async def test_when_the_outcome_is_unknown_nothing_is_dropped(
    uploads: Uploads, run: Run, blobs: Blobs, catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A commit that failed on the disk may still turn out to have happened: then its bytes must be there."""
    write = catalog.write

    async def written_but_unknown(work: Any) -> Any:
        await write(work)
        raise Unavailable("the disk failed")

    monkeypatch.setattr(catalog, "write", written_but_unknown)
    with pytest.raises(Unavailable):
        await uploads.put(run.fileset_id, "a", chunks(b"1"))
    monkeypatch.undo()
    assert await read(uploads, "a", run) == b"1"
    assert uploads.intake.in_flight == set()


async def test_a_client_that_goes_away_leaves_nothing(
    uploads: Uploads, run: Run, blobs: Blobs, tmp_path: Any
) -> None:
    async def breaking() -> AsyncIterator[bytes]:
        yield b"x" * 3_000_000
        raise ConnectionResetError("gone")

    asked = await uploads.request(run.fileset_id, "a", reads=None)
    with pytest.raises(ConnectionResetError):
        await uploads.receive(asked.id, None, breaking())
    assert await keys(blobs) == set()
    assert list((tmp_path / "blobs" / "tmp").glob("*")) == []
    assert uploads.intake.in_flight == set()
    assert await blob_rows.known(uploads.catalog.direct, [asked.blob_key]) == {asked.blob_key}
    assert Expected(None, None, None) == ANYTHING
