"""History and console of a run: lines by number, so that sending them again changes nothing."""

import json
from typing import Any

from aiohttp import web
from pydantic_core import from_json

from httpapi.models import lines as models
from httpapi.models.fields import InProject
from httpapi.operations import Operations
from httpapi.problems import Problem
from httpapi.reach import run_at
from httpapi.state import STATE
from store import strict_json
from store.catalog import Transaction, lines

operations = Operations("lines")
LINE_BYTES_MAX = 4 << 20  # of one line: a reader holds a whole one


@operations.add(
    "POST", "/runs/{run_id}/history", access="write", answers={200: models.Accepted}, long_body=True
)
async def append_history(
    request: web.Request, run_id: str, query: InProject, body: models.NewHistory
) -> models.Accepted:
    """Add history lines.

    The same lines again change nothing; a gap, or another text for a line, is a conflict.
    """
    run = await run_at(request, run_id, query.project)
    texts = [_history_line(line, number) for number, line in enumerate(body.lines)]

    async def work(tx: Transaction) -> int:
        return (await lines.append(tx, run.id, lines.HISTORY, body.first_line, texts)).history_lines

    return models.Accepted(next_line=await request.app[STATE].catalog.write(work))


@operations.add(
    "POST", "/runs/{run_id}/console", access="write", answers={200: models.Accepted}, long_body=True
)
async def append_console(
    request: web.Request, run_id: str, query: InProject, body: models.NewConsole
) -> models.Accepted:
    """Add console lines. A line that is there already takes its new text: progress bars rewrite theirs."""
    run = await run_at(request, run_id, query.project)
    texts = [_console_line(line, number) for number, line in enumerate(body.lines)]

    async def work(tx: Transaction) -> int:
        written = await lines.append(tx, run.id, lines.CONSOLE, body.first_line, texts, rewrite=True)
        return written.console_lines

    return models.Accepted(next_line=await request.app[STATE].catalog.write(work))


@operations.add("GET", "/runs/{run_id}/history", access="read", answers={200: models.History})
async def read_history(request: web.Request, run_id: str, query: models.HistoryQuery) -> models.History:
    """Give history lines: page by page, or with `points` a sample of all for a chart."""
    run = await run_at(request, run_id, query.project)
    db = request.app[STATE].catalog.read
    total = run.history_lines
    next_line = None
    if query.points is not None:
        texts = await lines.sample(db, run.id, lines.HISTORY, total, query.points)
    else:
        texts = await lines.page(db, run.id, lines.HISTORY, query.first_line, query.limit)
        end = query.first_line + len(texts)
        next_line = end if texts and end < total else None
    items: list[dict[str, Any]] = [json.loads(text) for text in texts]
    if query.keys is not None:
        wanted = query.keys.split(",")
        items = [kept for item in items if (kept := {key: item[key] for key in wanted if key in item})]
    return models.History.model_construct(items=items, next_line=next_line, total_count=total)


@operations.add("GET", "/runs/{run_id}/console", access="read", answers={200: models.Console})
async def read_console(request: web.Request, run_id: str, query: models.ConsoleQuery) -> models.Console:
    """Give console lines."""
    run = await run_at(request, run_id, query.project)
    texts = await lines.page(
        request.app[STATE].catalog.read, run.id, lines.CONSOLE, query.first_line, query.limit
    )
    end = query.first_line + len(texts)
    return models.Console.model_construct(
        items=[text[:-1].decode() for text in texts],
        next_line=end if texts and end < run.console_lines else None,
        total_count=run.console_lines,
    )


def _history_line(line: dict[str, Any] | str, number: int) -> bytes:
    if isinstance(line, str):
        try:
            found = from_json(line)
        except ValueError as error:
            raise Problem("invalid", f"body.lines[{number}] is not JSON: {error}.") from None
        if not isinstance(found, dict):
            raise Problem("invalid", f"body.lines[{number}] is not a JSON object.")
        line = found
    return _bounded(strict_json.dumps(line).encode(), number)


def _console_line(line: str, number: int) -> bytes:
    # What a terminal got is kept but for what would break a line in two; a lone surrogate is no UTF-8.
    return _bounded(line.rstrip("\n").encode("utf-8", "backslashreplace"), number)


def _bounded(text: bytes, number: int) -> bytes:
    if len(text) >= LINE_BYTES_MAX:
        raise Problem(
            "too-large", f"body.lines[{number}] has {len(text)} bytes; {LINE_BYTES_MAX} is the limit."
        )
    return text
