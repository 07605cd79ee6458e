"""A writer: saves, replaces, appends to, shares, restores and deletes its files through plain HTTP.

It is the only one that writes them, so it knows at its end what each must hold.
"""

from __future__ import annotations

import base64
import hashlib
import random
import time
from collections.abc import Callable
from urllib.parse import quote

from soaking.board import POOL, SIZES, Board, File, files_of
from soaking.content import record
from soaking.door import Door


class Writer:
    """One writer with its own run and its own chances."""

    def __init__(self, number: int, seed: int, board: Board, door: Door) -> None:
        self.files = files_of(number)
        self.door = door
        self.board = board
        self.random = random.Random(f"{seed} writer {number}")
        self.holds: dict[str, bytes | None] = {file.path: None for file in self.files}
        self.ids: dict[str, int] = {}
        self.writes = 0

    def work(self, until: Callable[[], bool]) -> None:
        """Write until told to stop."""
        self.door.ask("POST", "/runs", {"project": "soak/soak", "id": self.files[0].run, "resume": "allow"})
        while not until():
            file = self.random.choice(self.files)
            chance = self.random.random()
            if self.holds[file.path] is None or chance < 0.5:
                self.save(file)
            elif chance < 0.65:
                self.delete(file)
            elif file.kind == "growing":
                for _ in range(self.random.choice((1, 5, 40))):  # 40 make it merge
                    self.append(file)
            else:
                self.send_in_two_steps(file)
            time.sleep(self.random.random() * 0.02)

    def content(self, file: File) -> bytes:
        """What to write next into a file; all writers have the same contents for shared files."""
        self.writes += 1
        if file.kind == "shared":
            item = self.random.randrange(POOL)
            return record("shared", item, SIZES[item + 3])
        limit = 4 if file.kind == "growing" else len(SIZES)
        return record(f"{file.run}/{file.path}", self.writes, self.random.choice(SIZES[:limit]))

    def save(self, file: File) -> None:
        """Save in one request."""
        data = self.content(file)
        where = f"/runs/{file.run}/files?path={quote(file.path, safe='')}&project=soak/soak"
        self.saved(file, self.door.ask("PUT", where, data).json(), data)

    def send_in_two_steps(self, file: File) -> None:
        """Ask for an upload, send, register: with kills in between the same upload goes on."""
        data = self.content(file)
        asked = {"path": file.path, "size": len(data), "sha256": hashlib.sha256(data).hexdigest()}
        upload = self.door.ask("POST", f"/runs/{file.run}/files/upload-url?project=soak/soak", asked).json()
        if upload.get("upload_url"):
            path = upload["upload_url"].split("/api/v1", 1)[1]
            self.door.ask("PUT", path, data, fine=(409,))
        registered = {"upload_id": upload["upload_id"]}
        done = self.door.ask("POST", f"/runs/{file.run}/files?project=soak/soak", registered).json()
        self.saved(file, done, data)

    def saved(self, file: File, document: dict[str, object], data: bytes) -> None:
        """Remember what was acknowledged."""
        digest = hashlib.sha256(data).hexdigest()
        assert (document["size"], document["sha256"]) == (len(data), digest), document
        self.ids[file.path] = int(str(document["id"]))
        self.holds[file.path] = data
        self.board.acknowledge(file, self.writes)

    def append(self, file: File) -> None:
        """Let a growing file grow. Asked again, the daemon may have it already: then it ends further on."""
        held = self.holds[file.path] or b""
        tail = self.content(file)
        body = {"offset": len(held), "bytes": base64.b64encode(tail).decode()}
        answer = self.door.ask("POST", f"/runs/files/{self.ids[file.path]}:append", body, fine=(409,))
        if answer.status == 409:
            now = self.door.ask("GET", f"/runs/files/{self.ids[file.path]}").json()
            assert now["size"] == len(held) + len(tail), (now, len(held), len(tail))
        self.holds[file.path] = held + tail
        self.board.acknowledge(file, self.writes)

    def delete(self, file: File) -> None:
        """Delete; asked again, it may be gone already."""
        self.board.deleting(file)
        self.door.ask("DELETE", f"/runs/files/{self.ids.pop(file.path)}", fine=(404,))
        self.writes += 1
        self.holds[file.path] = None
        self.board.acknowledge(file, self.writes, away=True)

    def expected(self) -> dict[str, tuple[int, str]]:
        """Size and SHA-256 of each file that must be there."""
        return {
            path: (len(data), hashlib.sha256(data).hexdigest())
            for path, data in self.holds.items()
            if data is not None
        }
