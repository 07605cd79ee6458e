"""A proxy before the real S3 server: it counts what passes, and lets requests fail as they do in life.

It changes no request, so signatures stay good: whoever speaks to S3 through it signs for its address.
"""

from __future__ import annotations

import select
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import Enum
from typing import IO
from urllib.parse import parse_qsl, unquote, urlsplit

CHUNK_BYTES = 64 * 1024
HEAD_MAX_LINES = 200
WAIT_S = 20.0
TRICKLE_S = 0.1  # between two bytes
RESET = struct.pack("ii", 1, 0)  # SO_LINGER: close sends RST


class Fault(Enum):
    """What happens to a request."""

    TRICKLE = "a byte of the answer's body now and then"
    HANG = "no answer, until the faults are taken back"
    RESET = "the connection is reset before S3 hears of it"
    LOST = "S3 does it, and the connection is reset instead of the answer"
    HALF = "half of the answer's body, then the end"
    FLIP = "one bit of the answer's body is another"
    FLIP_IN = "one bit of the request's body is another"
    E403 = "403, as for a URL that expired"
    E500 = "500"
    E503 = "503"
    E503_LATER = "503 with Retry-After: 7"


_REFUSED = {
    Fault.E403: (403, "AccessDenied", {}),
    Fault.E500: (500, "InternalError", {}),
    Fault.E503: (503, "SlowDown", {}),
    Fault.E503_LATER: (503, "SlowDown", {"retry-after": "7"}),
}


@dataclass
class Seen:
    """A request, as it passed."""

    method: str
    key: str  # of the object, without the bucket
    query: dict[str, str]
    headers: dict[str, str]
    sent: int = 0  # bytes of its body
    status: int = 0  # 0: there was no answer
    got: int = 0  # bytes of the answer's body
    fault: Fault | None = None

    @property
    def asks_for_bytes(self) -> bool:
        """Whether it is a GET of an object."""
        return self.method == "GET" and bool(self.key) and "uploadId" not in self.query


Watch = Callable[[Seen, str], None]


@dataclass
class S3Proxy:
    """Listens on loopback inside its block. `rule` chooses the fault of each request, None for none.

    `watch` is told of each request: "before" and "during" S3 gets it, and "after" it has answered.
    """

    target: str
    rule: Callable[[Seen], Fault | None] = lambda seen: None
    watch: Watch = lambda seen, phase: None
    seen: list[Seen] = field(default_factory=list)
    hanging: int = 0
    _healed: int = 0

    def __enter__(self) -> S3Proxy:
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.endpoint = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._lock = threading.Lock()
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.heal()

    def heal(self) -> None:
        """Take the faults back; what hangs is cut."""
        self.rule = lambda seen: None
        self._healed += 1

    def all(self, fault: Fault) -> None:
        """Give every request from now on the same fault."""
        self.rule = lambda seen: fault

    def first(self, fault: Fault, count: int = 1) -> None:
        """Give a fault to the next `count` requests."""
        left = [fault] * count
        self.rule = lambda seen: left.pop() if left else None

    def passed(self) -> list[Seen]:
        """What passed since this was asked last."""
        taken = list(self.seen)
        del self.seen[: len(taken)]
        return taken

    def wait_hanging(self, count: int) -> None:
        """Block until so many requests hang."""
        end = time.monotonic() + WAIT_S
        while self.hanging < count:
            assert time.monotonic() < end, f"only {self.hanging} requests hang"
            time.sleep(0.005)

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with client, client.makefile("rb") as reading:
            try:
                while self._one(client, reading):
                    pass
            except OSError:
                return

    def _one(self, client: socket.socket, reading: IO[bytes]) -> bool:
        """One request of a connection; whether another may follow."""
        line, headers = _head(reading)
        if not line:
            return False
        method, where, _ = line.split()
        url = urlsplit(where)
        key = unquote(url.path).lstrip("/").partition("/")[2]
        seen = Seen(method, key, dict(parse_qsl(url.query, keep_blank_values=True)), dict(headers))
        seen.fault = self.rule(seen)
        self.seen.append(seen)
        if headers.pop("expect", ""):
            client.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        if seen.fault is Fault.HANG:
            self._hang(client)
        if seen.fault in (Fault.HANG, Fault.RESET):
            return _reset(client)
        body = _body(reading, headers)
        if seen.fault in _REFUSED:
            return _refuse(client, seen, body)
        self.watch(seen, "before")
        address = urlsplit(self.target)
        with socket.create_connection((address.hostname or "", address.port or 0)) as server:
            server.sendall(_joined(line, headers | {"connection": "close"}))
            for chunk in body:
                if not seen.sent:
                    self.watch(seen, "during")
                flip = seen.fault is Fault.FLIP_IN and not seen.sent
                seen.sent += len(chunk)
                server.sendall(_flipped(chunk) if flip else chunk)
            with server.makefile("rb") as answer:
                return _answer(client, answer, seen, self.watch)

    def _hang(self, client: socket.socket) -> None:
        """Until it is healed, or the client gives up."""
        healed = self._healed
        with self._lock:
            self.hanging += 1
        while healed == self._healed:
            readable, _, _ = select.select([client], [], [], 0.05)
            if readable and not client.recv(CHUNK_BYTES):
                break
        with self._lock:
            self.hanging -= 1


