"""Every kind renders, hostile files too; and nothing of it is loaded into the server's process."""

import re
import subprocess
import sys

import pytest

from httpapi.page.preview.kinds import DIRECT, Kind
from httpapi.page.preview.render import render
from httpapi.page.preview.source import Source

HOSTILE = b'"><script>alert(1)</script><img src=x onerror=alert(1)>\n<svg onload=alert(1)>'


@pytest.mark.parametrize("kind", sorted(set(Kind) - DIRECT))
@pytest.mark.parametrize("data", [HOSTILE, b"", b"\0" * 100, b"\xff\xfe\xfd" * 9, b"[" * 10_000])
def test_every_kind_takes_any_bytes(kind: Kind, data: bytes) -> None:
    for size in (len(data), len(data) + 10):
        html = render(kind, Source("<script>.x", data, size)).lower()
        assert "<script" not in html
        assert "<svg" not in html
        assert not re.search(r"<[^>]+\son\w+=", html)


def test_what_is_shown_instead() -> None:
    html = render(Kind.JSON, Source("a.json", b"{oops", 5))
    assert "not JSON" in html
    assert "{oops" in html
    assert "hex" in render(Kind.PARQUET, Source("a.parquet", b"PAR1", 4))
    assert "hex" in render(Kind.JSON, Source("a.json", b"\0\1", 2))


def test_cut_text_says_so() -> None:
    assert "3 of 9 bytes" in render(Kind.TEXT, Source("a", b"abc", 9))
    assert "bytes" not in render(Kind.TEXT, Source("a", b"abc", 3))


def test_the_server_imports_no_renderer() -> None:
    names = "{'nh3', 'markdown_it', 'pygments'}"
    asked = f"import sys, runfs.http_side; print(*{names} & sys.modules.keys())"
    told = subprocess.run([sys.executable, "-c", asked], check=True, capture_output=True, text=True)
    assert told.stdout.split() == []
