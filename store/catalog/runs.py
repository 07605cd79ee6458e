"""Queries for runs, and their life: created, heard of, finished or given up, resumed, deleted."""

from collections.abc import Collection, Mapping
from typing import Any

from store import strict_json
from store.catalog import filesets, living, projects, remains, select, sweeps
from store.catalog.rows import Run
from store.catalog.session import Session, Value
from store.catalog.sqlite import Transaction
from store.catalog.topics import Topic
from store.errors import Absent, Conflict, Refused
from store.names import check_name

ENDED = ("finished", "failed", "crashed", "killed")
_LIVING = living.by_project("runs")


async def by_id(db: Session, run_id: int) -> Run | None:
    """The run of that id, or None."""
    return await select.one(db, Run, f"WHERE id = ? AND {_LIVING}", run_id)


async def by_name(db: Session, project_id: int, name: str) -> Run | None:
    """The run of that name, or None."""
    return await select.one(db, Run, "WHERE project_id = ? AND name = ?", project_id, name)


async def by_fileset(db: Session, fileset_id: int) -> Run | None:
    """The run whose files these are, or None."""
    return await select.one(db, Run, "WHERE fileset_id = ?", fileset_id)


async def named(db: Session, name: str) -> list[Run]:
    """The runs of that name in all projects: a short id alone may be ambiguous."""
    return await select.every(db, Run, f"WHERE name = ? AND {_LIVING} ORDER BY id", name)


async def page(db: Session, project_id: int, after_id: int, limit: int) -> list[Run]:
    """At most `limit` of the project's runs with an id above `after_id`, in the order of ids."""
    return await select.every(
        db, Run, "WHERE project_id = ? AND id > ? ORDER BY id LIMIT ?", project_id, after_id, limit
    )


async def count(db: Session, project_id: int) -> int:
    """How many there are."""
    return await select.number(db, "SELECT count(*) FROM runs WHERE project_id = ?", project_id)


async def in_sweep(db: Session, sweep_id: int, after_id: int, limit: int) -> list[Run]:
    """A page of a sweep's runs."""
    return await select.every(
        db, Run, "WHERE sweep_id = ? AND id > ? ORDER BY id LIMIT ?", sweep_id, after_id, limit
    )


async def in_sweep_by_name(db: Session, sweep_id: int, name: str) -> Run | None:
    """The sweep's run of that name, or None."""
    return await select.one(db, Run, "WHERE sweep_id = ? AND name = ?", sweep_id, name)


async def count_in_sweep(db: Session, sweep_id: int) -> int:
    """How many runs a sweep has."""
    return await select.number(db, "SELECT count(*) FROM runs WHERE sweep_id = ?", sweep_id)


async def create(tx: Transaction, project_id: int, name: str, **columns: Value) -> Run:
    """A new run, running unless `state` says else; `columns` may give whatever `update` may, and sweep_id.

    Errors: Conflict when the project has a run of that name, Refused for a name that is none.
    """
    check_name(name, "run id")
    if await by_name(tx, project_id, name) is not None:
        raise Conflict(f"the project has a run {name} already")
    row: dict[str, Value] = {"display_name": name, "state": "running"}
    row |= columns
    row |= {"project_id": project_id, "name": name, "fileset_id": await filesets.create(tx, project_id)}
    row |= dict.fromkeys(("created_ns", "changed_ns", "names_changed_ns", "heartbeat_ns"), tx.now_ns)
    _check(columns, _WRITABLE | {"sweep_id", "state"})
    run_id = await tx.run(
        f"INSERT INTO runs ({', '.join(row)}) VALUES ({', '.join('?' * len(row))})", *row.values()
    )
    run = await _changed(tx, run_id)
    await projects.touch(tx, project_id, Topic.PROJECT_RUNS)
    await _sweep_changed(tx, run)
    return run


async def update(tx: Transaction, run_id: int, **columns: Value) -> Run:
    """Change columns that a user may write; config, summary and tags are JSON text.

    Absent without such a run.
    """
    _check(columns, _WRITABLE)
    for column, value in columns.items():
        await tx.run(f"UPDATE runs SET {column} = ? WHERE id = ?", value, run_id)
    run = await _changed(tx, run_id)
    if "summary" in columns:
        await _best_changed(tx, run)
    return run


async def merge(
    tx: Transaction,
    run_id: int,
    config: Mapping[str, Any] | None,
    summary: Mapping[str, Any] | None,
    *,
    config_without: Collection[str] = (),
    summary_without: Collection[str] = (),
) -> Run:
    """Set some top-level keys of config and summary, take others away, and leave the rest.

    None is a value like any other. Absent without such a run.
    """
    run = await _present(tx, run_id)
    for column, patch, without, old in (
        ("config", config, config_without, run.config),
        ("summary", summary, summary_without, run.summary),
    ):
        if patch or without:
            kept = {key: value for key, value in strict_json.loads(old).items() if key not in without}
            merged = strict_json.dumps(kept | dict(patch or {}))
            await tx.run(f"UPDATE runs SET {column} = ? WHERE id = ?", merged, run_id)
    run = await _changed(tx, run_id)
    if summary or summary_without:
        await _best_changed(tx, run)
    return run


