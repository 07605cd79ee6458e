"""Debian's chromium, a daemon's pages in it, and something for them to show."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import urllib3
from daemon_process import Served
from playwright.sync_api import BrowserContext, Page, Route, expect

CHROMIUM = "/usr/bin/chromium"
FLAGS = (
    "--no-sandbox --disable-quic --no-first-run --disable-background-networking --disable-component-update"
    " --disable-sync"
)
WAIT_MS = 30_000
PROJECT = "/projects/team/vision"
RUNS = f"{PROJECT}/runs"
RUN = f"{RUNS}/r1"
FILES = f"{RUN}/files"


def save(daemon: Served, run: str, path: str, data: bytes, content_type: str = "") -> Any:
    """Put a file into a run."""
    key = (daemon.data / "key").read_text().strip()
    query = f"path={quote(path, safe='')}" + (f"&content_type={quote(content_type)}" if content_type else "")
    where = f"{daemon.http}/api/v1/runs/{run}/files?{query}"
    headers = {"Authorization": f"Bearer {key}"}
    answer = urllib3.request("PUT", where, body=data, headers=headers, retries=False)
    assert answer.status in (200, 201), answer.data
    return answer.json()


def make_run(daemon: Served, name: str, **columns: Any) -> None:
    """Begin a run in team/vision."""
    daemon.ask("POST", "/api/v1/runs", {"project": "team/vision", "id": name, **columns})


def fill(daemon: Served) -> None:
    """Runs of a sweep, one of them with history, console, files and an artifact."""
    daemon.ask("POST", "/api/v1/projects", {"project": "team/vision"})
    metric = {"metric": {"name": "val/loss", "goal": "minimize"}}
    daemon.ask("POST", "/api/v1/sweeps", {"project": "team/vision", "id": "s1", "config": metric})
    for number in range(4):
        config = {"lr": 10.0**-number, "optimizer": ("adam", "sgd")[number % 2], "depth": 18 + number}
        make_run(
            daemon,
            f"r{number}",
            display_name=f"calm-river-{number}",
            config=config,
            sweep="s1",
            tags=["base"],
        )
        daemon.ask(
            "PATCH",
            f"/api/v1/runs/r{number}",
            {"summary": {"val/loss": 1.5 - number / 4, "accuracy": number / 10}},
        )
    daemon.ask("POST", "/api/v1/runs/r0/finish", {"exit_code": 0})
    for name in ("r1", "r2"):
        lines = [
            {"_step": i, "_timestamp": 1e9 + i, "loss": math.exp(-i / 60), "accuracy": i / 200}
            for i in range(200)
        ]
        daemon.ask("POST", f"/api/v1/runs/{name}/history", {"first_line": 0, "lines": lines})
    console = [f"\x1b[32mINFO\x1b[0m epoch {i}" for i in range(100)]
    daemon.ask("POST", "/api/v1/runs/r1/console", {"first_line": 0, "lines": console})
    save(daemon, "r1", "README.md", b"# Notes\n\nBefore.\n")
    save(daemon, "r1", "README.md", b"# Notes\n\nAfter.\n")
    save(daemon, "r1", "logs/train.log", b"one\ntwo\n")
    save(daemon, "r1", "logs/deep/metrics.csv", b"epoch,loss\n1,0.5\n")
    save(daemon, "r1", "model.pt", bytes(range(256)) * 40)
    made = daemon.ask(
        "POST",
        "/api/v1/artifacts",
        {"project": "team/vision", "type": "dataset", "name": "mnist", "run": "r1"},
    )
    daemon.ask("POST", f"/api/v1/artifacts/{made['id']}/commit", {"aliases": ["best"]})
    make_run(daemon, "empty")


def hold_first(page: Page, address: str | re.Pattern[str]) -> list[Route]:
    """Hold the first request to `address` until a test lets it go on; later ones are listed behind it."""
    seen: list[Route] = []

    def hold(route: Route) -> None:
        if seen:
            route.continue_()
        seen.append(route)

    page.route(address, hold)
    return seen


def count_ended(page: Page) -> None:
    """Let the page say "ended " for each request of htmx that was answered or given up, from now on."""
    page.evaluate("addEventListener('htmx:finally:request', () => document.body.append('ended '))")


def open_browser(playwright: Any, folder: str, **options: Any) -> BrowserContext:
    """A browser with a profile of its own."""
    context: BrowserContext = playwright.chromium.launch_persistent_context(
        folder,
        executable_path=CHROMIUM,
        args=FLAGS.split(),
        **{"viewport": {"width": 1280, "height": 860}, "accept_downloads": True, **options},
    )
    context.set_default_timeout(WAIT_MS)
    expect.set_options(timeout=WAIT_MS)
    return context


def sign_in(page: Page, daemon: Served) -> None:
    """Type the first key."""
    page.goto(f"{daemon.http}/sign-in")
    page.fill("#key", (daemon.data / "key").read_text().strip())
    page.click("main button")
    page.wait_for_url(f"{daemon.http}/")


Visit = Callable[[str], Page]
