"""Hostile names and contents stay inert: nothing of a file runs, loads, navigates or opens anything."""

from __future__ import annotations

import json

import pytest
from browsing import RUNS, Visit, make_run, save
from daemon_process import Served
from playwright.sync_api import Page, expect

# Each of these would leave a mark in the page's origin, if it ran there.
MARK = "top.hacked=1;parent.hacked=1;window.hacked=1;document.cookie='hacked=1'"
SCRIPT = f"<script>{MARK}</script>"
HTML = f'{SCRIPT}<img src=x onerror="{MARK}"><svg onload="{MARK}"></svg><iframe srcdoc="{SCRIPT}"></iframe>'
SVG = (
    f'<svg xmlns="http://www.w3.org/2000/svg" onload="{MARK}"><script>{MARK}</script>'
    '<rect width="9" height="9"/></svg>'
)
NOTEBOOK = json.dumps(
    {
        "nbformat": 4,
        "metadata": {},
        "cells": [
            {"cell_type": "markdown", "source": HTML},
            {
                "cell_type": "code",
                "source": HTML,
                "outputs": [
                    {"output_type": "display_data", "data": {"text/html": HTML}},
                    {"output_type": "display_data", "data": {"application/javascript": MARK}},
                    {"output_type": "display_data", "data": {"image/svg+xml": SVG}},
                    {"output_type": "display_data", "data": {"image/png": f'"><script>{MARK}</script>'}},
                    {"output_type": "stream", "text": HTML},
                ],
            },
        ],
    }
)
PDF = (
    b"%PDF-1.4\n1 0 obj<</Type/Catalog/OpenAction<</S/JavaScript/JS(app.alert(1))>>>>endobj\n"
    b"trailer<</Root 1 0 R>>"
)

CONTENTS = {
    "page.html": HTML.encode(),
    "text.txt": HTML.encode(),
    "code.py": HTML.encode(),
    "readme.md": f"{HTML}\n\n[x](javascript:{MARK})\n\n![x](http://evil.example/x.png)\n".encode(),
    "table.csv": f'"{HTML.replace(chr(34), chr(34) * 2)}",b\n1,2\n'.encode(),
    "tree.json": json.dumps({HTML: HTML}).encode(),
    "lines.jsonl": (json.dumps({"a": HTML}) + "\n" + HTML + "\n").encode(),
    "book.ipynb": NOTEBOOK.encode(),
    "image.svg": SVG.encode(),
    "liar.png": HTML.encode(),
    "liar.mp4": HTML.encode(),
    "liar.mp3": HTML.encode(),
    "paper.pdf": PDF,
    "liar.pdf": HTML.encode(),
    "bytes.bin": HTML.encode(),
    "bad.parquet": b"PAR1" + HTML.encode() + b"PAR1",
    "table.tsv": f"{HTML}\tb\n1\t2\n".encode(),
    "nothing": HTML.encode() + bytes(9),
}
NAMES = (
    "<img src=x onerror=top.hacked=1>",
    "'\"><script>top.hacked=1<",
    "{{7*7}}${top.hacked=1}",
    "javascript:top.hacked=1",
    "a%2f..%2fb?x#y&amp;",
    "\u202egnp.exe",
    "hx-on:load=top.hacked=1",
)


@pytest.fixture(scope="module")
def hostile(daemon: Served) -> str:
    make_run(daemon, "hostile", display_name=HTML[:900], notes=HTML, config={HTML: HTML}, tags=[SCRIPT[:190]])
    daemon.ask("PATCH", "/api/v1/runs/hostile", {"summary": {SCRIPT: 1, "x": HTML}})
    daemon.ask("POST", "/api/v1/runs/hostile/history", {"first_line": 0, "lines": [{SCRIPT: 1}, {SCRIPT: 2}]})
    daemon.ask("POST", "/api/v1/runs/hostile/console", {"first_line": 0, "lines": [HTML, f"\x1b[31m{HTML}"]})
    for name, data in CONTENTS.items():
        save(daemon, "hostile", name, data)
    for name in NAMES:
        save(daemon, "hostile", name.replace("/", "_"), b"x")
    return f"{RUNS}/hostile"


def inert(page: Page) -> None:
    assert page.evaluate("window.hacked") is None
    assert "hacked" not in page.evaluate("document.cookie")


@pytest.mark.parametrize("name", CONTENTS)
def test_contents(page: Page, visit: Visit, hostile: str, name: str, troubles: list[str]) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    opened: list[object] = []
    page.on("popup", lambda popup: opened.append(popup.url))
    page.on("dialog", lambda dialog: (opened.append(dialog.message), dialog.dismiss()))
    visit(f"{hostile}/files/{name}")
    preview = page.locator(".preview iframe, .preview .direct > *")
    expect(preview).to_be_visible()
    if preview.evaluate("each => each.tagName") == "IFRAME" and not name.endswith(".pdf"):
        expect(page.frame_locator(".preview iframe").locator("main > *").first).to_be_attached()
        assert page.locator("iframe").get_attribute("sandbox") is not None
    page.wait_for_load_state("networkidle")
    inert(page)
    assert not opened
    assert not [url for url in asked if "evil.example" in url]
    assert page.url.endswith(name)
    troubles.clear()  # what the browser says of pictures that are none


def test_raw_content_is_sandboxed_too(page: Page, daemon: Served, hostile: str, troubles: list[str]) -> None:
    files = daemon.ask("GET", "/api/v1/runs/hostile/files?limit=100")["items"]
    ids = {file["path"]: file["id"] for file in files}
    for name in ("page.html", "image.svg"):
        page.goto(f"{daemon.http}/api/v1/runs/files/{ids[name]}/content?inline=true")
        assert page.evaluate("window.hacked") is None
        assert page.evaluate("self.origin") == "null"
    page.goto(daemon.http)
    inert(page)
    troubles.clear()  # the browser tells of the scripts it blocked


def test_names_and_values(page: Page, visit: Visit, hostile: str) -> None:
    for tail in ("", "/files", "/files?q=hacked", "/metrics", "/log", "/metadata"):
        visit(hostile + tail)
        page.wait_for_load_state("networkidle")
        inert(page)
    visit(f"{RUNS}?q=hostile")
    inert(page)
    visit(f"{hostile}/files?limit=1000")
    shown = page.locator("#files td.name a").all_inner_texts()
    for name in NAMES:
        seen = name.replace("/", "_").replace("\u202e", "U+202E")
        assert seen in shown
        page.locator("#files td.name a").nth(shown.index(seen)).click()
        expect(page.locator("main")).to_contain_text("SHA-256")
        inert(page)
        page.go_back()
