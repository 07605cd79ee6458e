"""Queries for sweeps."""

from store import strict_json
from store.catalog import living, projects, select
from store.catalog.rows import Sweep
from store.catalog.session import Session, Value
from store.catalog.sqlite import Transaction
from store.catalog.topics import Topic
from store.errors import Absent, Conflict, Refused
from store.names import check_name

STATES = ("pending", "running", "paused", "finished", "cancelled", "crashed")
_LIVING = living.by_project("sweeps")


async def by_id(db: Session, sweep_id: int) -> Sweep | None:
    """The sweep of that id, or None."""
    return await select.one(db, Sweep, f"WHERE id = ? AND {_LIVING}", sweep_id)


async def by_name(db: Session, project_id: int, name: str) -> Sweep | None:
    """The sweep of that name, or None."""
    return await select.one(db, Sweep, "WHERE project_id = ? AND name = ?", project_id, name)


async def named(db: Session, name: str) -> list[Sweep]:
    """The sweeps of that name in all projects."""
    return await select.every(db, Sweep, f"WHERE name = ? AND {_LIVING} ORDER BY id", name)


async def page(db: Session, project_id: int, after_id: int, limit: int) -> list[Sweep]:
    """At most `limit` of the project's sweeps with an id above `after_id`, in the order of ids."""
    return await select.every(
        db, Sweep, "WHERE project_id = ? AND id > ? ORDER BY id LIMIT ?", project_id, after_id, limit
    )


async def count(db: Session, project_id: int) -> int:
    """How many there are."""
    return await select.number(db, "SELECT count(*) FROM sweeps WHERE project_id = ?", project_id)


async def create(
    tx: Transaction,
    project_id: int,
    name: str,
    *,
    display_name: str = "",
    method: str = "",
    config: str = "{}",
) -> Sweep:
    """A new sweep, running.

    `config` is JSON text. Errors: Conflict when there is one of that name, Refused.
    """
    check_name(name, "sweep id")
    if await by_name(tx, project_id, name) is not None:
        raise Conflict(f"the project has a sweep {name} already")
    now = tx.now_ns
    sweep_id = await tx.run(
        "INSERT INTO sweeps (project_id, name, display_name, method, config, created_ns, changed_ns,"
        " runs_changed_ns) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        *(project_id, name, display_name, method, config, now, now, now),
    )
    await projects.touch(tx, project_id, Topic.PROJECT_SWEEPS)
    return await _changed(tx, sweep_id)


async def update(tx: Transaction, sweep_id: int, **columns: Value) -> Sweep:
    """Change state, display_name, method or config (JSON text).

    Errors: Absent, Refused for a state there is not.
    """
    for column in columns.keys() - {"state", "display_name", "method", "config"}:
        raise TypeError(f"{column} is not a column that a user writes")
    if "state" in columns and columns["state"] not in STATES:
        raise Refused(f"a sweep is one of {', '.join(STATES)}, not {columns['state']!r}")
    for column, value in columns.items():
        await tx.run(f"UPDATE sweeps SET {column} = ? WHERE id = ?", value, sweep_id)
    return await _changed(tx, sweep_id)


async def delete(tx: Transaction, sweep_id: int) -> None:
    """Delete a sweep; its runs stay, without it. Absent without such a sweep."""
    sweep = await _changed(tx, sweep_id)
    for run_id, project_id in await tx.all(
        "UPDATE runs SET sweep_id = NULL, changed_ns = max(?, changed_ns + 1) WHERE sweep_id = ?"
        " RETURNING id, project_id",
        *(tx.now_ns, sweep_id),
    ):
        tx.changed(Topic.RUN, run_id, project_id)
    await tx.run("DELETE FROM sweeps WHERE id = ?", sweep_id)
    tx.changed(Topic.SWEEP_RUNS, sweep_id, sweep.project_id)
    await projects.touch(tx, sweep.project_id, Topic.PROJECT_SWEEPS)


async def touch(tx: Transaction, sweep_id: int) -> None:
    """A summary of one of its runs is another, so its metadata may be."""
    await _changed(tx, sweep_id)


async def touch_runs(tx: Transaction, sweep_id: int) -> None:
    """A run joined, left or is in another state:

    the sweep's runs/ and its metadata are not what they were.
    """
    await tx.run(
        "UPDATE sweeps SET runs_changed_ns = max(?, runs_changed_ns + 1) WHERE id = ?", tx.now_ns, sweep_id
    )
    sweep = await _changed(tx, sweep_id)
    tx.changed(Topic.SWEEP_RUNS, sweep_id, sweep.project_id)


async def states(db: Session, sweep_id: int) -> dict[str, int]:
    """How many of the sweep's runs are in which state."""
    rows = await db.all("SELECT state, count(*) FROM runs WHERE sweep_id = ? GROUP BY state", sweep_id)
    return dict(sorted(rows))


async def best(db: Session, sweep: Sweep) -> tuple[str, float] | None:
    """The name of the run whose summary is best by the metric of the sweep's config, with its value.

    The config's {"metric": {"name": ..., "goal": "minimize" | "maximize"}} says which; minimize when it does
    not. None without a metric or a run that has it. Of equals, the first.
    """
    config = strict_json.loads(sweep.config)
    metric = config.get("metric") if isinstance(config, dict) else None
    if not isinstance(metric, dict) or not isinstance(metric.get("name"), str):
        return None
    order = "DESC" if metric.get("goal") == "maximize" else "ASC"
    # json_tree and not json_extract: no path syntax to quote a name into. A name with dots may be nested.
    row = await db.one(
        "SELECT runs.name, value.atom FROM runs, json_tree(runs.summary) AS value WHERE runs.sweep_id = ?"
        " AND value.type IN ('integer', 'real') AND (value.fullkey = ? OR value.key = ? AND value.path = '$')"
        f" ORDER BY value.atom {order}, runs.id LIMIT 1",
        *(sweep.id, f"$.{metric['name']}", metric["name"]),
    )
    return None if row is None else (row[0], float(row[1]))


async def _changed(tx: Transaction, sweep_id: int) -> Sweep:
    await tx.run("UPDATE sweeps SET changed_ns = max(?, changed_ns + 1) WHERE id = ?", tx.now_ns, sweep_id)
    sweep = await by_id(tx, sweep_id)
    if sweep is None:
        raise Absent(f"there is no sweep {sweep_id}, or not any more")
    tx.changed(Topic.SWEEP, sweep_id, sweep.project_id)
    return sweep
