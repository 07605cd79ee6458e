"""Any order of request, send, send again, register, append, delete, restore and collect, from two clients.

A dictionary is the model: what is at each path, which versions are kept, in which state each upload is. After
every step the store must agree with it, down to the bytes and the totals, and fsck must find nothing wrong.
"""

from __future__ import annotations

import asyncio
import hashlib
import shutil
import tempfile
from collections.abc import AsyncIterator, Coroutine
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    multiple,
    rule,
)

from store.blobs import Expected, LocalBlobs
from store.catalog import Catalog, Transaction, entries, filesets, projects, runs, versions
from store.catalog.rows import Run
from store.errors import Absent, Conflict, Mismatch
from store.uploads import Content, Uploads

KEPT = 2
PATHS = st.sampled_from(["a", "b", "d/a", "d/e/f"])
CONTENTS = st.sampled_from([b"", b"x", b"y", b"xy", b"longer"])
CLIENTS = st.sampled_from([0, 1])


async def chunks(content: bytes) -> AsyncIterator[bytes]:
    for index in range(len(content)):
        yield content[index : index + 1]


@dataclass
class Asked:
    """An upload as its client sees it."""

    client: int
    id: str
    run: int
    path: str
    announced: bytes | None
    sent: bytes | None = None
    registered: bool = False


@dataclass
class Kept:
    """A version in the model. The hash of one that grew is not known, so equal content is not recognised."""

    content: bytes
    known: bool = True


@dataclass
class Shadow:
    """What the model says of one run: path -> the kept versions, the current one last."""

    files: dict[str, list[Kept]] = field(default_factory=dict)
    numbers: dict[str, int] = field(default_factory=dict)

    def publish(self, path: str, content: bytes) -> None:
        if path not in self.files:
            self.files[path], self.numbers[path] = [Kept(content)], 1
        elif self.files[path][-1] != Kept(content):
            self.push(path, Kept(content))

    def holds(self, content: bytes) -> bool:
        """Whether a version has that content, be it by growing: one tail onto an empty file is all of it."""
        return any(version.content == content for kept in self.files.values() for version in kept)

    def push(self, path: str, version: Kept) -> None:
        self.files[path] = [*self.files[path], version][-KEPT:]
        self.numbers[path] += 1


