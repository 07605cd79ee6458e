"""Downloads are whole and right, or they are not there."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any

import pytest

import sdk
from sdk.api import Api
from sdk.stored_file import StoredFile
from sdk.transport import Transport

from .conftest import Server
from .faults import Proxy

DATA = os.urandom(3 << 20)


@pytest.fixture
def file(server: object) -> StoredFile:
    Path("d").mkdir()
    Path("d/f.bin").write_bytes(DATA)
    with sdk.init() as run:
        run.save("d/f.bin", policy="now")
    return Api().run(run.path).file("d/f.bin")


def test_what_it_says_of_itself(file: StoredFile) -> None:
    assert (file.name, file.size, file.content_type) == ("d/f.bin", len(DATA), "application/octet-stream")
    assert file.sha256 == hashlib.sha256(DATA).hexdigest()
    assert file.md5 == hashlib.md5(DATA).hexdigest()
    assert file.url.endswith(f"/api/v1/runs/files/{file.id}/content")
    assert (file.version, file.description, file.tags) == (1, "", [])
    assert repr(file) == f"<runfs file d/f.bin, application/octet-stream, {len(DATA)} bytes>"


def test_a_download(file: StoredFile) -> None:
    assert file.download("copy") == str(Path("copy/d/f.bin").absolute())
    assert Path("copy/d/f.bin").read_bytes() == DATA
    assert sorted(path.name for path in Path("copy").rglob("*")) == ["d", "f.bin"]


def test_an_existing_file_is_left_alone_unless_told_otherwise(file: StoredFile) -> None:
    Path("d/f.bin").write_text("mine")
    with pytest.raises(sdk.FileExists, match="replace=True"):
        file.download()
    assert file.download(exist_ok=True) == str(Path("d/f.bin").absolute())
    assert Path("d/f.bin").read_text() == "mine"
    file.download(replace=True)
    assert Path("d/f.bin").read_bytes() == DATA


def fields(file: StoredFile) -> dict[str, Any]:
    return {"path" if name == "name" else name: value for name, value in vars(file).items() if name[0] != "_"}


def test_a_download_that_breaks_off_goes_on(
    file: StoredFile, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sdk.download.PAUSE_S", 0)
    ranges: list[str | None] = []

    class Breaking(Proxy):
        def forward(self, request: Any) -> None:
            ranges.append(request.headers.get("Range"))
            if len(ranges) > 2:
                super().forward(request)
                return
            begin = (1 << 20) * (len(ranges) - 1)
            request.send_response(206 if begin else 200)
            request.send_header("Content-Length", str(len(DATA) - begin))
            request.end_headers()
            request.wfile.write(DATA[begin : begin + (1 << 20)])
            self._cut(request)

    with Breaking(lambda: server.url) as proxy:
        StoredFile(Transport(proxy.url, server.key), fields(file)).download("copy")
    assert Path("copy/d/f.bin").read_bytes() == DATA
    end = len(DATA) - 1
    assert ranges == [None, f"bytes={1 << 20}-{end}", f"bytes={2 << 20}-{end}"]


def test_a_large_file_comes_in_ranges(
    file: StoredFile, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sdk.download.RANGE_BYTES", 1 << 20)
    seen: list[tuple[str, str | None]] = []

    class Watching(Proxy):
        def forward(self, request: Any) -> None:
            seen.append((request.path.partition("?")[0], request.headers.get("Range")))
            super().forward(request)

    with Watching(lambda: server.url) as proxy:
        StoredFile(Transport(proxy.url, server.key), fields(file)).download("copy")
    assert Path("copy/d/f.bin").read_bytes() == DATA
    assert seen[0] == (f"/api/v1/runs/files/{file.id}/download-url", None)


def test_wrong_bytes_are_not_kept(file: StoredFile) -> None:
    wrong = StoredFile(file._transport, {**fields(file), "sha256": "0" * 64})
    with pytest.raises(sdk.ServerError, match="did not arrive"):
        wrong.download("copy")
    assert [path for path in Path("copy").rglob("*") if path.is_file()] == []


@pytest.mark.parametrize("name", ["../x", "/etc/x", "a/../../x", "a//b", ""])
def test_a_name_never_leads_out(file: StoredFile, name: str) -> None:
    hostile = StoredFile(file._transport, {**fields(file), "path": name})
    with pytest.raises(ValueError, match="not a name"):
        hostile.download("copy")


def test_an_empty_file(server: object) -> None:
    Path("empty").write_bytes(b"")
    with sdk.init() as run:
        run.save("empty", policy="now")
    copy = Api().run(run.path).file("empty").download("copy")
    assert Path(copy).read_bytes() == b""
