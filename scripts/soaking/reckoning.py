"""The reckoning at a soak's end: every acknowledged byte, every total, nothing left over."""

from __future__ import annotations

import asyncio
import hashlib
import json
import shutil
import sqlite3
import subprocess
from typing import Any
from urllib.parse import quote

from nfsd.client import Client
from soaking.daemon import Daemon
from soaking.door import Door

Expected = dict[str, tuple[int, str]]  # path: size and SHA-256


def reckon(
    daemon: Daemon, writers: list[tuple[str, Expected, int, int]], scripts: list[dict[str, Any]]
) -> dict[str, Any]:
    """Compare, stop the daemon, check the folder; gives figures. AssertionError says what is wrong."""
    runs = {run: files for run, files, _, _ in writers}
    runs |= {script["run"]: {path: tuple(is_) for path, is_ in script["files"].items()} for script in scripts}
    door = Door(f"http://{daemon.http}", daemon.key)
    asyncio.run(_over_nfs(daemon, runs))
    for run, files in runs.items():
        _over_http(door, run, files)
    rows = {script["run"]: script["rows"] for script in scripts}
    for run, count in rows.items():
        document = door.ask("GET", f"/runs/{run}?project=soak/soak").json()
        assert document["history_lines"] == count, (
            f"{run}: {count} rows logged, {document['history_lines']} kept"
        )
    _over_libnfs(daemon, runs)
    daemon.command("fsck", "--deep")
    assert daemon.end() == 0, "the daemon did not stop well"
    given_up = _give_up_uploads(daemon)
    daemon.command("gc", "--now")
    checked = daemon.command("fsck", "--deep").splitlines()[-1]
    assert checked == "0 wrong, 0 orphans", checked
    blobs = daemon.data / "blobs"
    left = [str(path) for folder in ("tmp", "pieces") for path in (blobs / folder).iterdir()]
    assert not left, f"left over: {left}"
    with sqlite3.connect(daemon.data / "catalog.sqlite3") as catalog:
        (known,) = catalog.execute("SELECT count(*) FROM blobs").fetchone()
    stored = sum(path.is_file() for path in blobs.glob("??/*"))
    assert stored == known, f"{stored} blobs, {known} rows"
    complaints = [line for line in daemon.log.read_text().splitlines() if '"level": "error"' in line]
    assert not complaints, "the daemon's log has errors:\n" + "\n".join(complaints[:5])
    return {
        "files_at_the_end": sum(map(len, runs.values())),
        "blobs_at_the_end": stored,
        "uploads_given_up": given_up,
    }


def _give_up_uploads(daemon: Daemon) -> int:
    """Let the hour be over that uploads are kept for: who was cut off may have begun another one instead."""
    with sqlite3.connect(daemon.data / "catalog.sqlite3") as catalog:
        return catalog.execute("UPDATE uploads SET expires_ns = 0 WHERE state IN ('open', 'stored')").rowcount


async def _over_nfs(daemon: Daemon, runs: dict[str, Expected]) -> None:
    async with await Client.mount("127.0.0.1", int(daemon.nfs.rpartition(":")[2])) as client:
        for run, files in runs.items():
            for path, expected in files.items():
                entry = await client.walk(f"runs/{run}/files/{path}")
                data = b"".join([part async for part in client.read(entry)])
                found = len(data), hashlib.sha256(data).hexdigest()
                assert found == expected, f"NFS, {run}/{path}: {found}, not {expected}"
                assert entry.attributes.size == expected[0], (
                    f"{run}/{path}: {entry.attributes.size} by its size"
                )
            metadata = await client.walk(f"runs/{run}/metadata.json")
            document = json.loads(b"".join([part async for part in client.read(metadata)]))
            totals = document["files"], document["bytes"]
            sums = len(files), sum(size for size, _ in files.values())
            assert totals == sums, f"metadata.json of {run}: {totals}, not {sums}"


def _over_http(door: Door, run: str, files: Expected) -> None:
    listed = door.ask("GET", f"/runs/{run}/files?project=soak/soak&limit=1000").json()
    sums = len(files), sum(size for size, _ in files.values())
    assert (listed["total_count"], listed["total_bytes"]) == sums, f"{run}: {listed}, not {sums}"
    found = {item["path"]: item for item in listed["items"]}
    assert found.keys() == files.keys(), f"{run}: {sorted(found)} listed, not {sorted(files)}"
    for path, expected in files.items():
        data = door.ask("GET", f"/runs/files/{found[path]['id']}/content").data
        got = len(data), hashlib.sha256(data).hexdigest()
        assert got == expected, f"HTTP, {run}/{path}: {got}, not {expected}"


def _over_libnfs(daemon: Daemon, runs: dict[str, Expected]) -> None:
    """The same with a client that nobody here wrote, where it is installed: one file of each run."""
    if shutil.which("nfs-cat") is None:
        return
    port = daemon.nfs.rpartition(":")[2]
    for run, files in runs.items():
        for path, expected in list(files.items())[:1]:
            url = f"nfs://127.0.0.1/runs/{run}/files/{quote(path)}?nfsport={port}&mountport={port}&version=3"
            done = subprocess.run(["nfs-cat", url], capture_output=True, timeout=60)
            got = len(done.stdout), hashlib.sha256(done.stdout).hexdigest()
            assert got == expected, f"libnfs, {run}/{path}: {got}, not {expected}: {done.stderr!r}"
