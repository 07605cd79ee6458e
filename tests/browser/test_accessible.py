"""axe-core on each page, light and dark, and within the previews."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from browsing import FILES, PROJECT, RUN, RUNS, Visit
from playwright.sync_api import Page

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


def violations(page: Page, **rules: Any) -> list[str]:
    """What axe-core finds wrong, with the element it finds it in."""
    page.evaluate(AXE)
    # The previews' frames run no script, axe's neither: they are looked at by themselves below.
    found: Any = page.evaluate("rules => axe.run(document, { iframes: false, rules })", rules)
    return [
        f"{each['id']}: {node['html'][:200]} {node['failureSummary']}"
        for each in found["violations"]
        for node in each["nodes"]
    ]


@pytest.mark.parametrize("name", PAGES)
def test_pages(visit: Visit, page: Page, name: str, troubles: list[str]) -> None:
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme)
        visit(PAGES[name])
        page.wait_for_load_state("networkidle")
        assert violations(page) == [], theme
    page.emulate_media(color_scheme="light")
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
        assert violations(blank, **{"page-has-heading-one": {"enabled": False}}) == [], name
        blank.close()
