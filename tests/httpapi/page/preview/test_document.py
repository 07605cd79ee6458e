"""The framed document, and the policy that allows no script in it."""

import base64
import hashlib

from httpapi.page.preview.document import POLICY, STYLE, document


def test_document() -> None:
    html = document("<p>x</p>", "<title>", "dark")
    assert html.startswith("<!doctype html>")
    assert 'data-theme="dark"' in html
    assert "<title>&lt;title&gt;</title>" in html
    assert "data-theme=" not in document("", "", 'x" onload="alert(1)').partition("<style>")[0]


def test_policy() -> None:
    assert POLICY.startswith("sandbox ")
    assert "default-src 'none'" in POLICY
    assert "script-src" not in POLICY
    assert "allow-scripts" not in POLICY
    assert "allow-same-origin" not in POLICY
    assert "unsafe" not in POLICY
    digest = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
    assert f"style-src 'sha256-{digest}'" in POLICY
    assert f"<style>{STYLE}</style>" in document("", "", "")
