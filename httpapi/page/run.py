"""One run: its overview and its metadata."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from aiohttp import web
from markupsafe import Markup

from httpapi.page import columns, shell
from httpapi.page.artifacts import links_to
from httpapi.page.place import RunPlace, run_of
from httpapi.page.preview import tree_html
from httpapi.page.runs import run_tags, seconds_of
from httpapi.routes import runs as api
from httpapi.state import STATE
from store.catalog import artifacts
from store.catalog.run_listing import RunRow

SHOWN_ARTIFACTS = 50


@shell.signed_in
async def overview(request: web.Request) -> web.Response:
    """State, config, summary, and how to reach the run from elsewhere."""
    place = await run_of(request)
    db = request.app[STATE].catalog.read
    made = await artifacts.made_by(db, place.run.id, 0, SHOWN_ARTIFACTS)
    used = await artifacts.used_by(db, place.run.id, 0, SHOWN_ARTIFACTS)
    return shell.render(
        request,
        "run_part.html" if shell.is_part(request) else "run.html",
        place.crumbs,
        place=place,
        seconds=seconds_of(place.run),
        tags=run_tags(place.run),
        summary=_plain(columns.document(place.run, "summary")),
        config=Markup(tree_html(columns.document(place.run, "config"))),
        ways=_ways(place),
        made=await links_to(request, place.project, made),
        used=await links_to(request, place.project, used),
    )


@shell.signed_in
async def metadata(request: web.Request) -> web.Response:
    """The run as the API gives it, as a tree and to copy."""
    place = await run_of(request)
    row = RunRow(place.run, place.fileset, place.sweep)
    document = api.document(row, place.project.path).model_dump(mode="json")
    return shell.render(
        request,
        "run_metadata.html",
        place.crumbs,
        place=place,
        tree=Markup(tree_html(document)),
        text=json.dumps(document, indent=2, ensure_ascii=False),
    )


def _ways(place: RunPlace) -> list[tuple[str, str, str]]:
    """What one copies to reach the run: what it is, the text, a remark."""
    path = f"{place.project.path}/{place.run.name}"
    folder = f"/mnt/wandb/projects/{place.project.path}/runs/{place.run.name}"
    return [
        ("folder", folder, "where the tree is mounted at /mnt/wandb: runfs mount /mnt/wandb"),
        ("SDK line", f"sdk.Api().run({json.dumps(path, ensure_ascii=False)})", "in Python, after import sdk"),
    ]


def _plain(document: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """Summary values in order, those that clients keep for themselves (with an underscore) last."""
    return sorted(document.items(), key=lambda item: item[0].startswith("_"))
