"""A program that lives through the life of files and is killed at every commit point, then judged by fsck.

python crashing.py FOLDER STRIDE

For each STRIDE-th point (a call that makes something durable, or an SQL statement of the writer) a child
process runs the scenario and kills itself there with SIGKILL. Then the store is opened again: what was
acknowledged must be there, what was begun must be there or not but never half, and nothing may be wrong but
orphans, which collecting takes away. Prints one JSON line: how many points there were, and the faults.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

from store.blobs import Expected, LocalBlobs
from store.catalog import Catalog, Transaction, entries, projects, runs
from store.catalog.sqlite import Database
from store.uploads import Content, Uploads, collect

# What is at which path after each step; None: nothing. A step changes one path.
STEPS: list[tuple[str, bytes | None]] = [
    ("a", b"first"),
    ("d/b", b"two"),
    ("d/b", b"two, again"),
    ("a", b"first and a tail"),
    ("c", b"two, again"),
    ("c", None),
    ("m", b"abcdefg"),
    ("d/b", b"two"),
    ("a", None),
    ("", None),  # collecting
    ("e", b""),
    ("p", b"of another project"),
    ("p", None),
    ("r", b"of another run"),
    ("r", None),
    ("", None),  # collecting
]


async def chunks(*parts: bytes) -> AsyncIterator[bytes]:
    for part in parts:
        yield part


async def opened(folder: Path) -> tuple[Catalog, LocalBlobs, Uploads]:
    catalog = await Catalog.open(folder / "catalog", poll_s=None)
    blobs = LocalBlobs(folder / "blobs")
    return catalog, blobs, Uploads(catalog, blobs, grace_s=0)


async def prepare(folder: Path) -> None:
    catalog, blobs, _ = await opened(folder)

    async def work(tx: Transaction) -> None:
        for name in ("p", "q"):
            await runs.create(tx, (await projects.ensure(tx, "team", name)).id, "r")
        await runs.create(tx, 1, "s")

    await catalog.write(work)
    await catalog.close()
    await blobs.close()


async def scenario(folder: Path, say: Callable[[str], None]) -> None:
    catalog, blobs, uploads = await opened(folder)

    async def entry(path: str) -> int:
        listed = await entries.by_path(catalog.direct, 1, path)
        assert listed is not None
        return listed.entry.id

    async def three_steps() -> None:
        asked = await uploads.request(1, "a", Expected(5, hashlib.sha256(b"first").digest()), reads=None)
        await uploads.receive(asked.id, None, chunks(b"first"))
        await uploads.register(asked.id)

    async def in_parts() -> None:
        asked = await uploads.request(1, "m", Expected(7), reads=None, part_size=3)
        for number, part in ((3, b"g"), (1, b"abc"), (2, b"def")):
            await uploads.receive(asked.id, number, chunks(part))
        await uploads.register(asked.id)

    steps: list[Callable[[], Any]] = [
        three_steps,
        lambda: uploads.put(1, "d/b", chunks(b"two")),
        lambda: uploads.put(1, "d/b", chunks(b"two, ", b"again")),
        lambda: _then(entry("a"), lambda found: uploads.append(found, 5, chunks(b" and a tail"))),
        lambda: uploads.put(1, "c", chunks(b"two, again")),
        lambda: _then(entry("c"), lambda found: uploads.delete([found])),
        in_parts,
        lambda: _then(entry("d/b"), lambda found: uploads.restore(found, 1)),
        lambda: _then(entry("a"), lambda found: uploads.delete([found])),
        lambda: uploads.collect(now=True),
        lambda: uploads.put(1, "e", chunks()),
        lambda: uploads.put(2, "p", chunks(b"of another project")),
        lambda: catalog.write(lambda tx: projects.delete(tx, 2)),
        lambda: uploads.put(3, "r", chunks(b"of another run")),
        lambda: catalog.write(lambda tx: runs.delete(tx, 3)),
        lambda: uploads.collect(now=True),
    ]
    for number, step in enumerate(steps):
        say(f"begin {number}")
        await step()
        say(f"done {number}")
    await catalog.close()
    await blobs.close()


async def _then(first: Any, second: Callable[[Any], Any]) -> Any:
    return await second(await first)


def count_points(at: int | None) -> list[int]:
    """Hook every commit point; the process dies before the one with number `at`. The count so far is element
    0.
    """
    seen = [0]

    def point(*_: object) -> None:
        seen[0] += 1
        if seen[0] == at:
            os.kill(os.getpid(), signal.SIGKILL)

    def hooked(real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            point()
            return real(*args, **kwargs)

        return call

    for name in ("fsync", "pwrite", "rename", "unlink"):
        setattr(os, name, hooked(getattr(os, name)))
    open_database = Database.open.__func__  # type: ignore[attr-defined]

    def traced(cls: Any, path: Path, *more: Any) -> Any:
        database = open_database(cls, path, *more)
        database._writer.set_trace_callback(point)
        return database

    Database.open = classmethod(traced)  # type: ignore[assignment, method-assign]
    return seen


def run_child(folder: Path, at: int | None) -> tuple[list[str], int]:
    """Run the scenario in a child; what it said, and how many points it passed (0 when it was killed)."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        asyncio.run(prepare(folder))
        seen = count_points(at)
        asyncio.run(scenario(folder, lambda text: _say(writing, text)))
        _say(writing, f"points {seen[0]}")
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        said = pipe.read().splitlines()
    _, status = os.waitpid(child, 0)
    assert status in (0, signal.SIGKILL), f"the scenario failed by itself, at point {at}"
    last = said[-1].split() if said else ["", "0"]
    return said, int(last[1]) if last[0] == "points" else 0


