"""A project's runs sorted on any column over all of them: their own columns, or a value of summary or config.

Values in JSON are compared as SQL does, numbers before texts; runs that lack the value come last either way.
"""

from store.catalog.run_listing import RUNS, RunFilter, RunRow, conditions, run_row
from store.catalog.session import Session, Value

OWN_COLUMNS = {
    "created": "runs.id",  # ids grow with time, and the index has them in order
    "id": "runs.name",
    "name": "CASE runs.display_name WHEN '' THEN runs.name ELSE runs.display_name END COLLATE NOCASE",
    "state": "runs.state",
    "user": "runs.user COLLATE NOCASE",
    "sweep": "sweeps.name",
    "duration": "coalesce(runs.finished_ns, runs.heartbeat_ns) - runs.created_ns",
    "tags": "nullif(runs.tags, '[]')",
    "files": "filesets.files",
    "bytes": "filesets.bytes",
}
_JSON_COLUMNS = {"summary": "runs.summary", "config": "runs.config"}


async def runs(
    db: Session, project_id: int, which: RunFilter, column: str, descending: bool, limit: int, offset: int
) -> list[RunRow]:
    """At most `limit` of a project's runs from an offset on.

    `column` is one of OWN_COLUMNS, or "summary.KEY" or "config.KEY"; any other one means "created".
    """
    key, key_args = _sort_key(column)
    direction = "DESC" if descending else "ASC"
    where, args = conditions(project_id, which)
    rows = await db.all(
        f"{RUNS} WHERE {where} ORDER BY ({key}) IS NULL, {key} {direction}, runs.id DESC LIMIT ? OFFSET ?"
        if column != "created"
        else f"{RUNS} WHERE {where} ORDER BY runs.id {direction} LIMIT ? OFFSET ?",
        *(*args, *key_args, *key_args, limit, offset),
    )
    return [run_row(row) for row in rows]


def _sort_key(column: str) -> tuple[str, list[Value]]:
    if column == "created":
        return OWN_COLUMNS[column], []
    if column in OWN_COLUMNS:
        return OWN_COLUMNS[column], []
    part, _, name = column.partition(".")
    if part not in _JSON_COLUMNS or not name:
        return OWN_COLUMNS["created"], []
    # json_each and not a path: a path cannot spell every key.
    return f"(SELECT value FROM json_each({_JSON_COLUMNS[part]}) AS item WHERE item.key = ?)", [name]
