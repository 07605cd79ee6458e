"""Each type of file is shown as what it is: in a frame that runs nothing, or by the browser's decoders."""

from __future__ import annotations

import base64
import io
import json
import struct
import wave
import zlib
from typing import Any

import pytest
from browsing import RUNS, Visit, make_run, save
from daemon_process import Served
from playwright.sync_api import Page, expect


def png(width: int, height: int) -> bytes:
    """A grey picture."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = zlib.compress((b"\0" + b"\x80" * width) * height)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def sound() -> bytes:
    """A quarter of a second of silence."""
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(1)
        file.setframerate(8000)
        file.writeframes(b"\x80" * 2000)
    return out.getvalue()


def parquet() -> bytes:
    """Two rows."""
    from arro3.core import Array, DataType, Table
    from arro3.io import write_parquet

    columns = {
        "epoch": Array([1, 2], type=DataType.int64()),
        "<b>": Array(["<i>x</i>", "y"], type=DataType.string()),
    }
    out = io.BytesIO()
    write_parquet(Table.from_pydict(columns), out)
    return out.getvalue()


NOTEBOOK = {
    "nbformat": 4,
    "metadata": {},
    "cells": [
        {"cell_type": "markdown", "source": "# Notes"},
        {
            "cell_type": "code",
            "source": "print(1)",
            "execution_count": 3,
            "outputs": [
                {"output_type": "stream", "text": "printed\n"},
                {"output_type": "display_data", "data": {"image/png": base64.b64encode(png(7, 5)).decode()}},
            ],
        },
    ],
}
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" width="30" height="20"><rect width="9" height="9"/></svg>'
# Name, bytes, what the frame must hold: an element, and a text within it.
FRAMED = (
    ("plain.txt", b"one\ntwo <b>\n", ".lines .line:nth-child(2)", "two <b>"),
    ("code.py", b"def f():\n    return 1\n", ".line .k", "def"),
    ("README.md", b"# Title\n\n- one\n", "article h1", "Title"),
    ("table.csv", b"epoch,loss\n1,0.5\n2,0.25\n", "tbody tr:nth-child(2)", "20.25"),
    ("table.tsv", b"epoch\tloss\n1\t0,5\n", "tbody tr", "10,5"),
    ("table.parquet", parquet(), "tbody tr", "<i>x</i>"),
    ("tree.json", b'{"a": {"b": [1, "x"]}}', ".tree details details summary", "a {1 key}"),
    ("lines.jsonl", b'{"a": 1}\n{"a": 2}\n', ".tree > details:nth-child(2) summary", "2"),
    ("book.ipynb", json.dumps(NOTEBOOK).encode(), ".cell .output", "printed"),
    ("unknown", bytes(range(32)), "pre.hex", "00000010  10 11 12"),
)


@pytest.fixture(scope="module")
def previews(daemon: Served) -> str:
    make_run(daemon, "previews")
    return f"{RUNS}/previews/files"


@pytest.mark.parametrize(("name", "data", "element", "text"), FRAMED, ids=[each[0] for each in FRAMED])
def test_in_a_frame(
    visit: Visit, daemon: Served, previews: str, name: str, data: bytes, element: str, text: str
) -> None:
    save(daemon, "previews", name, data)
    page = visit(f"{previews}/{name}")
    expect(page.frame_locator(".preview iframe").locator(element).first).to_contain_text(text)
    assert "allow-scripts" not in str(page.locator(".preview iframe").get_attribute("sandbox"))
    assert "allow-same-origin" not in str(page.locator(".preview iframe").get_attribute("sandbox"))


@pytest.mark.parametrize(("name", "data", "size"), [("i.svg", SVG, 30), ("book.ipynb", b"", 7)])
def test_pictures_in_a_frame(
    visit: Visit, daemon: Served, previews: str, name: str, data: bytes, size: int
) -> None:
    save(daemon, "previews", name, data or json.dumps(NOTEBOOK).encode())
    page = visit(f"{previews}/{name}")
    picture = page.frame_locator(".preview iframe").locator("img")
    expect(picture).to_be_visible()
    box: Any = picture.bounding_box()
    assert box["width"] >= size
    assert str(picture.get_attribute("src")).startswith("data:image/")


def test_image(visit: Visit, daemon: Served, previews: str) -> None:
    save(daemon, "previews", "i.png", png(40, 30), "image/png")
    page = visit(f"{previews}/i.png")
    page.wait_for_function("() => document.querySelector('.preview img').naturalWidth === 40")


def test_audio(visit: Visit, daemon: Served, previews: str) -> None:
    save(daemon, "previews", "s.wav", sound(), "audio/wav")
    page = visit(f"{previews}/s.wav")
    page.wait_for_function("() => document.querySelector('.preview audio').duration === 0.25")


def recorded(page: Page) -> bytes:
    """A short film, made by the browser itself."""
    film = page.evaluate(
        """async () => {
        const canvas = document.createElement("canvas");
        const drawing = canvas.getContext("2d");
        const recorder = new MediaRecorder(canvas.captureStream(30), { mimeType: "video/webm" });
        const parts = [];
        recorder.ondataavailable = (event) => parts.push(event.data);
        const stopped = new Promise((done) => { recorder.onstop = done; });
        recorder.start();
        for (let i = 0; i < 12; i++) {
            drawing.fillRect(i, i, 9, 9);
            await new Promise((done) => requestAnimationFrame(done));
        }
        recorder.stop();
        await stopped;
        const bytes = new Uint8Array(await new Blob(parts).arrayBuffer());
        return btoa(String.fromCharCode(...bytes));
        }"""
    )
    return base64.b64decode(film)


def test_video(visit: Visit, daemon: Served, previews: str) -> None:
    save(daemon, "previews", "film.webm", recorded(visit("/")), "video/webm")
    page = visit(f"{previews}/film.webm")
    page.wait_for_function("() => document.querySelector('.preview video').videoWidth === 300")


def test_pdf(visit: Visit, daemon: Served, previews: str) -> None:
    """The browser's own viewer gets it, under a type that nothing can be made of but a PDF."""
    save(daemon, "previews", "paper.pdf", b"%PDF-1.4\ntrailer<</Root 1 0 R>>", "application/pdf")
    page = visit("/")
    with page.expect_response("**/preview/*") as answer:
        visit(f"{previews}/paper.pdf")
    headers = answer.value.headers
    assert headers["content-type"] == "application/pdf"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["content-security-policy"] == "frame-ancestors 'self'"
    assert headers["content-disposition"].startswith("inline")
