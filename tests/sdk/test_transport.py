"""HTTP: retries of what may pass, errors by what they mean, no key for anyone else."""

from __future__ import annotations

import io
import os
import socket
import threading
import traceback
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from sdk.errors import Absent, Conflict, Denied, Mismatch, ServerError, Unreachable
from sdk.transport import Transport, path

from .conftest import Server
from .faults import Proxy


@pytest.fixture
def transport(server: Server) -> Transport:
    return Transport(server.url, server.key)


def test_paths_are_quoted() -> None:
    assert path("runs", "a b/c?", 7, "7:append") == "/api/v1/runs/a%20b%2Fc%3F/7/7:append"


def test_calls(transport: Transport) -> None:
    project = os.environ["RUNFS_PROJECT"]
    run = transport.call("POST", path("runs"), {"id": "r1", "project": project})
    assert run["id"] == "r1"
    same = transport.call("GET", path("runs", "r1"), query={"project": project, "left_out": None})
    assert same["path"] == run["path"]
    assert transport.call("DELETE", path("runs", "r1"), query={"project": project}) is None


@pytest.mark.parametrize(
    ("method", "where", "body", "error", "kind"),
    [
        ("GET", path("runs", "absent"), None, Absent, "not-found"),
        ("POST", path("runs"), {"unknown": 1}, ServerError, "invalid"),
        ("POST", path("runs"), b"{", ServerError, "malformed"),
        ("GET", path("nowhere"), None, Absent, "not-found"),
    ],
)
def test_refusals(
    transport: Transport, method: str, where: str, body: Any, error: type[ServerError], kind: str
) -> None:
    with pytest.raises(error) as caught:
        transport.call(method, where, body)
    assert caught.value.kind == f"urn:runfs:problem:{kind}"
    assert type(caught.value) is error
    assert caught.value.detail


def test_more_refusals(transport: Transport, server: Server) -> None:
    with pytest.raises(Denied):
        Transport(server.url, None).call("GET", path("runs"))
    where = {"project": os.environ["RUNFS_PROJECT"], "id": "twice"}
    transport.call("POST", path("runs"), where)
    with pytest.raises(Conflict):
        transport.call("POST", path("runs"), where)
    query = {"project": where["project"], "path": "a", "sha256": "0" * 64}
    with pytest.raises(Mismatch):
        transport.send_bytes("PUT", path("runs", "twice", "files"), b"other", query=query)


@pytest.mark.parametrize("fault", ["drop", (503, 0), (429, 0), (502, 0)])
def test_what_passes_is_tried_again(server: Server, fault: Any) -> None:
    faults = [fault, fault]
    with Proxy(lambda: server.url) as proxy:
        proxy.fault = lambda method, where, phase: faults.pop() if faults else None
        assert Transport(proxy.url, server.key).call("GET", path("runs"))["items"] is not None
        assert len(proxy.seen) == 3


@pytest.mark.parametrize("fault", ["drop", (503, 0), (500, 0), (507, 0)])
def test_what_does_not_pass_is_unreachable(server: Server, fault: Any) -> None:
    with Proxy(lambda: server.url) as proxy:
        proxy.fault = lambda method, where, phase: fault
        transport = Transport(proxy.url, server.key)
        with pytest.raises(Unreachable, match=r"does not answer|cannot now"):
            transport.call("GET", path("runs"))
        seen = len(proxy.seen)
        with pytest.raises(Unreachable):
            transport.call("GET", path("runs"), retries=False)
        assert len(proxy.seen) == seen + 1


def test_a_long_retry_after_is_left_to_the_caller(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    monkeypatch.setattr("urllib3.util.retry.time.sleep", slept.append)
    with Proxy(lambda: server.url) as proxy:
        proxy.fault = lambda method, where, phase: (503, 3600)
        with pytest.raises(Unreachable):
            Transport(proxy.url, server.key).call("GET", path("runs"))
    assert slept
    assert max(slept) <= 5


def test_nobody_there() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(Unreachable, match=rf"{url} does not answer: .*refused"):
            Transport(url, None).call("GET", "/", retries=False)


def test_a_body_that_never_ends_in_time(server: Server) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(Unreachable, match="timed out"):
            Transport(url, None).call("GET", "/", retries=False, timeout_s=0.1)


def test_the_key_goes_to_its_server_alone(server: Server) -> None:
    seen: list[str | None] = []

    class Watching(Proxy):
        def forward(self, request: Any) -> None:
            seen.append(request.headers.get("Authorization"))
            super().forward(request)

    with Watching(lambda: server.url) as ours, Watching(lambda: server.url) as other:
        transport = Transport(ours.url, server.key)
        transport.call("GET", path("runs"))
        with pytest.raises(ServerError):
            transport.put(f"{other.url}/elsewhere", "PUT", {}, io.BytesIO(b"abc"), 3)
    assert seen == [f"Bearer {server.key}", None]


def test_a_redirect_is_not_followed(server: Server) -> None:
    with Proxy(lambda: server.url) as proxy:
        proxy.fault = lambda method, where, phase: (302, 0)
        with pytest.raises(ServerError):
            Transport(proxy.url, server.key).call("GET", path("runs"))
        assert len(proxy.seen) == 1


@pytest.mark.parametrize("name", ["signature", "X-Amz-Signature"])
def test_signatures_are_in_no_log_and_in_no_traceback(
    server: Server, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Whatever level the script's own logging has: its console is kept too."""
    monkeypatch.setattr("urllib3.util.retry.time.sleep", lambda seconds: None)
    where = f"{path('signed', 'versions', 1)}?{name}={'5ec2e7' * 8}&expires=9"
    with Proxy(lambda: server.url) as proxy, caplog.at_level("DEBUG"):
        transport = Transport(proxy.url, server.key)
        with pytest.raises(ServerError):
            transport.open(where)
        proxy.fault = lambda method, path, phase: "drop"
        with pytest.raises(Unreachable) as caught:
            transport.open(where)
    told = caplog.text + "".join(traceback.format_exception(caught.value))
    assert f"{name}=[hidden]&expires=9" in told
    assert "5ec2e7" not in told
    assert server.key not in told


def test_who_does_not_answer_is_named(server: Server) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        other = f"http://127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(Unreachable, match=rf"^{other} does not answer"):
            Transport(server.url, None).put(f"{other}/bucket/key", "PUT", {}, b"abc", 3)
    with (
        Proxy(lambda: server.url, lambda method, path, phase: (500, 0)) as proxy,
        pytest.raises(Unreachable, match=rf"^{proxy.url} cannot now"),
    ):
        Transport(server.url, None).put(f"{proxy.url}/bucket/key", "PUT", {}, b"abc", 3)


@pytest.mark.parametrize("body", [b"<html>Sign in to this network</html>", b"", b"\xff"])
def test_another_server_is_no_answer(body: bytes) -> None:
    """As from a hotel's network: the spool waits until ours is there."""

    class Other(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *arguments: Any) -> None:
            """Quiet."""

    with HTTPServer(("127.0.0.1", 0), Other) as other:
        threading.Thread(target=other.handle_request, daemon=True).start()
        with pytest.raises(Unreachable, match="does not answer as runfs does"):
            Transport(f"http://127.0.0.1:{other.server_port}", None).call("GET", path("runs"))
