"""Queries for the lines of a run's history and console, which history.jsonl and output.log are made of."""

import json
from collections.abc import Sequence

from store.catalog import runs, select
from store.catalog.rows import Run
from store.catalog.session import Session
from store.catalog.sqlite import Transaction
from store.catalog.topics import Topic
from store.errors import Absent, Conflict, NoSpace, Refused

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


async def sample(db: Session, run_id: int, stream: int, count: int, points: int) -> list[bytes]:
    """At most `points` of the stream's first `count` lines, evenly spread; the last of them is among them."""
    if count <= points:
        return await page(db, run_id, stream, 0, count)
    numbers = [(number + 1) * count // points - 1 for number in range(points)]
    rows = await db.all(
        "SELECT text FROM lines WHERE run_id = ? AND stream = ?"
        " AND line IN (SELECT value FROM json_each(?)) ORDER BY line",
        *(run_id, stream, json.dumps(numbers)),
    )
    return [text for (text,) in rows]


async def append(
    tx: Transaction, run_id: int, stream: int, first_line: int, lines: Sequence[bytes], rewrite: bool = False
) -> Run:
    """Write lines, the first of which has number `first_line`; the same ones sent again change nothing.

    A line may not hold a newline: each gets one. With `rewrite` a line that is there already may be given
    another text (a console's progress bar), and what comes after it moves. Errors: Absent, Conflict for a gap
    or, without `rewrite`, for another text; Refused for a newline; NoSpace.
    """
    run = await runs.by_id(tx, run_id)
    if run is None:
        raise Absent(f"there is no run {run_id}, or not any more")
    if stream == CONSOLE:
        count, size = run.console_lines, run.console_bytes
    else:
        count, size = run.history_lines, run.history_bytes
    if first_line > count:
        raise Conflict(f"line {first_line} would leave a gap: the next line is {count}")
    if any(b"\n" in line for line in lines):
        raise Refused("a line may not have a newline in it")
    texts = [line + b"\n" for line in lines]
    known = await page(tx, run_id, stream, first_line, len(texts))
    other = [number for number, (was, text) in enumerate(zip(known, texts, strict=False)) if was != text]
    if other and not rewrite:
        raise Conflict(f"line {first_line + other[0]} is there already, with another text")
    if not other and len(known) == len(texts):
        return run
    if tx.scarce:
        raise NoSpace("the disk that holds the catalog is nearly full; no line was written: free some space")
    if other:
        await tx.many(
            "UPDATE lines SET text = ? WHERE run_id = ? AND stream = ? AND line = ?",
            [(texts[number], run_id, stream, first_line + number) for number in other],
        )
        size = await _place(tx, run_id, stream, first_line + other[0])
    fresh = []
    for number, text in enumerate(texts[len(known) :], count):
        fresh.append((run_id, stream, number, size, text))
        size += len(text)
    await tx.many("INSERT INTO lines (run_id, stream, line, offset, text) VALUES (?, ?, ?, ?, ?)", fresh)
    return await _written(tx, run, stream, count + len(fresh), size)


async def drop(tx: Transaction, run_id: int, limit: int) -> int:
    """Drop at most `limit` lines of a run that is going; how many went."""
    gone = await tx.all(
        "DELETE FROM lines WHERE run_id = ? AND (stream, line) IN"
        " (SELECT stream, line FROM lines WHERE run_id = ? LIMIT ?) RETURNING line",
        *(run_id, run_id, limit),
    )
    return len(gone)


async def _place(tx: Transaction, run_id: int, stream: int, first_line: int) -> int:
    """Compute the offsets anew of the lines after `first_line`, whose own is right; gives the end's."""
    rows = await tx.all(
        "SELECT line, offset, length(text) FROM lines WHERE run_id = ? AND stream = ? AND line >= ?"
        " ORDER BY line",
        *(run_id, stream, first_line),
    )
    end: int = rows[0][1]
    moved = []
    for line, offset, size in rows:
        if offset != end:
            moved.append((end, run_id, stream, line))
        end += size
    await tx.many("UPDATE lines SET offset = ? WHERE run_id = ? AND stream = ? AND line = ?", moved)
    return end


async def _written(tx: Transaction, run: Run, stream: int, count: int, size: int) -> Run:
    kind = "console" if stream == CONSOLE else "history"
    await tx.run(
        f"UPDATE runs SET {kind}_lines = ?, {kind}_bytes = ?, heartbeat_ns = ?,"
        f" {kind}_changed_ns = max(?, coalesce({kind}_changed_ns, 0) + 1),"
        " changed_ns = max(?, changed_ns + 1) WHERE id = ?",
        *(count, size, tx.now_ns, tx.now_ns, tx.now_ns, run.id),
    )
    appeared = run.console_changed_ns is None if stream == CONSOLE else run.history_changed_ns is None
    if appeared:
        await tx.run(
            "UPDATE runs SET names_changed_ns = max(?, names_changed_ns + 1) WHERE id = ?", tx.now_ns, run.id
        )
        tx.changed(Topic.RUN_NAMES, run.id, run.project_id)
    tx.changed(Topic.CONSOLE if stream == CONSOLE else Topic.HISTORY, run.id, run.project_id)
    tx.changed(Topic.RUN, run.id, run.project_id)
    return (await select.every(tx, Run, "WHERE id = ?", run.id))[0]


_OFFSET_MAX = 2**63 - 1  # what an SQL integer holds; NFS offsets go to 2**64
