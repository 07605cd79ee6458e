from store.catalog import Catalog
from store.catalog.rows import TABLES, Entry, Fileset


async def test_fields_are_the_columns_in_their_order(catalog: Catalog) -> None:
    for of, table in TABLES.items():
        columns = [name for _, name, *_ in await catalog.direct.all(f"PRAGMA table_info({table})")]
        assert columns == list(of._fields), table  # type: ignore[attr-defined]


async def test_every_table_has_a_row_type(catalog: Catalog) -> None:
    rows = await catalog.direct.all(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'"
    )
    assert {name for (name,) in rows} - set(TABLES.values()) == {"catalog", "artifact_uses"}


def test_derived_properties() -> None:
    file = Entry(1, 1, 0, "a", "a", 7, 0, "", "[]", 1, 1)
    assert not file.is_directory
    assert file._replace(version_id=None).is_directory
    open_fileset = Fileset(1, 1, 0, 0, 0, None, 1, 1)
    assert not open_fileset.sealed
    assert open_fileset._replace(sealed_ns=5).sealed