class Machine(RuleBasedStateMachine):
    """Two clients, each with a run of its own project, over one store."""

    asked: Any = Bundle("asked")

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.folder = Path(tempfile.mkdtemp(prefix="machine"))
        self.shadows = [Shadow(), Shadow()]
        self.outcomes: list[str] = []

    def wait(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        return self.loop.run_until_complete(coroutine)

    @initialize()
    def open(self) -> None:
        self.wait(self._open())

    async def _open(self) -> None:
        self.catalog = await Catalog.open(self.folder / "catalog", poll_s=None)
        self.blobs = LocalBlobs(self.folder / "blobs")
        self.uploads = Uploads(self.catalog, self.blobs, grace_s=0, versions_kept=KEPT)

        self.runs = [
            await self.catalog.write(lambda tx, client=client: self._run(tx, client)) for client in (0, 1)
        ]

    async def _run(self, tx: Transaction, client: int) -> Run:
        return await runs.create(tx, (await projects.ensure(tx, "team", f"p{client}")).id, "r")

    @rule(target=asked, client=CLIENTS, path=PATHS, content=CONTENTS, announce=st.booleans())
    def request(self, client: int, path: str, content: bytes, announce: bool) -> Any:
        run = self.runs[client]
        expected = Expected(len(content), hashlib.sha256(content).digest()) if announce else Expected()
        try:
            made = self.wait(self.uploads.request(run.fileset_id, path, expected, reads=run.project_id))
        except Conflict:
            assert self.blocked(client, path)
            return multiple()
        assert not self.blocked(client, path)
        asked = Asked(client, made.id, run.id, path, content if announce else None)
        if made.state == "stored":  # only said of what this client may read
            assert announce
            assert self.shadows[client].holds(content)
            asked.sent = content
        return asked

    @rule(asked=asked, content=CONTENTS)
    def send(self, asked: Asked, content: bytes) -> None:
        try:
            self.wait(self.uploads.receive(asked.id, None, chunks(content)))
        except Mismatch:
            assert asked.announced is not None
            assert content != asked.announced
            return
        except (Conflict, Absent):
            assert asked.registered or self.gone(asked) or (asked.sent is not None and content != asked.sent)
            return
        assert not asked.registered
        asked.sent = content

    @rule(asked=asked, content=CONTENTS)
    def tell(self, asked: Asked, content: bytes) -> None:
        project_id, sha256 = self.runs[asked.client].project_id, hashlib.sha256(content).digest()
        known = asked.announced if asked.sent is None else asked.sent
        try:
            told = self.wait(self.uploads.tell(asked.id, sha256, reads=project_id))
        except Mismatch:
            assert known not in (None, content)
            return
        except (Conflict, Absent):
            assert asked.registered or self.gone(asked)
            return
        assert not asked.registered
        assert known in (None, content)
        asked.announced = content
        if told.id != asked.id:
            assert asked.sent is None
            assert self.shadows[asked.client].holds(content)
            asked.id, asked.sent = told.id, content

    @rule(asked=asked)
    def register(self, asked: Asked) -> None:
        shadow = self.shadows[asked.client]
        try:
            self.wait(self.uploads.register(asked.id))
        except Absent:
            assert asked.registered or self.gone(asked)  # registered, and deleted since
            return
        except Conflict:
            assert asked.sent is None or self.blocked(asked.client, asked.path) or self.gone(asked)
            return
        assert asked.sent is not None
        assert not self.gone(asked)
        if not asked.registered:
            asked.registered = True
            shadow.publish(asked.path, asked.sent)

    @rule(asked=consumes(asked))
    def abort(self, asked: Asked) -> None:
        try:
            self.wait(self.uploads.abort(asked.id))
        except Conflict:
            assert asked.registered

    @rule(client=CLIENTS, path=PATHS, content=CONTENTS)
    def put(self, client: int, path: str, content: bytes) -> None:
        try:
            self.wait(self.uploads.put(self.runs[client].fileset_id, path, chunks(content)))
        except Conflict:
            assert self.blocked(client, path)
            return
        self.shadows[client].publish(path, content)

    @rule(client=CLIENTS, path=PATHS, tail=CONTENTS, error=st.sampled_from([0, 0, 0, 1]))
    def append(self, client: int, path: str, tail: bytes, error: int) -> None:
        shadow, listed = self.shadows[client], self.wait(self._entry(client, path))
        if path not in shadow.files:
            assert listed is None
            return
        current = shadow.files[path][-1]
        end = len(current.content)
        try:
            self.wait(self.uploads.append(listed.entry.id, end + error, chunks(tail)))
        except Conflict:
            assert error
            return
        assert not error
        if tail:
            shadow.files[path][-1] = Kept(current.content + tail, known=False)

    @rule(client=CLIENTS, path=PATHS)
    def delete(self, client: int, path: str) -> None:
        listed = self.wait(self._entry(client, path))
        if listed is not None:
            assert len(self.wait(self.uploads.delete([listed.entry.id]))) == 1
            del self.shadows[client].files[path]

    @rule(client=CLIENTS, path=PATHS, back=st.integers(0, KEPT))
    def restore(self, client: int, path: str, back: int) -> None:
        shadow, listed = self.shadows[client], self.wait(self._entry(client, path))
        if listed is None:
            return
        number = shadow.numbers[path] - back
        try:
            made = self.wait(self.uploads.restore(listed.entry.id, number))
        except Absent:
            assert back >= len(shadow.files[path])
            return
        if made.changed:
            shadow.push(path, shadow.files[path][-1 - back])

    @rule(client=CLIENTS)
    def delete_project(self, client: int) -> None:
        """What is under way in it comes to nothing; a project of the same name begins empty."""
        self.wait(self.catalog.write(lambda tx: projects.delete(tx, self.runs[client].project_id)))
        self.shadows[client].files.clear()
        assert self.wait(self.uploads.fsck(deep=True)) == []
        self.runs[client] = self.wait(self.catalog.write(lambda tx: self._run(tx, client)))

    @rule(now=st.booleans())
    def collect(self, now: bool) -> None:
        self.wait(self.uploads.collect(now))
        for kept in [kept for shadow in self.shadows if now for kept in shadow.files.values()]:
            kept[:] = [Kept(version.content) for version in kept]  # merged, so the hash is known again

    @invariant()
    def agree(self) -> None:
        if hasattr(self, "runs"):
            self.wait(self._agree())

    async def _agree(self) -> None:
        content = Content(self.catalog.direct, self.blobs)
        for run, shadow in zip(self.runs, self.shadows, strict=True):
            listed = await entries.every(self.catalog.direct, "WHERE entries.fileset_id = ?", run.fileset_id)
            found = {one.entry.path: one for one in listed if one.version is not None}
            assert found.keys() == shadow.files.keys()
            for path, one in found.items():
                kept = await versions.of_entry(self.catalog.direct, one.entry.id)
                got = [bytes(await content.read(version.id, 0, 1000)) for version in reversed(kept)]
                assert got == [version.content for version in shadow.files[path]], path
                assert [version.sha256 is not None for version in reversed(kept)] == [
                    version.known for version in shadow.files[path]
                ]
            totals = await filesets.by_id(self.catalog.direct, run.fileset_id)
            assert totals is not None
            sizes = [len(kept[-1].content) for kept in shadow.files.values()]
            assert (totals.files, totals.bytes) == (len(sizes), sum(sizes))
        assert await self.uploads.fsck(deep=True) == []

    async def _entry(self, client: int, path: str) -> Any:
        return await entries.by_path(self.catalog.direct, self.runs[client].fileset_id, path)

    def gone(self, asked: Asked) -> bool:
        """Whether the project that it was for is deleted."""
        return bool(self.runs[asked.client].id != asked.run)

    def blocked(self, client: int, path: str) -> bool:
        """Whether a file stands where a directory of the path would be, or below the path."""
        return any(
            other.startswith(path + "/") or path.startswith(other + "/")
            for other in self.shadows[client].files
        )

    def teardown(self) -> None:
        if hasattr(self, "catalog"):
            self.wait(self.catalog.close())
            self.wait(self.blobs.close())
        self.loop.close()
        shutil.rmtree(self.folder)


TestMachine = Machine.TestCase
TestMachine.settings = settings(
    max_examples=8, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
)
