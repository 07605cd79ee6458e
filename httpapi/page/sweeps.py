"""Sweeps: which there are, and one's runs as a picture and as a table."""

from __future__ import annotations

import json
import math
from typing import Any

from aiohttp import web
from markupsafe import Markup

from httpapi.page import columns, shell
from httpapi.page.parallel import Line, Value, as_svg
from httpapi.page.place import ProjectPlace, project_of, sweep_of
from httpapi.page.preview import tree_html
from httpapi.page.runs import seconds_of
from httpapi.state import STATE
from store.catalog import runs, sweeps
from store.catalog.rows import Run, Sweep

SHOWN_SWEEPS = 500
SHOWN_RUNS = 500
AXES_MAX = 8


@shell.signed_in
async def show_all(request: web.Request) -> web.Response:
    """A project's sweeps, newest first."""
    project = await project_of(request)
    db = request.app[STATE].catalog.read
    found = await sweeps.page(db, project.row.id, 0, SHOWN_SWEEPS)
    rows = [
        (sweep, await sweeps.states(db, sweep.id), await sweeps.best(db, sweep)) for sweep in reversed(found)
    ]
    return shell.render(request, "sweeps.html", project.crumbs, project=project, rows=rows)


@shell.signed_in
async def show(request: web.Request) -> web.Response:
    """One sweep: its runs over the parameters that differ, coloured by the metric."""
    project, sweep = await sweep_of(request)
    db = request.app[STATE].catalog.read
    found = await runs.in_sweep(db, sweep.id, 0, SHOWN_RUNS)
    metric = request.query.get("metric") or metric_of(sweep) or _first_metric(found)
    parameters = differing(found)
    axes = [*parameters, metric] if metric else parameters
    lines = [_line(project, run, parameters, metric) for run in found]
    address = project.address + shell.address("sweeps", sweep.name)
    return shell.render(
        request,
        "sweep_part.html" if shell.is_part(request) else "sweep.html",
        [*project.crumbs, (sweep.display_name or sweep.name, address)],
        project=project,
        sweep=sweep,
        picture=Markup(as_svg(axes, lines)) if len(axes) > 1 and lines else None,
        config=Markup(tree_html(json.loads(sweep.config))),
        parameters=parameters,
        metric=metric,
        metrics=_metrics(found),
        rows=_ranked(found, metric, sweep),
        total=await runs.count_in_sweep(db, sweep.id),
        cell=columns.cell,
        seconds=seconds_of,
    )


def metric_of(sweep: Sweep) -> str:
    """The name of the metric that the sweep's config asks for; "" without one."""
    config = json.loads(sweep.config)
    metric = config.get("metric") if isinstance(config, dict) else None
    name = metric.get("name") if isinstance(metric, dict) else None
    return name if isinstance(name, str) else ""


def differing(found: list[Run]) -> list[str]:
    """The config keys with plain values that are not the same in all of these runs."""
    values: dict[str, set[str]] = {}
    for run in found:
        for key, value in columns.document(run, "config").items():
            if not isinstance(value, dict | list):
                values.setdefault(key, set()).add(json.dumps(value))
    return [key for key, seen in values.items() if len(seen) > 1][: AXES_MAX - 1]


def _metrics(found: list[Run]) -> list[str]:
    names: dict[str, None] = {}
    for run in found:
        for key, value in columns.document(run, "summary").items():
            if _number(value) is not None and not key.startswith("_"):
                names[key] = None
    return list(names)


def _first_metric(found: list[Run]) -> str:
    return next(iter(_metrics(found)), "")


def _ranked(found: list[Run], metric: str, sweep: Sweep) -> list[Run]:
    """The runs from best to worst by the metric; those without it last."""
    config = json.loads(sweep.config)
    goal = config.get("metric", {}) if isinstance(config, dict) else {}
    sign = -1 if isinstance(goal, dict) and goal.get("goal") == "maximize" else 1

    def rank(run: Run) -> tuple[bool, float]:
        value = _number(columns.cell(run, f"summary.{metric}"))
        return value is None, sign * (value or 0.0)

    return sorted(found, key=rank)


def _line(project: ProjectPlace, run: Run, parameters: list[str], metric: str) -> Line:
    values: list[Value] = [_plain(columns.cell(run, f"config.{key}")) for key in parameters]
    if metric:
        values.append(_number(columns.cell(run, f"summary.{metric}")))
    return Line(run.display_name or run.name, project.address + shell.address("runs", run.name), values)


def _plain(value: Any) -> Value:
    if value is None or isinstance(value, dict | list):
        return None
    if isinstance(value, bool):
        return str(value).lower()
    return _number(value) if isinstance(value, int | float) else str(value)


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return float(value)
