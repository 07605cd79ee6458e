import pytest

from store.catalog import Catalog, keys
from store.errors import Absent, Refused


async def test_a_key_is_known_by_its_text_alone(catalog: Catalog, project_id: int) -> None:
    key, text = await catalog.write(lambda tx: keys.create(tx, "laptop", "read", project_id))
    assert text.startswith("runfs_")
    assert len(text) == 6 + 43
    assert (key.name, key.access, key.project_id, key.hint) == ("laptop", "read", project_id, text[-4:])
    assert await keys.by_text(catalog.direct, text) == key
    assert await keys.by_id(catalog.direct, key.id) == key
    for wrong in (text[:-1], text.upper(), "", "\ud800", key.hash.hex()):
        assert await keys.by_text(catalog.direct, wrong) is None


async def test_its_text_is_not_in_the_catalog(catalog: Catalog) -> None:
    _, text = await catalog.write(lambda tx: keys.create(tx, "laptop"))
    (row,) = await catalog.direct.all("SELECT * FROM keys")
    assert text not in [*row]
    assert text.removeprefix("runfs_") not in str(row)


async def test_a_revoked_key_opens_nothing(catalog: Catalog) -> None:
    key, text = await catalog.write(lambda tx: keys.create(tx, "laptop"))
    other, _ = await catalog.write(lambda tx: keys.create(tx, "server", "admin"))
    revoked = await catalog.write(lambda tx: keys.revoke(tx, key.id))
    assert revoked.revoked_ns is not None
    assert (await catalog.write(lambda tx: keys.revoke(tx, key.id))) == revoked
    assert await keys.by_text(catalog.direct, text) is None
    assert await keys.page(catalog.direct, 0, 9) == [revoked, other]
    assert await keys.page(catalog.direct, key.id, 9) == [other]
    assert await keys.count(catalog.direct) == 1
    with pytest.raises(Absent):
        await catalog.write(lambda tx: keys.revoke(tx, 99))


async def test_access_is_one_of_three(catalog: Catalog) -> None:
    with pytest.raises(Refused, match="'root'"):
        await catalog.write(lambda tx: keys.create(tx, "laptop", "root"))


async def test_the_keys_of_one_project(catalog: Catalog, project_id: int) -> None:
    own, _ = await catalog.write(lambda tx: keys.create(tx, "own", "read", project_id))
    await catalog.write(lambda tx: keys.create(tx, "all", "read", None))
    assert await keys.page(catalog.direct, 0, 9, project_id) == [own]
    assert await keys.count(catalog.direct, project_id) == 1
    assert await keys.page(catalog.direct, 0, 9, project_id + 1) == []
