"""A file's own page: its preview, what is known of it, its versions; and the preview's frame."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NoReturn

from aiohttp import web

from httpapi import audit
from httpapi.content import content_response
from httpapi.page import shell
from httpapi.page.holder import Holder
from httpapi.page.preview import (
    DIRECT,
    LIMIT_BYTES,
    POLICY,
    SANDBOX,
    Kind,
    Renderer,
    Source,
    document,
    kind_of,
)
from httpapi.problems import Problem
from httpapi.reach import FileAt, file_at
from httpapi.state import STATE
from store.catalog import entries, versions
from store.catalog import files as file_rows
from store.catalog.rows import Entry, Version
from store.uploads.content import Content

RENDERER: web.AppKey[Renderer] = web.AppKey("renderer", Renderer)
DESCRIPTION_CHARS_MAX = 65_536
# A PDF is drawn by the browser's own viewer, which refuses to start in a sandbox. Its type is one of ours and
# is not sniffed, so whatever the bytes are, they are never taken for a page.
PDF_POLICY = "frame-ancestors 'self'"


async def show_file(request: web.Request, holder: Holder, entry: Entry, current: Version) -> web.Response:
    """The page of one file; `version` in the query shows an older one."""
    db = request.app[STATE].catalog.read
    kept = await versions.of_entry(db, entry.id)
    number = shell.number(request, "version", current.number, 1 << 31)
    shown = next((version for version in kept if version.number == number), current)
    kind = kind_of(entry.name, shown.content_type)
    return shell.render(
        request,
        "file.html",
        holder.crumbs,
        holder=holder,
        entry=entry,
        way=entry.path.split("/"),
        current=current,
        shown=shown,
        kept=kept,
        kind=kind,
        direct=kind in DIRECT and kind is not Kind.PDF,
        sandbox="" if kind is Kind.PDF else SANDBOX,
    )


async def change_file(request: web.Request, holder: Holder, fields: Mapping[str, str]) -> NoReturn:
    """Describe a file, bring a version back, or delete it; then show what is there."""
    state = request.app[STATE]
    path = request.match_info.get("path", "")
    listed = await entries.by_path(state.catalog.read, holder.fileset.id, path)
    if listed is None or listed.version is None:
        raise Problem("not-found", f"There is no file {path} in {holder.title}.")
    entry = listed.entry
    action = fields.get("action")
    if action == "describe":
        description = fields.get("description", "").strip()
        if len(description) > DESCRIPTION_CHARS_MAX:
            raise Problem("too-large", f"A description may have {DESCRIPTION_CHARS_MAX} characters.")
        await state.catalog.write(lambda tx: file_rows.describe(tx, entry.id, description, None))
    elif action == "restore" and fields.get("version", "").isdigit():
        await state.uploads.restore(entry.id, int(fields["version"]))
    elif action == "delete":
        await state.uploads.delete([entry.id])
        audit.record(request, "delete", run=holder.title, files=1)
        raise web.HTTPSeeOther(holder.at(path.rpartition("/")[0]))
    else:
        raise Problem("invalid", "Unknown change.")
    raise web.HTTPSeeOther(holder.at(path))


@shell.signed_in
async def preview(request: web.Request) -> web.StreamResponse:
    """The document inside the preview's frame."""
    file = await file_at(request, int(request.match_info["file_id"]))
    version = await _version(request, file)
    kind = kind_of(file.entry.name, version.content_type)
    if kind is Kind.PDF:
        return await content_response(request, version, file.entry.name, inline=True, policy=PDF_POLICY)
    if kind in DIRECT:
        raise Problem("not-found", "This file is shown as it is.")
    size = min(version.size, LIMIT_BYTES[kind])
    state = request.app[STATE]
    data = bytes(await Content(state.catalog.read, state.blobs).read(version.id, 0, size)) if size else b""
    body = await request.app[RENDERER].render(kind, Source(file.entry.name, data, version.size))
    html = document(body, file.entry.name, shell.theme(request))
    return web.Response(text=html, content_type="text/html", headers={"Content-Security-Policy": POLICY})


async def _version(request: web.Request, file: FileAt) -> Version:
    number = shell.number(request, "version", file.version.number, 1 << 31)
    if number == file.version.number:
        return file.version
    found = await versions.by_number(request.app[STATE].catalog.read, file.entry.id, number)
    if found is None or found.retired_ns is not None:
        raise Problem("not-found", f"{file.entry.path} has no version {number}.")
    return found
