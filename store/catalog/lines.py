"""Queries for the lines of a run's history and console, which history.jsonl and output.log are made of."""

from store.catalog.session import Session

HISTORY = 0
CONSOLE = 1


async def read(db: Session, run_id: int, stream: int, offset: int, count: int) -> bytes:
    """At most `count` bytes of history.jsonl or output.log from `offset` on; fewer only at the end."""
    rows = await db.all(
        "SELECT offset, text FROM lines WHERE run_id = ? AND stream = ? AND offset < ? AND offset >="
        " coalesce((SELECT max(offset) FROM lines WHERE run_id = ? AND stream = ? AND offset <= ?), 0)"
        " ORDER BY offset",
        *(run_id, stream, min(offset + count, _OFFSET_MAX), run_id, stream, min(offset, _OFFSET_MAX)),
    )
    if not rows:
        return b""
    begin = offset - int(rows[0][0])
    return b"".join(text for _, text in rows)[begin : begin + count]


async def page(db: Session, run_id: int, stream: int, first_line: int, limit: int) -> list[bytes]:
    """At most `limit` lines from number `first_line` (from 0) on, each with its newline."""
    rows = await db.all(
        "SELECT text FROM lines WHERE run_id = ? AND stream = ? AND line >= ? ORDER BY line LIMIT ?",
        *(run_id, stream, first_line, limit),
    )
    return [text for (text,) in rows]


_OFFSET_MAX = 2**63 - 1  # what an SQL integer holds; NFS offsets go to 2**64
