from store.catalog import Catalog, uploads
from store.catalog.rows import Part, Upload

ROW = Upload("u", 1, None, "a", "t", None, None, None, "open", "k", None, None, None, None, None, None, 1, 2)


async def states(catalog: Catalog) -> dict[str, str]:
    return dict(await catalog.direct.all("SELECT id, state FROM uploads"))


async def test_rows_come_back(catalog: Catalog, fileset_id: int) -> None:
    row = ROW._replace(fileset_id=fileset_id)
    await catalog.write(lambda tx: uploads.create(tx, row))
    assert await uploads.by_id(catalog.direct, "u") == row
    assert await uploads.by_id(catalog.direct, "v") is None
    await catalog.write(lambda tx: uploads.update(tx, "u", state="stored", stored_size=5))
    assert await uploads.by_id(catalog.direct, "u") == row._replace(state="stored", stored_size=5)


async def test_parts_by_number_the_last_one_counts(catalog: Catalog, fileset_id: int) -> None:
    await catalog.write(lambda tx: uploads.create(tx, ROW._replace(fileset_id=fileset_id)))
    for part in (Part("u", 2, 5, "x"), Part("u", 1, 5, "y"), Part("u", 2, 6, "z")):
        await catalog.write(lambda tx, part=part: uploads.put_part(tx, part))
    assert await uploads.parts(catalog.direct, "u") == [Part("u", 1, 5, "y"), Part("u", 2, 6, "z")]
    await catalog.write(lambda tx: uploads.forget(tx, ["u"]))
    assert await uploads.parts(catalog.direct, "u") == []
    assert await states(catalog) == {}


async def test_uploads_expire(catalog: Catalog, fileset_id: int) -> None:
    for name, state, expires in (
        ("old", "open", 5),
        ("stored", "stored", 5),
        ("done", "registered", 5),
        ("new", "open", 2**62),
    ):
        row = ROW._replace(id=name, fileset_id=fileset_id, state=state, expires_ns=expires)
        await catalog.write(lambda tx, row=row: uploads.create(tx, row))
    assert await catalog.write(lambda tx: uploads.expire(tx, tx.now_ns, 1)) == 1
    assert await catalog.write(lambda tx: uploads.expire(tx, tx.now_ns, 9)) == 1
    assert await states(catalog) == {
        "old": "aborted",
        "stored": "aborted",
        "done": "registered",
        "new": "open",
    }
    assert {row.id for row in await uploads.ended(catalog.direct, 5, 9)} == {"old", "stored"}
    assert {row.id for row in await uploads.ended(catalog.direct, 6, 9)} == {"old", "stored", "done"}
    assert len(await uploads.ended(catalog.direct, 6, 1)) == 1


async def test_only_the_same_question_is_resumed(catalog: Catalog, fileset_id: int) -> None:
    asked = (fileset_id, 7, "a", 9, b"s", None)
    row = ROW._replace(fileset_id=fileset_id, key_id=7, path="a", size=9, sha256=b"s", part_size=4)
    await catalog.write(lambda tx: uploads.create(tx, row))
    assert await uploads.resumable(catalog.direct, *asked) == row
    for place, other in ((0, 99), (1, 8), (1, None), (2, "b"), (3, 8), (4, b"t"), (4, None), (5, b"m")):
        changed = (*asked[:place], other, *asked[place + 1 :])
        assert await uploads.resumable(catalog.direct, *changed) is None, changed  # type: ignore[arg-type]
    for over in ({"state": "aborted"}, {"state": "open", "part_size": None}):
        await catalog.write(lambda tx, over=over: uploads.update(tx, "u", **over))
        assert await uploads.resumable(catalog.direct, *asked) is None
