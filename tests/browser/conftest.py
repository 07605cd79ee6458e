"""A daemon with something to show, and a browser that is signed in to it."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from browsing import CHROMIUM, Visit, fill, open_browser, sign_in
from daemon_process import Served, start
from playwright.sync_api import BrowserContext, Page, sync_playwright


@pytest.fixture(scope="session")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A daemon with four runs, for tests that leave others' things alone."""
    served = start(tmp_path_factory.mktemp("browser") / "data")
    fill(served)
    yield served
    served.process.kill()
    served.process.wait()


@pytest.fixture(scope="session")
def playwright() -> Iterator[Any]:
    """What drives browsers."""
    if not Path(CHROMIUM).exists():
        pytest.fail(f"{CHROMIUM} is missing: apt-get install chromium")
    with sync_playwright() as driver:
        yield driver


@pytest.fixture(scope="session")
def browser(playwright: Any) -> Iterator[BrowserContext]:
    """One browser for all tests."""
    with tempfile.TemporaryDirectory() as folder:
        context = open_browser(playwright, folder, permissions=["clipboard-read", "clipboard-write"])
        yield context
        context.close()


@pytest.fixture
def troubles() -> list[str]:
    """What the browser complained of; a test that expects some clears it."""
    return []


@pytest.fixture(scope="session")
def cookies(browser: BrowserContext, daemon: Served) -> Any:
    """What a browser has that signed in: for all tests but those of signing in."""
    opened = browser.new_page()
    sign_in(opened, daemon)
    opened.close()
    return browser.cookies()


@pytest.fixture
def page(browser: BrowserContext, daemon: Served, cookies: Any, troubles: list[str]) -> Iterator[Page]:
    """A new page, signed in. No script may fail, and nothing may break the policy."""
    daemon.ask("POST", "/api/v1/runs/r1/heartbeat")  # it would have crashed after five minutes
    browser.clear_cookies()
    browser.add_cookies(cookies)
    opened = browser.new_page()
    opened.goto(daemon.http)
    opened.on("pageerror", lambda error: troubles.append(f"script: {error}"))
    opened.on("console", lambda said: troubles.append(said.text) if said.type == "error" else None)
    yield opened
    opened.close()
    assert not troubles


@pytest.fixture
def visit(page: Page, daemon: Served) -> Visit:
    """Go to an address of the daemon."""

    def go(path: str) -> Page:
        page.goto(daemon.http + path)
        return page

    return go
