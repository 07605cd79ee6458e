"""axe-core on each page, light and dark, and within the previews."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from browsing import FILES, PROJECT, RUN, RUNS, Visit
from playwright.sync_api import Page, expect

AXE = (Path(__file__).parent / "vendor" / "axe.min.js").read_text(encoding="utf-8")
PAGES = {
    "projects": "/",
    "sign-in": "/sign-in",
    "runs": RUNS,
    "overview": RUN,
    "metrics": f"{RUN}/metrics",
    "files": FILES,
    "search": f"{FILES}?q=log",
    "no-files": f"{RUNS}/empty/files",
    "file": f"{FILES}/README.md",
    "log": f"{RUN}/log",
    "metadata": f"{RUN}/metadata",
    "sweeps": f"{PROJECT}/sweeps",
    "sweep": f"{PROJECT}/sweeps/s1",
    "artifacts": f"{PROJECT}/artifacts",
    "collection": f"{PROJECT}/artifacts/collections/mnist",
    "artifact": f"{PROJECT}/artifacts/collections/mnist/v0",
    "not-there": f"{RUNS}/none",
}


def violations(page: Page, *only: str, without: str = "") -> list[str]:
    """What axe-core finds wrong by all rules or some, with the element it finds it in."""
    page.evaluate(AXE)
    # The previews' frames run no script, axe's neither: they are looked at by themselves below.
    options: dict[str, Any] = {"iframes": False, "rules": {without: {"enabled": False}} if without else {}}
    if only:
        options["runOnly"] = only
    found: Any = page.evaluate("options => axe.run(document, options)", options)
    return [
        f"{each['id']}: {node['html'][:200]} {node['failureSummary']}"
        for each in found["violations"]
        for node in each["nodes"]
    ]


@pytest.mark.parametrize("name", PAGES)
def test_pages(visit: Visit, page: Page, name: str, troubles: list[str]) -> None:
    visit(PAGES[name])
    expect(page.locator("h1")).to_be_visible()
    assert violations(page) == []
    page.emulate_media(color_scheme="dark")
    dark = violations(page, "color-contrast")
    page.emulate_media(color_scheme="light")
    assert dark == []
    if name == "not-there":
        troubles.clear()  # the browser tells of the 404


def test_previews(visit: Visit, page: Page) -> None:
    for name in ("README.md", "logs/train.log", "logs/deep/metrics.csv", "model.pt"):
        visit(f"{FILES}/{name}")
        address = page.locator("iframe").get_attribute("src")
        assert address is not None
        html = page.evaluate("address => fetch(address).then(answer => answer.text())", address)
        blank = page.context.new_page()
        blank.set_content(html)
        # A frame is a part of its page, which has the heading.
        assert violations(blank, without="page-has-heading-one") == [], name
        blank.close()
