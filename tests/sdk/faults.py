"""A proxy before the real server that lets requests fail: only for fault injection.

`fault` is asked about each request as (method, path, phase): phase "before" when the request has come and is
not forwarded yet, "after" when the server has answered and the answer is not returned yet. It gives None (go
on), "drop" (cut the connection), or a status with seconds for Retry-After, which is answered instead.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import urllib3

Fault = Callable[[str, str, str], Any]


class Proxy:
    """Forwards to `target()`; used as a context manager."""

    def __init__(self, target: Callable[[], str], fault: Fault = lambda method, path, phase: None) -> None:
        self.fault = fault
        self.seen: list[str] = []
        self._target = target
        self._pool = urllib3.PoolManager(retries=False)
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self) -> None:
                proxy.forward(self)

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = answer

            def log_message(self, format: str, *arguments: Any) -> None:
                """Quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    def forward(self, request: BaseHTTPRequestHandler) -> None:
        """One request, with the faults that are wished for; none whose client died before its end."""
        size = int(request.headers.get("Content-Length", 0))
        body = request.rfile.read(size)
        if len(body) < size:  # forwarded, the server would take the next request for the rest of it
            self._cut(request)
            return
        path = request.path.partition("?")[0]
        self.seen.append(f"{request.command} {path}")
        if self._interrupted(request, self.fault(request.command, path, "before")):
            return
        try:
            answer = self._pool.request(
                request.command,
                self._target() + request.path,
                body=body,
                headers={name: value for name, value in request.headers.items() if name != "Connection"},
                redirect=False,
            )
        except urllib3.exceptions.HTTPError:
            self._cut(request)
            return
        if self._interrupted(request, self.fault(request.command, path, "after")):
            return
        with contextlib.suppress(OSError):
            request.send_response(answer.status)
            for name, value in answer.headers.items():
                if name.lower() not in (
                    "transfer-encoding",
                    "connection",
                    "date",
                    "server",
                    "content-length",
                ):
                    request.send_header(name, value)
            request.send_header("Content-Length", str(len(answer.data)))
            request.end_headers()
            request.wfile.write(answer.data)

    def _interrupted(self, request: BaseHTTPRequestHandler, fault: Any) -> bool:
        if fault is None:
            return False
        if fault == "drop":
            self._cut(request)
            return True
        status, retry_after = fault
        with contextlib.suppress(OSError):
            request.send_response(status)
            request.send_header("Retry-After", str(retry_after))
            request.send_header("Content-Length", "0")
            request.end_headers()
        return True

    def _cut(self, request: BaseHTTPRequestHandler) -> None:
        request.close_connection = True
        with contextlib.suppress(OSError):
            request.connection.shutdown(socket.SHUT_RDWR)

    @property
    def url(self) -> str:
        """Where the proxy answers."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Proxy:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._pool.clear()
