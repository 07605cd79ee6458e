"""scripts/bench page: the Files page of a run with 100,000 files, in a real browser.

A fresh browser profile for each round, so that nothing comes from its cache. Times are what a person waits
for: from opening the address to the first paint and the rows, and from typing into the filter to its result.
"""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING, Any

from benches import peers
from benches.api import BATCH, PROJECT, Api
from benches.report import OWN, Row, publish
from benches.stats import Aim

if TYPE_CHECKING:
    from benches.cli import Plan

FILES, QUICK_FILES = 100_000, 5_000
RUN = "many"
CONTENT = b"one content for all, stored once\n"
FIRST_PAINT = "() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? 0"
ROWS = "#files tbody tr"
FOUND = "#files nav b:text('1 file found')"


def _fill(api: Api, files: int) -> None:
    """Files in 100 folders, with one content, asked for and registered a thousand at a time."""
    api.create_run(RUN)
    api.upload(RUN, "first.txt", CONTENT)
    paths = (f"folder-{number // BATCH:02}/file-{number:06}.txt" for number in range(files))
    api.upload_many(RUN, dict.fromkeys(paths, CONTENT))


def _visit(browser: Any, address: str, key: str, last: str) -> tuple[float, float, float]:
    """Milliseconds to the first paint, to the rows, and from a filter to its one row."""
    with contextlib.closing(browser.new_context()) as context:
        page = context.new_page()
        page.goto(f"{address}/sign-in")
        page.fill("#key", key)
        page.click("button.primary")
        began = time.perf_counter()
        page.goto(f"{address}/projects/{PROJECT}/runs/{RUN}/files")
        page.wait_for_selector(ROWS)
        rows_ms = (time.perf_counter() - began) * 1e3
        painted_ms = float(page.evaluate(FIRST_PAINT))
        began = time.perf_counter()
        page.fill("input[name=q]", last)
        page.wait_for_selector(FOUND)
        return painted_ms, rows_ms, (time.perf_counter() - began) * 1e3


def run(plan: Plan) -> None:
    """The whole bench: files, a browser, the table."""
    from playwright.sync_api import sync_playwright

    files = QUICK_FILES if plan.quick else FILES
    data = plan.work / "data"
    ours, http_port = peers.runfs(plan.work, data)
    visits: list[tuple[float, float, float]] = []
    with ours.daemon:
        ours.start()
        api = Api(http_port, data)
        _fill(api, files)
        with sync_playwright() as playwright:
            chromium = peers.program("chromium", "Debian: chromium")
            browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
            for number in range(plan.rounds + 1):
                seen = _visit(browser, f"http://127.0.0.1:{http_port}", api.key, f"file-{number:06}")
                if number:  # the first starts the browser's processes
                    visits.append(seen)
            browser.close()
    titles = ("first paint", "rows are there", "filter by text: its one row")
    aims = (Aim(None, None, 1000, "less"), Aim(None, None, 1000, "less"), Aim(None, None, 300, "less"))
    rows = [
        Row(title, "ms", {OWN: [visit[column] for visit in visits]}, (aims[column],))
        for column, title in enumerate(titles)
    ]
    publish("page", rows, (OWN,), plan.json_file, {**plan.notes, "files": files + 1})
