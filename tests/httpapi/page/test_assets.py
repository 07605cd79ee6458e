"""The page's own files are whole, addressed by their content, and say whose they are."""

import hashlib
from importlib import resources

import pytest

from httpapi.page import assets


@pytest.mark.parametrize("name", ["app.css", "app.js", "charts.js", "upload.js", "icon.svg"])
def test_address_holds_the_hash_of_the_body(name: str) -> None:
    found = assets.asset(name)
    assert found.hash == hashlib.sha256(found.body).hexdigest()[:16]
    assert assets.url(name) == f"/assets/{found.hash}/{name}"


def test_libraries_are_inside() -> None:
    assert b"htmx" in assets.asset("app.js").body
    assert b"uPlot" in assets.asset("charts.js").body
    assert b".uplot" in assets.asset("app.css").body


def test_unknown_name() -> None:
    with pytest.raises(KeyError):
        assets.asset("../tokens.css")


def test_vendored_files_have_their_licence() -> None:
    folder = resources.files("httpapi.page").joinpath("static", "vendor")
    notice = folder.joinpath("NOTICE").read_text("utf-8")
    for file in folder.iterdir():
        assert file.name in notice or file.name == "NOTICE"


def test_nothing_is_loaded_from_elsewhere() -> None:
    for name in ("app.css", "upload.js"):
        assert b"http://" not in assets.asset(name).body
        assert b"https://" not in assets.asset(name).body
