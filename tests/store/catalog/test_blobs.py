from typing import Any

from store.catalog import Catalog, blobs
from store.catalog.rows import Blob


async def test_look_up(catalog: Catalog) -> None:
    first = await catalog.write(lambda tx: blobs.create(tx, "k1", 3, b"same", b"m"))
    await catalog.write(lambda tx: blobs.create(tx, "k2", 3, b"same", None))
    await catalog.write(lambda tx: blobs.create(tx, "k3", 4, b"same", None))
    db = catalog.direct
    found = await blobs.by_id(db, first)
    assert found is not None
    assert (found.key, found.size, found.sha256, found.md5, found.unused_ns) == ("k1", 3, b"same", b"m", None)
    assert await blobs.by_key(db, "k1") == found
    assert await blobs.by_content(db, b"same", 3) == found
    assert await blobs.by_content(db, b"other", 3) is None
    assert await blobs.by_key(db, "k4") is None


async def visible(
    put: Any, project_id: int, sha256: bytes, *, retired: int | None = None, size: int = 3
) -> int:
    """A blob of 3 bytes, in a version of `size`, in a project."""
    fileset = await put("filesets", project_id=project_id)
    blob = await put("blobs", key=sha256.decode(), size=3, sha256=sha256)
    version = await put("versions", entry_id=blob, fileset_id=fileset, size=size, retired_ns=retired)
    await put("segments", version_id=version, offset=0, size=3, blob_id=blob)
    return int(blob)


async def test_readable_is_what_somebody_may_see(catalog: Catalog, put: Any, project_id: int) -> None:
    other = await put("projects", entity_id=1, name="other")
    ours = await visible(put, project_id, b"ours")
    await visible(put, other, b"theirs")
    await visible(put, project_id, b"retired", retired=5)
    await visible(put, project_id, b"part", size=6)

    async def found(sha256: bytes, project: int | None) -> Blob | None:
        return await blobs.readable(catalog.direct, sha256, 3, project)

    assert (await found(b"ours", project_id) or Blob(0, "", 0, b"", None, 0, None)).id == ours
    assert await found(b"theirs", project_id) is None
    assert await found(b"theirs", None) is not None
    for sha256 in (b"retired", b"part", b"none"):
        assert await found(sha256, None) is None


async def test_a_blob_is_forgotten_when_nothing_holds_it(catalog: Catalog, put: Any, project_id: int) -> None:
    held, loose = [await visible(put, project_id, sha256) for sha256 in (b"held", b"loose")]
    await catalog.write(lambda tx: tx.run("DELETE FROM segments WHERE blob_id = ?", loose))
    await catalog.write(lambda tx: blobs.release(tx, [held, loose]))
    marked = await blobs.by_id(catalog.direct, loose)
    assert marked is not None
    assert marked.unused_ns is not None
    since = marked.unused_ns
    await catalog.write(lambda tx: blobs.release(tx, [loose]))
    assert await blobs.by_id(catalog.direct, loose) == marked  # the time does not move
    assert await catalog.write(lambda tx: blobs.forget_unused(tx, since - 1, 9)) == []
    assert await catalog.write(lambda tx: blobs.forget_unused(tx, since, 9)) == [marked]
    assert await blobs.by_id(catalog.direct, loose) is None
    assert await blobs.by_id(catalog.direct, held) is not None


async def test_a_blob_used_again_stays(catalog: Catalog) -> None:
    blob_id = await catalog.write(lambda tx: blobs.create(tx, "k", 3, b"s", None))
    await catalog.write(lambda tx: blobs.release(tx, [blob_id]))
    used = await catalog.write(lambda tx: blobs.use(tx, b"s", 3))
    assert used is not None
    again = await blobs.by_id(catalog.direct, blob_id)
    assert again is not None
    assert again.unused_ns is None
    assert await catalog.write(lambda tx: blobs.forget_unused(tx, 2**62, 9)) == []
    assert await catalog.write(lambda tx: blobs.use(tx, b"other", 3)) is None


async def test_an_upload_keeps_what_it_refers_to(catalog: Catalog, put: Any, fileset_id: int) -> None:
    blob_id = await catalog.write(lambda tx: blobs.create(tx, "k", 3, b"s", None))
    await catalog.write(lambda tx: blobs.release(tx, [blob_id]))
    row = {"fileset_id": fileset_id, "path": "p", "content_type": "", "created_ns": 1, "expires_ns": 1}
    for key, state in (("k", "stored"), ("u", "open"), ("gone", "aborted")):
        await put("uploads", id=key, blob_key=key, state=state, **row)
    assert await catalog.write(lambda tx: blobs.forget_unused(tx, 2**62, 9)) == []
    assert await blobs.known(catalog.direct, ["k", "u", "gone", "orphan"]) == {"k", "u"}
    await catalog.write(lambda tx: tx.run("UPDATE uploads SET state = 'registered'"))
    assert len(await catalog.write(lambda tx: blobs.forget_unused(tx, 2**62, 9))) == 1
