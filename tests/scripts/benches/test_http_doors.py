"""Each HTTP server is given a file, asked for it and told to forget it, as its own clients would."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from benches import http_doors, http_peers, peers, transfer
from benches.api import Api
from benches.daemons import BenchError

CONTENT = bytes(range(256)) * 256


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A file of 64 KiB."""
    path = tmp_path / "source"
    path.write_bytes(CONTENT)
    return path


@pytest.fixture(params=["runfs", "nginx"])
def door(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[http_doors.Door]:
    """A running server's door."""
    with contextlib.ExitStack() as closing:
        if request.param == "runfs":
            server, http_port = peers.runfs(tmp_path, tmp_path / "data")
            closing.callback(server.stop)
            server.start()
            yield http_doors.Ours(Api(http_port, tmp_path / "data"))
            return
        try:
            nginx = http_peers.nginx(tmp_path)
        except BenchError as error:
            pytest.skip(str(error))
        closing.callback(nginx.stop)
        nginx.start()
        yield http_doors.Nginx(nginx)


def test_a_file_goes_in_comes_back_and_is_forgotten(door: http_doors.Door, source: Path) -> None:
    digest = hashlib.sha256(CONTENT).hexdigest()
    door.put("one", source, digest)
    url, headers = door.where("one")
    assert transfer.get(url, headers, digest) == len(CONTENT)
    door.delete("one")
    with pytest.raises(BenchError, match="404"):
        transfer.get(url, headers)


def test_a_large_file_is_sent_part_by_part(monkeypatch: pytest.MonkeyPatch, source: Path) -> None:
    sent: list[tuple[Any, ...]] = []
    monkeypatch.setattr(transfer, "put", lambda *arguments: sent.append(arguments))
    parts = [
        {"upload_url": f"u{number}", "headers": {"n": number}, "offset": number * 10, "size": 10}
        for number in range(2)
    ]
    registered = []
    api = SimpleNamespace(
        create_run=lambda name: None,
        request_upload=lambda *arguments: {"parts": parts},
        register=lambda name, upload: registered.append(name),
    )
    http_doors.Ours(api).put("run", source, "digest")  # type: ignore[arg-type]
    assert sent == [("u0", source, {"n": 0}, 0, 10), ("u1", source, {"n": 1}, 10, 10)]
    assert registered == ["run"]


def test_s3_is_asked_with_signed_urls(monkeypatch: pytest.MonkeyPatch, source: Path) -> None:
    sent: list[str] = []
    monkeypatch.setattr(transfer, "put", lambda url, *rest: sent.append(url))
    server = SimpleNamespace(signed=lambda method, name: f"{method} {name} signed")
    weed = http_doors.Weed(server)  # type: ignore[arg-type]
    weed.put("one", source, "digest")
    assert sent == ["PUT one signed"]
    assert weed.where("one") == ("GET one signed", {})
