"""Large requests, against a server of the standard library."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from benches import transfer
from benches.daemons import BenchError

CONTENT = bytes(range(256)) * 4097


class Stored(BaseHTTPRequestHandler):
    """Keeps what is PUT, by target; "/short" announces more than it sends."""

    kept: dict[str, tuple[bytes, str | None]]

    def do_PUT(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.kept[self.path] = (body, self.headers["X-Signed"])
        self.answer(b"", 201)

    def do_GET(self) -> None:
        self.answer(
            self.kept[self.path][0] if self.path in self.kept else b"not here",
            200 if self.path in self.kept else 404,
        )

    def do_DELETE(self) -> None:
        self.answer(b"", 204 if self.kept.pop(self.path, None) else 404)

    def answer(self, body: bytes, status: int) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body) + (self.path == "/short")))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments: object) -> None:
        """Says nothing."""


@pytest.fixture
def url() -> Iterator[str]:
    """The server's URL."""
    Stored.kept = {}
    with ThreadingHTTPServer(("127.0.0.1", 0), Stored) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A file of a bit over 1 MiB."""
    path = tmp_path / "source"
    path.write_bytes(CONTENT)
    return path


def test_a_file_goes_and_comes_back(url: str, source: Path) -> None:
    transfer.put(f"{url}/a", source, {"X-Signed": "yes"})
    assert Stored.kept["/a"] == (CONTENT, "yes")
    assert transfer.get(f"{url}/a", {}) == len(CONTENT)
    assert transfer.get(f"{url}/a", {}, hashlib.sha256(CONTENT).hexdigest()) == len(CONTENT)
    transfer.delete(f"{url}/a")
    assert Stored.kept == {}


def test_one_part_of_a_file_is_sent(url: str, source: Path) -> None:
    transfer.put(f"{url}/part", source, {}, offset=1000, size=1 << 19)
    assert Stored.kept["/part"][0] == CONTENT[1000 : 1000 + (1 << 19)]


def test_more_than_the_file_has_is_not_sent(url: str, source: Path) -> None:
    with pytest.raises(BenchError, match=f"source ends at {len(CONTENT)}"):
        transfer.put(f"{url}/part", source, {}, offset=0, size=len(CONTENT) + 1)


def test_other_bytes_are_noticed(url: str, source: Path) -> None:
    transfer.put(f"{url}/a", source, {})
    with pytest.raises(BenchError, match="the body's SHA-256 is not 00"):
        transfer.get(f"{url}/a", {}, "00" * 32)


def test_a_body_cut_short_is_noticed(url: str, source: Path) -> None:
    transfer.put(f"{url}/short", source, {})
    with pytest.raises(BenchError, match=f"{len(CONTENT)} bytes, announced {len(CONTENT) + 1}"):
        transfer.get(f"{url}/short", {})


def test_a_refusal_is_told_without_the_signature(url: str) -> None:
    with pytest.raises(BenchError, match=r"/none: HTTP/1.0 404 Not Found") as refused:
        transfer.get(f"{url}/none?signature=secret", {})
    assert "secret" not in str(refused.value)