def _say(fd: int, text: str) -> None:
    os.write(fd, text.encode() + b"\n")


async def judge(folder: Path, said: list[str]) -> list[str]:
    """What is wrong after the crash."""
    done = sum(line.startswith("done") for line in said)
    before = dict(STEPS[:done])
    after = dict(STEPS[: sum(line.startswith("begin") for line in said)])
    catalog, blobs, uploads = await opened(folder)
    content = Content(catalog.direct, blobs)
    faults = []

    async def look(when: str) -> None:
        for path in {path for path, _ in STEPS if path}:
            fileset_id = {"p": 2, "r": 3}.get(path, 1)
            listed = await entries.by_path(catalog.direct, fileset_id, path)
            listed = listed and await entries.by_id(
                catalog.direct, listed.entry.id
            )  # None in a deleted project or run
            got = None
            if listed is not None and listed.version is not None:
                got = bytes(await content.read(listed.version.id, 0, 1000))
            if got not in (before.get(path), after.get(path)):
                faults.append(f"{when}: {path} is {got!r}, not {before.get(path)!r} or {after.get(path)!r}")

    await look("at once")
    faults += [f"{finding}" for finding in await uploads.fsck(deep=True) if finding.kind != "orphan"]
    collect.ORPHAN_AGE_S = -10.0
    await catalog.write(lambda tx: tx.run("UPDATE uploads SET expires_ns = 1"))
    await uploads.collect(now=True)
    await look("collected")
    faults += [f"collected: {finding}" for finding in await uploads.fsck(deep=True)]
    left = [path for part in ("tmp", "pieces") for path in (folder / "blobs" / part).iterdir()]
    faults += [f"left behind: {path}" for path in left]
    await uploads.put(1, "after", chunks(b"it goes on"))
    await catalog.close()
    await blobs.close()
    return faults


def judged(folder: Path, said: list[str]) -> list[str]:
    """Judge in a fresh process, as the daemon that is started again would be."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        _say(writing, json.dumps(asyncio.run(judge(folder, said))))
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        text = pipe.read()
    os.waitpid(child, 0)
    faults: list[str] = json.loads(text or '["the store could not be opened again"]')
    return faults


def main(base: Path, stride: int) -> None:
    said, points = run_child(_folder(base, 0), None)
    faults = {0: judged(base / "0", said)}
    for at in range(1, points + 1, stride):
        said, _ = run_child(_folder(base, at), at)
        faults[at] = judged(base / str(at), said)
    wrong = {at: found for at, found in faults.items() if found}
    print(json.dumps({"points": points, "killed": len(faults) - 1, "faults": wrong}))


def _folder(base: Path, number: int) -> Path:
    folder = base / str(number)
    folder.mkdir()
    return folder


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
