"""Numbers out of a run's history for charts, thinned to as many points as a chart can show.

SQLite reads the JSON, in stretches short enough that other readers get their turn between them. Lines are put
into buckets of equal width; a bucket gives the mean, least and greatest of each key, so a key that is logged
rarely is not lost, and neither is a peak.
"""

import re
from dataclasses import dataclass, field

from store.catalog.lines import HISTORY
from store.catalog.session import Session

STRETCH_LINES = 20_000
KEYS_MAX = 100
STEP_KEY = "_step"  # without it, a line's number is its step
TIME_KEY = "_timestamp"  # seconds since 1970

Numbers = list[float | None]


@dataclass(slots=True)
class Series:
    """A key's values, one a bucket; None where the bucket has none."""

    mean: Numbers = field(default_factory=list)
    least: Numbers = field(default_factory=list)
    greatest: Numbers = field(default_factory=list)


@dataclass(slots=True)
class Points:
    """The buckets that hold anything: where they stand on the axes, and what each key has there."""

    width: int  # lines in a bucket; 1: nothing was thinned
    step: list[float]
    time: Numbers
    series: dict[str, Series]


def is_readable(key: str) -> bool:
    """Whether SQLite can be asked for the key: a JSON path cannot spell these."""
    return '"' not in key and "\\" not in key


def paths_of(key: str) -> list[str]:
    """Where a key may stand in a line: "a.b" is a name with a dot, or b within a."""
    paths = [f'$."{key}"']
    if "." in key:
        paths.append("$" + "".join(f'."{part}"' for part in key.split(".")))
    return paths


async def points(db: Session, run_id: int, first: int, last: int, keys: list[str], most: int) -> Points:
    """At most about `most` points of each key, from the history lines `first` to `last` (exclusive)."""
    keys = [key for key in keys if is_readable(key)][:KEYS_MAX]
    width = max(1, -(-(last - first) // most))
    found = Points(width, [], [], {key: Series() for key in keys})
    stretch = max(1, STRETCH_LINES // width) * width
    where = [paths_of(key) for key in (STEP_KEY, TIME_KEY, *keys)]
    sql = _statement([len(each) for each in where])
    paths = [path for each in where for path in each]
    for start in range(first, last, stretch):
        end = min(start + stretch, last)
        for row in await db.all(sql, *paths, run_id, HISTORY, start, end, first, width):
            _add(found, row, keys)
    return found


async def keys_in(db: Session, run_id: int, lines: int, looked_at: int = 50) -> list[str]:
    """The names of numbers in the first and the last few lines of a history, in order of appearance.

    A number within an object is called "outer.inner"; those in arrays are left out.
    """
    rows = await db.all(
        "SELECT DISTINCT item.fullkey FROM lines, json_tree(CAST(lines.text AS TEXT)) AS item"
        " WHERE run_id = ? AND stream = ? AND (line < ? OR line >= ?) AND item.type IN ('integer', 'real')",
        *(run_id, HISTORY, looked_at, lines - looked_at),
    )
    names = dict.fromkeys(name for (path,) in rows if (name := _name(path)) is not None)
    return [name for name in names if is_readable(name)]


# A path as json_tree spells it: $.plain."with/slash"; a number in brackets is a place in an array.
_PART = re.compile(r'\."([^"]*)"|\.([A-Za-z0-9_]+)')


def _name(path: str) -> str | None:
    """The dotted name for a path; None for one that leads through an array, or that no path can spell."""
    parts, end = [], 1
    for match in _PART.finditer(path, 1):
        if match.start() != end:
            return None
        parts.append(match[2] if match[1] is None else match[1])
        end = match.end()
    return ".".join(parts) if parts and end == len(path) else None


def _add(found: Points, row: tuple[float | None, ...], keys: list[str]) -> None:
    if all(mean is None for mean in row[3::3]):
        return
    line, step, time = row[:3]
    found.step.append(float((line if step is None else step) or 0))
    found.time.append(time)
    for number, key in enumerate(keys):
        series = found.series[key]
        mean, least, greatest = row[3 + 3 * number : 6 + 3 * number]
        series.mean.append(mean)
        series.least.append(least)
        series.greatest.append(greatest)


def _statement(paths: list[int]) -> str:
    """The query for step, time and keys that have so many paths each.

    Its arguments: the paths, then run, stream, start, end, first, width.
    """
    names = [f"k{number}" for number in range(len(paths))]
    at, values = 0, []
    for name, count in zip(names, paths, strict=True):
        reads = [f"json_extract(CAST(text AS TEXT), ?{at + number + 1})" for number in range(count)]
        values.append((f"coalesce({', '.join(reads)})" if count > 1 else reads[0]) + f" AS {name}")
        at += count
    numbers = [f"CASE WHEN typeof({name}) IN ('integer', 'real') THEN {name} END" for name in names]
    wanted = [f"avg({number})" for number in numbers[:2]]
    wanted += [f"{call}({number})" for number in numbers[2:] for call in ("avg", "min", "max")]
    # The limit limits nothing: it keeps SQLite from putting each json_extract into the outer query six times.
    return (
        f"SELECT min(line), {', '.join(wanted)} FROM (SELECT line, {', '.join(values)} FROM lines"
        f" WHERE run_id = ?{at + 1} AND stream = ?{at + 2} AND line >= ?{at + 3} AND line < ?{at + 4}"
        " LIMIT -1)"
        f" GROUP BY (line - ?{at + 5}) / ?{at + 6} ORDER BY 1"
    )
