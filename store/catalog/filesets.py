"""Queries for filesets: the files/ of one run or of one artifact version, with its totals."""

from store.catalog import select
from store.catalog.rows import Fileset
from store.catalog.session import Session


async def by_id(db: Session, fileset_id: int) -> Fileset | None:
    """The fileset of that id, or None."""
    return await select.one(db, Fileset, "WHERE id = ?", fileset_id)
