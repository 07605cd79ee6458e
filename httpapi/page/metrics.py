"""A run's metrics: charts of its history, with other runs laid over it."""

from __future__ import annotations

import asyncio
import json

from aiohttp import web

from httpapi.page import columns, shell
from httpapi.page.kept import Kept
from httpapi.page.place import RunPlace, run_in, run_of
from httpapi.problems import Problem
from httpapi.state import STATE
from store.catalog import run_listing, series
from store.catalog.run_listing import RunFilter
from store.catalog.thinning import STEP_KEY, TIME_KEY, Thinning

COMPARED_MAX = 20
OFFERED_MAX = 30
POINTS_MAX = 2000
ROUGH_FROM_LINES = 20_000  # fewer are read whole in a tenth of a second
ROUGH_BYTES = 4 << 20
SHOWN_KEYS = 1000
OWN_KEYS = (STEP_KEY, TIME_KEY, "_runtime", "_wandb")

KEPT: web.AppKey[Kept] = web.AppKey("kept_series", Kept)


@shell.signed_in
async def show(request: web.Request) -> web.Response:
    """The page: which charts there are, for which runs. The script draws them."""
    place = await run_of(request)
    others = await _others(request, place)
    keys: dict[str, None] = {}
    for each in (place, *others):
        keys |= dict.fromkeys(await _keys(request, each))
    shown = sorted(keys, key=lambda key: ("/" not in key, key))
    return shell.render(
        request,
        "metrics.html",
        place.crumbs,
        place=place,
        others=others,
        keys=shown[:SHOWN_KEYS],
        left_out=len(shown[SHOWN_KEYS:]),
    )


@shell.signed_in
async def offer(request: web.Request) -> web.Response:
    """Runs of the project that could be laid over, by what was typed."""
    place = await run_of(request)
    which = RunFilter(text=request.query.get("q", "").strip() or None)
    db = request.app[STATE].catalog.read
    rows = await run_listing.runs(db, place.project.row.id, which, True, None, OFFERED_MAX)
    shown = {place.run.name, *request.query.getall("with", [])}
    offered = [row.run for row in rows if row.run.name not in shown]
    return shell.render(request, "metrics_offer.html", [], place=place, offered=offered)


@shell.signed_in
async def numbers(request: web.Request) -> web.Response:
    """The points of some keys as JSON, within `from` and `to` (history lines) where they are given.

    With `rough` in the query a long history that was not read yet gives a few of its lines, at once.
    """
    place = await run_of(request)
    lines = place.run.history_lines
    first = shell.number(request, "from", 0, lines, 0)
    last = shell.number(request, "to", lines, lines, 0)
    most = shell.number(request, "points", 1000, POINTS_MAX)
    keys = request.query.getall("key", [])[: series.KEYS_MAX]
    if not keys:
        raise Problem("invalid", "Name at least one key.")
    db, kept = request.app[STATE].catalog.read, request.app[KEPT]
    asked = (place.run.id, first, request.query.get("to") and last, most, *keys)
    rough = "rough" in request.query and asked not in kept and not first and last > ROUGH_FROM_LINES
    if rough:
        readable = max(1, ROUGH_BYTES * lines // max(1, place.run.history_bytes))
        points = await series.rough(db, place.run.id, last, keys, min(most, readable))
    else:
        new = Thinning(keys, first, most, last - first)
        points = await kept.points(db, place.run.id, asked, new, last)
    answer = {
        "width": points.width,
        "lines": lines,
        "alive": place.alive,
        "rough": rough,
        "line": points.line,
        "step": points.step,
        "time": points.time,
        "keys": {
            key: {"mean": each.mean, "least": each.least, "greatest": each.greatest}
            if points.width > 1 and not rough
            else {"mean": each.mean}
            for key, each in points.series.items()
        },
    }
    body = await asyncio.to_thread(json.dumps, answer, separators=(",", ":"))
    return web.Response(text=body, content_type="application/json")


async def _others(request: web.Request, place: RunPlace) -> list[RunPlace]:
    names = dict.fromkeys(request.query.getall("with", []))
    names.pop(place.run.name, None)
    found = []
    for name in list(names)[:COMPARED_MAX]:
        try:
            found.append(await run_in(request, place.project, name))
        except Problem:
            continue  # it was deleted since the link was made
    return found


async def _keys(request: web.Request, place: RunPlace) -> list[str]:
    """What can be drawn of a run: numbers in its summary that its history has, and what its lines hold."""
    if not place.run.history_lines:
        return []
    db = request.app[STATE].catalog.read
    found = dict.fromkeys(await series.keys_in(db, place.run.id, place.run.history_lines))
    for key, value in columns.document(place.run, "summary").items():
        if isinstance(value, int | float) and not isinstance(value, bool):
            found[key] = None
    return [key for key in found if key not in OWN_KEYS]
