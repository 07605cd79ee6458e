"""The server's API as calls: one a request, dictionaries in and out, fields as the API names them."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence
from typing import Any

from .errors import Absent
from .transport import Transport, path
from .values import encode

REGISTER_TIMEOUT_S = 600.0  # the server reads a large file once to verify it before it answers
PAGE = 1000


class RunClient:
    """The requests that concern one run, named by its id and project."""

    def __init__(self, transport: Transport, run_id: str, project: str | None) -> None:
        self.transport = transport
        self.run_id = run_id
        self._query = {"project": project}

    def _call(self, method: str, *parts: str, body: Any = None, timeout_s: float = 20.0) -> Any:
        where = path("runs", self.run_id, *parts)
        return self.transport.call(method, where, body, query=self._query, timeout_s=timeout_s)

    def get(self) -> dict[str, Any]:
        """The run."""
        return dict(self._call("GET"))

    def patch(self, changes: dict[str, Any]) -> None:
        """Change fields; config and summary are merged key by key."""
        self._call("PATCH", body=changes)

    def heartbeat(self) -> None:
        """Say that the run lives."""
        self._call("POST", "heartbeat", body={})

    def finish(self, exit_code: int | None, state: str | None) -> None:
        """Say that the run has ended, and how."""
        self._call("POST", "finish", body={"exit_code": exit_code, "state": state})

    def delete(self) -> None:
        """Delete the run and its files."""
        self._call("DELETE")

    def history(self, first_line: int, lines: list[bytes]) -> int:
        """Add history lines, each a JSON object; the number of the next line."""
        body = b'{"first_line":%d,"lines":[%s]}' % (first_line, b",".join(lines))
        return int(self._call("POST", "history", body=body)["next_line"])

    def console(self, first_line: int, lines: list[str]) -> int:
        """Add lines of output; the number of the next line."""
        return int(
            self._call("POST", "console", body={"first_line": first_line, "lines": lines})["next_line"]
        )

    def history_pages(self, keys: str | None = None) -> Iterator[dict[str, Any]]:
        """Every history line, in order."""
        return self._line_pages("history", keys)

    def console_pages(self) -> Iterator[str]:
        """Every line of output, in order."""
        return self._line_pages("console", None)

    def _line_pages(self, stream: str, keys: str | None) -> Iterator[Any]:
        first: int | None = 0
        while first is not None:
            query = {**self._query, "first_line": first, "limit": PAGE, "keys": keys}
            page = self.transport.call("GET", path("runs", self.run_id, stream), query=query)
            yield from page["items"]
            first = page["next_line"]

    def files(self, glob: str | None = None, per_page: int = PAGE) -> Iterator[dict[str, Any]]:
        """Every file, by path."""
        query = {**self._query, "glob": glob}
        return pages(self.transport, path("runs", self.run_id, "files"), query, per_page)


def pages(
    transport: Transport, where: str, query: dict[str, Any], per_page: int = PAGE
) -> Iterator[dict[str, Any]]:
    """Every item of a list, page after page."""
    cursor: str | None = None
    while True:
        page = transport.call("GET", where, query={**query, "limit": per_page, "cursor": cursor})
        yield from page["items"]
        cursor = page["next_cursor"]
        if cursor is None:
            return


def create_run(transport: Transport, run: dict[str, Any]) -> dict[str, Any]:
    """Make a run, or resume it where `run["resume"]` allows. Sent once: a second time it might be refused."""
    return dict(transport.call("POST", path("runs"), run, retries=False, timeout_s=20.0))


class Target:
    """Where files go: the files of a run, or of an artifact version that is not committed yet."""

    def __init__(self, transport: Transport, *where: str | int, project: str | None = None) -> None:
        self.transport = transport
        self._where = where
        self._query = {"project": project}

    def request(self, **upload: Any) -> dict[str, Any]:
        """Ask how a file is to be sent; the same question again answers with what is still missing."""
        where = path(*self._where, "files", "upload-url")
        return dict(self.transport.call("POST", where, upload, query=self._query))

    def resume(self, upload_id: str) -> dict[str, Any]:
        """What of an upload is still to be sent."""
        return dict(self.transport.call("GET", path("uploads", upload_id)))

    def tell(self, upload_id: str, sha256: str) -> dict[str, Any]:
        """Tell the hash of what is being sent; the upload to go on with, another one if that is stored."""
        return dict(self.transport.call("PATCH", path("uploads", upload_id), {"sha256": sha256}))

    def abort(self, upload_id: str) -> None:
        """Give up an upload."""
        self.transport.call("DELETE", path("uploads", upload_id))

    def put(self, where: str, data: bytes, **query: str | None) -> dict[str, Any]:
        """Send and register a small file in one request."""
        full = {**self._query, "path": where, **query}
        return dict(self.transport.send_bytes("PUT", path(*self._where, "files"), data, query=full))

    def put_all(self, files: Sequence[tuple[dict[str, Any], bytes]]) -> list[dict[str, Any]]:
        """Send and register small files in one request; of each its `file`, or the `problem` with it."""
        described = encode({"files": [each for each, _ in files]})
        body = b"".join([described, b"\n", *(data for _, data in files)])
        where = path(*self._where, "files:put")
        return list(self.transport.send_bytes("POST", where, body, query=self._query)["items"])

    def register(self, upload_id: str, sha256: str) -> dict[str, Any]:
        """Publish what was sent: answered only when it is durable and verified to have this hash."""
        body = {"upload_id": upload_id, "sha256": sha256}
        where = path(*self._where, "files")
        return dict(self.transport.call("POST", where, body, query=self._query, timeout_s=REGISTER_TIMEOUT_S))

    def lacks(self, file_id: int | str, sha256: str) -> bool:
        """Whether a file was deleted, or replaced by other content, since we sent it."""
        try:
            found = self.transport.call("GET", path("runs", "files", file_id))
        except Absent:
            return True
        return found["sha256"] not in (sha256, None)

    def append(self, file_id: int | str, offset: int, data: bytes, sha256: str) -> dict[str, Any]:
        """Add bytes at the end of a file; Conflict if `offset` is not its end."""
        body = {"offset": offset, "bytes": base64.b64encode(data).decode(), "sha256": sha256}
        return dict(self.transport.call("POST", path("runs", "files", f"{file_id}:append"), body))
