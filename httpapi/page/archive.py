"""Archives from the Files tab: all files, one folder's, what a search finds, or the ticked ones."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from aiohttp import web

from httpapi.page import shell
from httpapi.page.holder import Holder, holder_of
from httpapi.page.selection import as_filter, ticked_ids
from httpapi.problems import Problem
from httpapi.reach import database
from httpapi.routes.content import archive_response, members_of
from httpapi.state import STATE
from store.catalog import entries, listing
from store.catalog.listing import Filter
from store.catalog.rows import Entry, Version


@shell.signed_in
async def of_folder(request: web.Request) -> web.StreamResponse:
    """All files, or those below the `folder` of the query, or those that its `q` finds."""
    holder = await holder_of(request)
    folder = request.query.get("folder", "")
    search = request.query.get("q", "").strip()
    if search or not folder:
        members = members_of(request, holder.fileset.id, as_filter(search) if search else Filter())
        return await archive_response(request, _name(holder), members)
    ids = await listing.ids_under(request.app[STATE].catalog.read, holder.fileset.id, folder)
    if not ids:
        raise Problem("not-found", f"There is no folder {folder} in {holder.title}.")
    return await archive_response(request, _name(holder), _members(request, ids))


@shell.signed_in
async def of_ticked(request: web.Request) -> web.StreamResponse:
    """The ticked files, and all files in the ticked folders."""
    holder = await holder_of(request)
    ticked = [value for key, value in await shell.form_of(request) if key == "file"]
    ids = await ticked_ids(request.app[STATE].catalog.read, holder, ticked)
    return await archive_response(request, _name(holder), _members(request, ids))


async def _members(request: web.Request, ids: Sequence[int]) -> AsyncIterator[tuple[Entry, Version]]:
    """The files of these ids, each as it is when its turn comes; what is gone is left out."""
    for entry_id in ids:
        listed = await entries.by_id(database(request), entry_id)
        if listed is not None and listed.version is not None:
            yield listed.entry, listed.version


def _name(holder: Holder) -> str:
    return f"{holder.place.run.name if holder.place else holder.title}.zip"
