"""Typed SELECTs: rows of one table as its row type, so that no query module lists columns."""

from typing import Any, TypeVar

from store.catalog.rows import TABLES
from store.catalog.session import Session, Value

R = TypeVar("R", bound=tuple[Any, ...])


def columns(of: type[tuple[Any, ...]], table: str | None = None) -> str:
    """The columns of a row type, qualified with its table's name (or another one) for use in a join."""
    fields: tuple[str, ...] = of._fields  # type: ignore[attr-defined]
    return ", ".join(f'{table or TABLES[of]}."{field}"' for field in fields)


_SELECT = {of: f"SELECT {columns(of)} FROM {table} " for of, table in TABLES.items()}


async def one(db: Session, of: type[R], clause: str, *args: Value) -> R | None:
    """The first row that the clause ("WHERE id = ?", joins too) lets through, or None."""
    row = await db.one(_SELECT[of] + clause, *args)
    return None if row is None else of._make(row)  # type: ignore[attr-defined]


async def every(db: Session, of: type[R], clause: str, *args: Value) -> list[R]:
    """All rows that the clause lets through, in the clause's order."""
    return list(map(of._make, await db.all(_SELECT[of] + clause, *args)))  # type: ignore[attr-defined]


async def number(db: Session, sql: str, *args: Value) -> int:
    """The single number that a query like SELECT count(*) gives; 0 for NULL or no row."""
    row = await db.one(sql, *args)
    return int(row[0] or 0) if row is not None else 0
