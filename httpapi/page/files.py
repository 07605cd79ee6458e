"""The Files tab: a folder of a run's or an artifact's files, or what a search finds in all of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from aiohttp import web

from httpapi import audit
from httpapi.page import shell
from httpapi.page.file import change_file, show_file
from httpapi.page.holder import Holder, holder_of
from httpapi.page.preview import Kind, kind_of
from httpapi.page.selection import TICKED_MAX, as_filter, found_ids, ticked_ids
from httpapi.problems import Problem
from httpapi.state import STATE
from store.catalog import entries, listing
from store.catalog.listing import Filter, Found, Order, Sort
from store.catalog.session import Session

PAGE_SIZES = (50, 100, 250, TICKED_MAX)
DELETED_AT_ONCE = 200  # in one transaction: 20 ms, for which others wait
SORTS: dict[str, Sort] = {
    "name": "name",
    "size": "size",
    "type": "type",
    "versions": "versions",
    "uploaded": "created",
}
ICONS = {
    Kind.TEXT: "text",
    Kind.CODE: "code",
    Kind.MARKDOWN: "text",
    Kind.TABLE: "table",
    Kind.PARQUET: "table",
    Kind.JSON: "json",
    Kind.JSONL: "json",
    Kind.NOTEBOOK: "notebook",
    Kind.SVG: "image",
    Kind.IMAGE: "image",
    Kind.AUDIO: "media",
    Kind.VIDEO: "media",
    Kind.PDF: "pdf",
    Kind.BINARY: "binary",
}


@dataclass(frozen=True, slots=True)
class Page:
    """What the table shows of all that there is."""

    rows: Sequence[Found]
    total: int
    bytes: int  # of all that a search finds
    number: int
    pages: int


@shell.signed_in
async def show(request: web.Request) -> web.StreamResponse:
    """A folder, or a file's own page."""
    holder = await holder_of(request)
    path = request.match_info.get("path", "").strip("/")
    db = request.app[STATE].catalog.read
    folder_id, folders = 0, holder.fileset.subdirectories
    if path:
        listed = await entries.by_path(db, holder.fileset.id, path)
        if listed is None:
            raise Problem("not-found", f"There is no file {path} in {holder.title}.")
        if listed.version is not None:
            return await show_file(request, holder, listed.entry, listed.version)
        folder_id, folders = listed.entry.id, listed.entry.subdirectories
    search = request.query.get("q", "").strip()
    limit = shell.number(request, "limit", 100, PAGE_SIZES[-1])
    sort = request.query.get("sort", "name")
    sort = sort if sort in SORTS else "name"
    descending = request.query.get("order", "asc" if sort == "name" else "desc") == "desc"
    order = Order(SORTS[sort], descending)
    wanted = shell.number(request, "page", 1, 10**9)
    if search:
        page = await _found(db, holder, search, order, limit, wanted)
    else:
        page = await _folder(db, holder, (folder_id, folders), order, limit, wanted)
    return shell.render(
        request,
        "files_table.html" if shell.is_part(request) else "files.html",
        holder.crumbs,
        holder=holder,
        path=path,
        way=_way(path),
        search=search,
        page=page,
        icon_of=icon_of,
        sort=sort,
        descending=descending,
        limit=limit,
        sizes=PAGE_SIZES,
    )


@shell.signed_in
async def change(request: web.Request) -> web.StreamResponse:
    """Delete what is ticked or all that a search finds, or do to a file what its page asks for."""
    holder = await holder_of(request)
    fields = await shell.form_of(request)
    if not holder.may_change:
        raise Problem("forbidden", "These files cannot be changed with this sign-in.")
    given = dict(fields)
    db = request.app[STATE].catalog.read
    search = given.get("q", "")
    if given.get("action") == "delete-found":
        ids = await found_ids(db, holder, search, given.get("found", ""))
    elif "action" in given:
        await change_file(request, holder, given)
    else:
        ids = await ticked_ids(db, holder, [value for key, value in fields if key == "file"])
    for start in range(0, len(ids), DELETED_AT_ONCE):
        await request.app[STATE].uploads.delete(ids[start : start + DELETED_AT_ONCE])
    audit.record(request, "delete", run=holder.title, files=len(ids))
    folder = await _nearest(db, holder, request.match_info.get("path", "").strip("/"))
    raise web.HTTPSeeOther(holder.at(folder) + (f"?{urlencode({'q': search})}" if search else ""))


async def _nearest(db: Session, holder: Holder, path: str) -> str:
    """The path, or the folder next above it that is still there: a folder goes with the last file in it."""
    while path and await entries.by_path(db, holder.fileset.id, path) is None:
        path = path.rpartition("/")[0]
    return path


def icon_of(found: Found) -> str:
    """The icon for an entry."""
    if found.version is None:
        return "folder"
    return ICONS[kind_of(found.entry.name, found.version.content_type)]


async def _found(db: Session, holder: Holder, search: str, order: Order, limit: int, wanted: int) -> Page:
    which = as_filter(search)
    total, size = await listing.totals(db, holder.fileset.id, which)
    number, pages = _place(total, limit, wanted)
    if order.sort == "name":
        order = Order("path", order.descending)
    rows = await listing.files(db, holder.fileset.id, which, order, limit, offset=(number - 1) * limit)
    return Page(rows, total, size, number, pages)


async def _folder(
    db: Session, holder: Holder, folder: tuple[int, int], order: Order, limit: int, wanted: int
) -> Page:
    """A folder's page: its folders first, then its files, both in the order asked for."""
    folder_id, folders = folder
    which = Filter(parent_id=folder_id)
    total = await entries.count(db, holder.fileset.id, folder_id)
    number, pages = _place(total, limit, wanted)
    offset = (number - 1) * limit
    rows: list[Found] = []
    if offset < folders:
        rows = await listing.directories(db, holder.fileset.id, which, order, limit, offset=offset)
    if len(rows) < limit:
        after = max(0, offset - folders)
        rows += await listing.files(db, holder.fileset.id, which, order, limit - len(rows), offset=after)
    return Page(rows, total, 0, number, pages)


def _place(total: int, limit: int, wanted: int) -> tuple[int, int]:
    pages = max(1, -(-total // limit))
    return min(wanted, pages), pages


def _way(path: str) -> list[tuple[str, str]]:
    """The folders on the way down to a path: name and path of each."""
    names = path.split("/") if path else []
    return [(name, "/".join(names[: depth + 1])) for depth, name in enumerate(names)]