async def heartbeat(tx: Transaction, run_id: int) -> Run:
    """Its client is alive: renew the lease. A run that was given up for crashed runs again."""
    run = await _present(tx, run_id)
    if run.state in ("crashed", "pending"):
        return await resume(tx, run_id)
    await tx.run("UPDATE runs SET heartbeat_ns = ? WHERE id = ?", tx.now_ns, run_id)
    return await _changed(tx, run_id)


async def resume(tx: Transaction, run_id: int) -> Run:
    """Run again, with all that it has. Absent without such a run."""
    await tx.run(
        "UPDATE runs SET state = 'running', exit_code = NULL, finished_ns = NULL, heartbeat_ns = ?"
        " WHERE id = ?",
        *(tx.now_ns, run_id),
    )
    run = await _changed(tx, run_id)
    await _sweep_changed(tx, run)
    return run


async def finish(tx: Transaction, run_id: int, exit_code: int | None, state: str | None = None) -> Run:
    """End a run: finished with exit code 0 or None, failed with another, unless `state` says else.

    Errors: Absent, Refused for a state that is no end.
    """
    end = state or ("failed" if exit_code else "finished")
    if end not in ENDED:
        raise Refused(f"a run ends as one of {', '.join(ENDED)}, not as {end!r}")
    await tx.run(
        "UPDATE runs SET state = ?, exit_code = ?, finished_ns = ?, heartbeat_ns = ? WHERE id = ?",
        *(end, exit_code, tx.now_ns, tx.now_ns, run_id),
    )
    run = await _changed(tx, run_id)
    await _sweep_changed(tx, run)
    return run


async def crash_silent(tx: Transaction, silent_since_ns: int) -> list[Run]:
    """End as crashed every run whose client was last heard of before that time; gives them."""
    silent = await select.every(
        tx,
        Run,
        f"WHERE state IN ('pending', 'running') AND heartbeat_ns < ? AND {_LIVING} ORDER BY heartbeat_ns",
        silent_since_ns,
    )
    crashed = []
    for run in silent:
        # It ended when it was last heard of, not when we noticed; the heartbeat says when that was.
        await tx.run("UPDATE runs SET state = 'crashed', finished_ns = heartbeat_ns WHERE id = ?", run.id)
        crashed.append(await _changed(tx, run.id))
        await _sweep_changed(tx, run)
    return crashed


async def delete(tx: Transaction, run_id: int) -> None:
    """Delete a run with its lines and files; artifacts that it made stay. Absent without such a run.

    The rows go later (`store.catalog.remains`); the files stay readable by handle for the grace period.
    """
    run = await _present(tx, run_id)
    for artifact in await tx.all(
        "UPDATE artifacts SET run_id = NULL, changed_ns = max(?, changed_ns + 1) WHERE run_id = ?"
        " RETURNING id, collection_id",
        *(tx.now_ns, run_id),
    ):
        tx.changed(Topic.ARTIFACT, *artifact)  # its metadata.json names the run that made it
    await tx.run("DELETE FROM artifact_uses WHERE run_id = ?", run_id)
    await remains.leave_run(tx, run)
    tx.changed(Topic.RUN, run_id, run.project_id)
    tx.changed(Topic.RUN_NAMES, run_id, run.project_id)
    await projects.touch(tx, run.project_id, Topic.PROJECT_RUNS)
    await _sweep_changed(tx, run)


async def _present(db: Session, run_id: int) -> Run:
    run = await by_id(db, run_id)
    if run is None:
        raise Absent(f"there is no run {run_id}, or not any more")
    return run


async def _changed(tx: Transaction, run_id: int) -> Run:
    await tx.run("UPDATE runs SET changed_ns = max(?, changed_ns + 1) WHERE id = ?", tx.now_ns, run_id)
    run = await _present(tx, run_id)
    tx.changed(Topic.RUN, run_id, run.project_id)
    return run


async def _sweep_changed(tx: Transaction, run: Run) -> None:
    """A sweep's metadata counts its runs by state, its runs/ lists them."""
    if run.sweep_id is not None:
        await sweeps.touch_runs(tx, run.sweep_id)


async def _best_changed(tx: Transaction, run: Run) -> None:
    """A sweep's metadata names its best run, by the runs' summaries."""
    if run.sweep_id is not None:
        await sweeps.touch(tx, run.sweep_id)


def _check(columns: Mapping[str, Value], allowed: frozenset[str]) -> None:
    for column in columns.keys() - allowed:
        raise TypeError(f"{column} is not a column that a user writes")


_WRITABLE = frozenset(
    (
        *("display_name", "user", "host", "program", "notes", "group_name", "job_type"),
        *("tags", "config", "summary"),
    )
)
