"""metadata.json: what the catalog knows of a run, a sweep or an artifact version, as a person reads it.

Strict JSON with sorted keys, two spaces of indentation and a final newline, in UTF-8. Numbers that JSON has
not are the strings "NaN", "Infinity" and "-Infinity", as the store keeps them. Times are UTC, to the
microsecond, as in RFC 3339.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from store.catalog.rows import Artifact, Fileset, Run, Sweep

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def of_run(run: Run, project: str, sweep: str | None, files: Fileset | None) -> bytes:
    """A run's document; `project` is ENTITY/PROJECT, `sweep` the name of its sweep."""
    return _text(
        {
            "bytes": files.bytes if files else 0,
            "config": json.loads(run.config),
            "console_lines": run.console_lines,
            "created_at": time_text(run.created_ns),
            "display_name": run.display_name,
            "exit_code": run.exit_code,
            "files": files.files if files else 0,
            "finished_at": time_text(run.finished_ns),
            "group": run.group_name,
            "heartbeat_at": time_text(run.heartbeat_ns),
            "history_lines": run.history_lines,
            "host": run.host,
            "id": run.name,
            "job_type": run.job_type,
            "name": run.name,
            "notes": run.notes,
            "path": f"{project}/{run.name}",
            "program": run.program,
            "project": project,
            "state": run.state,
            "summary": json.loads(run.summary),
            "sweep": sweep,
            "tags": json.loads(run.tags),
            "updated_at": time_text(run.changed_ns),
            "user": run.user,
        }
    )


def of_sweep(sweep: Sweep, project: str, states: Mapping[str, int], best: tuple[str, float] | None) -> bytes:
    """A sweep's document; `states` counts its runs by state, `best` is the best run's name and metric."""
    return _text(
        {
            "best_run": {"run": best[0], "value": best[1]} if best else None,
            "config": json.loads(sweep.config),
            "created_at": time_text(sweep.created_ns),
            "display_name": sweep.display_name,
            "id": sweep.name,
            "method": sweep.method,
            "name": sweep.name,
            "project": project,
            "run_states": dict(states),
            "runs": sum(states.values()),
            "state": sweep.state,
            "updated_at": time_text(sweep.changed_ns),
        }
    )


def of_artifact(
    artifact: Artifact,
    type_name: str,
    collection: str,
    aliases: Sequence[str],
    run: str | None,
    files: Fileset | None,
) -> bytes:
    """An artifact version's document; `run` is the name of the run that produced it."""
    return _text(
        {
            "aliases": list(aliases),
            "bytes": files.bytes if files else 0,
            "collection": collection,
            "created_at": time_text(artifact.created_ns),
            "description": artifact.description,
            "digest": artifact.digest,
            "files": files.files if files else 0,
            "id": artifact.id,
            "metadata": json.loads(artifact.metadata),
            "run": run,
            "state": artifact.state,
            "type": type_name,
            "updated_at": time_text(artifact.changed_ns),
            "version": f"v{artifact.number}",
        }
    )


def time_text(time_ns: int | None) -> str | None:
    """2026-11-22T16:04:05.123456Z for nanoseconds since 1970; None for None."""
    if time_ns is None:
        return None
    moment = _EPOCH + timedelta(microseconds=time_ns // 1000)
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")


def _text(document: dict[str, Any]) -> bytes:
    try:
        text = json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False)
    except RecursionError:  # indentation is written in Python, a call a level; without it C goes deeper
        text = json.dumps(document, sort_keys=True, ensure_ascii=False, allow_nan=False)
    return text.encode("utf-8", "backslashreplace") + b"\n"