def _answer(client: socket.socket, answer: IO[bytes], seen: Seen, watch: Watch) -> bool:
    line, headers = _head(answer)
    if not line:
        return _reset(client)
    seen.status = int(line.split()[1])
    watch(seen, "after")
    if seen.fault is Fault.LOST:
        answer.read()
        return _reset(client)
    headers.pop("connection", None)
    if seen.method == "HEAD" or seen.status in (204, 304):
        client.sendall(_joined(line, headers))
        return True
    if "content-length" not in headers:  # chunked: passed on as it is, to its end
        headers["connection"] = "close"
        client.sendall(_joined(line, headers) + answer.read())
        return False
    client.sendall(_joined(line, headers))
    stop = int(headers["content-length"]) // 2
    for chunk in _body(answer, headers):
        first = not seen.got
        seen.got += len(chunk)
        if seen.fault is Fault.HALF and seen.got >= stop:
            client.sendall(chunk[: len(chunk) - (seen.got - stop)])
            return False
        if seen.fault is Fault.TRICKLE:
            for byte in chunk:
                client.sendall(bytes([byte]))
                time.sleep(TRICKLE_S)
        else:
            client.sendall(_flipped(chunk) if first and seen.fault is Fault.FLIP else chunk)
    return True


def _refuse(client: socket.socket, seen: Seen, body: Iterator[bytes]) -> bool:
    assert seen.fault is not None
    seen.sent = sum(map(len, body))
    seen.status, code, headers = _REFUSED[seen.fault]
    document = b"" if seen.method == "HEAD" else f"<Error><Code>{code}</Code></Error>".encode()
    length = {"content-length": str(len(document)), "content-type": "application/xml"}
    client.sendall(_joined(f"HTTP/1.1 {seen.status} {code}", headers | length) + document)
    return True


def _reset(client: socket.socket) -> bool:
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    return False


def _head(reading: IO[bytes]) -> tuple[str, dict[str, str]]:
    """First line and headers, their names in small letters; an empty line where there is nothing more."""
    line = reading.readline().decode("latin-1").rstrip("\r\n")
    headers: dict[str, str] = {}
    for _ in range(HEAD_MAX_LINES):
        name, colon, value = reading.readline().decode("latin-1").rstrip("\r\n").partition(":")
        if not colon:
            break
        headers[name.lower()] = value.strip()
    return line, headers


def _joined(line: str, headers: dict[str, str]) -> bytes:
    text = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"{line}\r\n{text}\r\n".encode("latin-1")


def _body(reading: IO[bytes], headers: dict[str, str]) -> Iterator[bytes]:
    left = int(headers.get("content-length", 0))
    while left and (chunk := reading.read(min(left, CHUNK_BYTES))):
        left -= len(chunk)
        yield chunk


def _flipped(chunk: bytes) -> bytes:
    return bytes([chunk[0] ^ 1]) + chunk[1:]
