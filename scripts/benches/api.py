"""A plain client of our HTTP API: what a program without the SDK would write."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, BinaryIO

import urllib3

from benches.daemons import BenchError, accepts

PROJECT = "bench/bench"
TIMEOUT_S = 120.0
BATCH = 1000  # the most that one request may ask for
PUTS_AT_ONCE = 8
OPEN_LIMIT_S = 60.0


def await_http(port: int) -> None:
    """Waits until something listens: our daemon answers on its NFS port first. BenchError after 60 s."""
    deadline = time.monotonic() + OPEN_LIMIT_S
    while not accepts(port):
        if time.monotonic() > deadline:
            raise BenchError(f"nothing listens on port {port} after {OPEN_LIMIT_S:.0f} s")
        time.sleep(0.02)


class Api:
    """Runs and files on one server, as the owner of its data folder. Safe to use from many threads."""

    def __init__(self, port: int, data: Path, connections: int = 16) -> None:
        self.port = port
        self.key = (data / "key").read_text().strip()
        self.headers = {"Authorization": f"Bearer {self.key}"}
        self._pool = urllib3.HTTPConnectionPool(
            "127.0.0.1", port, maxsize=connections, timeout=TIMEOUT_S, retries=False
        )
        await_http(port)

    def ask(self, method: str, path: str, document: Mapping[str, Any] | None = None) -> Any:
        """A request under /api/v1 and its JSON answer. BenchError for any status of 400 and above."""
        headers = {**self.headers, "Content-Type": "application/json"}
        body = None if document is None else json.dumps(document)
        answer = self._pool.request(method, f"/api/v1{path}", body=body, headers=headers)
        if answer.status >= 400:
            raise BenchError(f"{method} {path}: {answer.status} {answer.data[:500].decode(errors='replace')}")
        return json.loads(answer.data) if answer.data else None

    def create_run(self, run_id: str, **fields: Any) -> None:
        """A run in the bench's project; the first makes it the default one, so that it is under /runs."""
        self.ask("POST", "/runs", {"project": PROJECT, "id": run_id, **fields})

    def finish_run(self, run_id: str) -> None:
        """Ends a run: nothing of it changes by itself any more, as a silent run's state does."""
        self.ask("POST", f"/runs/{run_id}/finish", {"exit_code": 0})

    def delete_run(self, run_id: str) -> None:
        """A run and its files; their bytes go when the grace period is over."""
        self.ask("DELETE", f"/runs/{run_id}")

    def content_url(self, run_id: str) -> str:
        """Where the bytes of a run's only file are."""
        (file,) = self.ask("GET", f"/runs/{run_id}/files")["items"]
        return f"http://127.0.0.1:{self.port}/api/v1/runs/files/{file['id']}/content"

    def request_upload(self, run_id: str, path: str, size: int, sha256: str) -> dict[str, Any]:
        """The first of three steps: where the bytes go."""
        upload: dict[str, Any] = self.ask(
            "POST", f"/runs/{run_id}/files/upload-url", {"path": path, "size": size, "sha256": sha256}
        )
        return upload

    def register(self, run_id: str, upload: Mapping[str, Any]) -> dict[str, Any]:
        """The third step: the file is visible when this answers."""
        file: dict[str, Any] = self.ask("POST", f"/runs/{run_id}/files", {"upload_id": upload["upload_id"]})
        return file

    def put(self, url: str, body: bytes | BinaryIO, size: int, headers: Mapping[str, str]) -> None:
        """The second step, for the whole file or one part."""
        target = url.partition(f":{self.port}")[2] or url
        answer = self._pool.request(
            "PUT", target, body=body, headers={**headers, "Content-Length": str(size)}, preload_content=True
        )
        if answer.status >= 300:
            raise BenchError(f"PUT: {answer.status} {answer.data[:500].decode(errors='replace')}")

    def upload(self, run_id: str, path: str, data: bytes) -> None:
        """A file of up to a few MiB, in three steps."""
        upload = self.request_upload(run_id, path, len(data), hashlib.sha256(data).hexdigest())
        if not upload["already_stored"]:
            self.put(upload["upload_url"], data, len(data), upload["headers"])
        self.register(run_id, upload)

    def upload_many(self, run_id: str, files: Mapping[str, bytes]) -> None:
        """Small files of one run, asked for and registered BATCH at a time."""
        left = list(files.items())
        while left:
            some, left = left[:BATCH], left[BATCH:]
            wishes = [
                {"path": path, "size": len(data), "sha256": hashlib.sha256(data).hexdigest()}
                for path, data in some
            ]
            asked = self.ask("POST", f"/runs/{run_id}/files:upload-urls", {"files": wishes})["items"]
            uploads = [item["upload"] for item in asked]
            with ThreadPoolExecutor(PUTS_AT_ONCE) as pool:
                sent = [
                    pool.submit(self.put, upload["upload_url"], data, len(data), upload["headers"])
                    for upload, (_, data) in zip(uploads, some, strict=True)
                    if not upload["already_stored"]
                ]
                for answer in sent:
                    answer.result()
            ids = [{"upload_id": upload["upload_id"]} for upload in uploads]
            for item in self.ask("POST", f"/runs/{run_id}/files:register", {"uploads": ids})["items"]:
                if item["problem"]:
                    raise BenchError(f"registering in {run_id}: {item['problem']}")

    def announce(self, run_id: str, path: str, source: Path) -> dict[str, Any]:
        """Hashes a local file and asks where its bytes go."""
        with source.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
        return self.request_upload(run_id, path, source.stat().st_size, digest)

    def send(self, upload: Mapping[str, Any], source: Path) -> None:
        """The bytes of an announced file, part by part where the server asks for parts."""
        with source.open("rb") as stream:
            for part in upload["parts"] or []:
                stream.seek(part["offset"])
                self.put(part["upload_url"], stream.read(part["size"]), part["size"], part["headers"])
            if not upload["parts"] and not upload["already_stored"]:
                self.put(upload["upload_url"], stream, source.stat().st_size, upload["headers"])

    def upload_file(self, run_id: str, path: str, source: Path) -> None:
        """A file of any size from the disk."""
        upload = self.announce(run_id, path, source)
        self.send(upload, source)
        self.register(run_id, upload)
