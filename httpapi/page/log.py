"""A run's output.log: the end of it at first, followed while the run lives, earlier lines on demand."""

from __future__ import annotations

from dataclasses import dataclass

from aiohttp import web
from markupsafe import Markup

from httpapi.disposition import content_disposition
from httpapi.page import shell
from httpapi.page.place import RunPlace, run_of
from httpapi.page.preview import terminal_html
from httpapi.state import STATE
from store.catalog import lines
from store.catalog.session import Session

SHOWN_LINES = 1000
# Of the lines that were shown last these are shown anew each time: progress bars rewrite theirs.
OPEN_LINES = 50
NEW_LINES_MAX = 5000
CHUNK_BYTES = 1 << 18
LINE_CHARS_MAX = 4000
LINE_MAX = 1 << 40


@dataclass(frozen=True, slots=True)
class Stretch:
    """Lines of a log, from number `first` (from 0) on."""

    first: int
    lines: list[Markup]

    @property
    def end(self) -> int:
        """The number of the line after the last."""
        return self.first + len(self.lines)


@shell.signed_in
async def show(request: web.Request) -> web.Response:
    """The page with the last lines."""
    place = await run_of(request)
    total = place.run.console_lines
    closed = max(0, total - OPEN_LINES)
    db = request.app[STATE].catalog.read
    first = max(0, total - SHOWN_LINES)
    return shell.render(
        request,
        "log.html",
        place.crumbs,
        place=place,
        earlier=first,
        settled=await _stretch(db, place, first, closed),
        fresh=None,
        open=await _stretch(db, place, closed, total),
        seen=_seen(place),
    )


@shell.signed_in
async def follow(request: web.Request) -> web.StreamResponse:
    """What came after line `from`; 204 when nothing changed since `seen`."""
    place = await run_of(request)
    if place.alive and request.query.get("seen") == _seen(place):
        return web.Response(status=204)
    first = shell.number(request, "from", 0, LINE_MAX, 0)
    total = min(place.run.console_lines, first + NEW_LINES_MAX)
    closed = max(first, total - OPEN_LINES)
    db = request.app[STATE].catalog.read
    return shell.render(
        request,
        "log_tail.html",
        [],
        place=place,
        fresh=await _stretch(db, place, first, closed),
        open=await _stretch(db, place, closed, total),
        seen=_seen(place),
    )


@shell.signed_in
async def earlier(request: web.Request) -> web.Response:
    """The lines before line `before`."""
    place = await run_of(request)
    before = min(shell.number(request, "before", 0, LINE_MAX, 0), place.run.console_lines)
    first = max(0, before - SHOWN_LINES)
    stretch = await _stretch(request.app[STATE].catalog.read, place, first, before)
    return shell.render(request, "log_earlier.html", [], place=place, earlier=first, settled=stretch)


@shell.signed_in
async def download(request: web.Request) -> web.StreamResponse:
    """The whole file, as it is in the mounted folder."""
    place = await run_of(request)
    response = web.StreamResponse(
        headers={
            "Content-Type": "text/plain; charset=utf-8",
            "Content-Disposition": content_disposition("attachment", f"{place.run.name}.log"),
        }
    )
    response.content_length = size = place.run.console_bytes
    await response.prepare(request)
    db = request.app[STATE].catalog.read
    for offset in range(0, size, CHUNK_BYTES):
        count = min(CHUNK_BYTES, size - offset)
        await response.write(await lines.read(db, place.run.id, lines.CONSOLE, offset, count))
    await response.write_eof()
    return response


async def _stretch(db: Session, place: RunPlace, first: int, end: int) -> Stretch:
    if end <= first:
        return Stretch(first, [])
    texts = await lines.page(db, place.run.id, lines.CONSOLE, first, end - first)
    shown = (text.decode("utf-8", "replace").rstrip("\n")[:LINE_CHARS_MAX] for text in texts)
    return Stretch(first, [Markup(terminal_html(text)) for text in shown])


def _seen(place: RunPlace) -> str:
    """Changes whenever the log or the run's state does."""
    return f"{place.run.console_changed_ns or 0}-{place.run.state}"
