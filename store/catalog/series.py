"""Numbers out of a run's history for charts: its lines are read in stretches and thinned (thinning.py).

Between two stretches other readers get their turn. 200,000 lines with ten keys take 0.9 s; SQLite's own JSON
functions take 2.3 s for the same.
"""

import asyncio
import json

from store.catalog.lines import HISTORY
from store.catalog.session import Session
from store.catalog.thinning import Points, Thinning, number_names, parsed

STRETCH_LINES = 4000
STRETCH_BYTES = 4 << 20
KEYS_MAX = 100


async def extend(db: Session, run_id: int, into: Thinning, until: int) -> None:
    """Add the lines that are still missing before number `until`."""
    while (start := into.first + into.lines) < until:
        texts = await _stretch(db, run_id, start, min(start + STRETCH_LINES, until))
        if not texts:
            return  # the run was deleted meanwhile
        await asyncio.to_thread(into.add, texts)


async def rough(db: Session, run_id: int, last: int, keys: list[str], most: int) -> Points:
    """At most `most` single lines, evenly spread over those before `last`: to draw before all are read."""
    apart = max(1, -(-last // most))
    numbers = json.dumps(list(range(0, last, apart)))
    rows = await db.all(
        "SELECT text FROM lines WHERE run_id = ? AND stream = ? AND line IN (SELECT value FROM json_each(?))"
        " ORDER BY line",
        *(run_id, HISTORY, numbers),
    )
    thinning = Thinning(keys[:KEYS_MAX], 0, most, 0, apart)
    await asyncio.to_thread(thinning.add, [text for (text,) in rows])
    return thinning.points()


async def points(db: Session, run_id: int, first: int, last: int, keys: list[str], most: int) -> Points:
    """At most `most` points of each key, from the history lines `first` to `last` (exclusive)."""
    thinning = Thinning(keys[:KEYS_MAX], first, most, last - first)
    await extend(db, run_id, thinning, last)
    return thinning.points()


async def keys_in(db: Session, run_id: int, lines: int, looked_at: int = 50) -> list[str]:
    """The names of numbers in the first and the last few lines of a history.

    A number within an object is called "outer.inner"; those in arrays are left out.
    """
    texts = await _stretch(db, run_id, 0, min(looked_at, lines))
    if lines > looked_at:
        texts += await _stretch(db, run_id, max(lines - looked_at, looked_at), lines)
    names = dict.fromkeys(name for document in parsed(texts) for name in number_names(document))
    return list(names)


async def _stretch(db: Session, run_id: int, start: int, end: int) -> list[bytes]:
    """The lines from `start` up to `end`, fewer when they are long, but at least one where there is one."""
    rows = await db.all(
        "SELECT text FROM lines WHERE run_id = ?1 AND stream = ?2 AND line >= ?3 AND line < ?4 AND offset <"
        " (SELECT offset FROM lines WHERE run_id = ?1 AND stream = ?2 AND line = ?3) + ?5 ORDER BY line",
        *(run_id, HISTORY, start, end, STRETCH_BYTES),
    )
    return [text for (text,) in rows]
