import asyncio
import stat
from pathlib import Path

import pytest

from store.catalog.sqlite import Database
from store.errors import Refused, Unavailable


def test_a_new_file_is_private_and_survives_power_cuts(tmp_path: Path) -> None:
    path = tmp_path / "catalog.sqlite"
    database = Database.open(path)
    for file in tmp_path.iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600, file
    assert database._writer.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert database._writer.execute("PRAGMA synchronous").fetchone() == (
        2,
    )  # FULL: NORMAL loses acknowledged rows
    assert database._writer.execute("PRAGMA foreign_keys").fetchone() == (1,)
    asyncio.run(database.close())


async def test_identity_is_drawn_once(tmp_path: Path) -> None:
    first = Database.open(tmp_path / "a")
    again = Database.open(tmp_path / "a")
    other = Database.open(tmp_path / "b")
    assert 0 < first.id < 2**63
    assert len(first.secret) == 32
    assert (first.id, first.secret) == (again.id, again.secret)
    assert first.id != other.id
    assert first.secret != other.secret
    for database in (first, again, other):
        await database.close()


async def test_a_name_that_a_uri_would_take_apart(tmp_path: Path) -> None:
    database = Database.open(tmp_path / "what?mode=memory#%41")
    await database.close()
    assert (tmp_path / "what?mode=memory#%41").stat().st_size > 0


def test_a_file_that_is_no_catalog_is_refused(tmp_path: Path) -> None:
    (tmp_path / "c").write_bytes(b"plain text, but long enough to be looked at" * 50)
    with pytest.raises(Refused, match="not a runfs catalog"):
        Database.open(tmp_path / "c")


def test_a_folder_that_is_missing_is_told(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="cannot open"):
        Database.open(tmp_path / "missing" / "c")


@pytest.mark.parametrize("kept", [50, 4096, 40_000])
def test_a_catalog_that_was_cut_is_named(tmp_path: Path, kept: int) -> None:
    path = tmp_path / "catalog"
    database = Database.open(path)
    asyncio.run(database.close())
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(Refused, match=r"catalog .* is damaged .*: restore a backup|is not a runfs catalog"):
        Database.open(path)
