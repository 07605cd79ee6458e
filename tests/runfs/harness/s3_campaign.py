"""kill -9 of the client, the daemon or S3 itself at each request that saves make: `VICTIM STRIDE [FIRST]`.

A script saves small, middling and large files (in parts), one that grows, and replaces one. The proxy before
S3 kills the victim when request N comes (before), when the first of its body has been passed on (during), or
when S3 has answered and nobody knows yet (after). The victim is started again; a killed client's saves are
sent by `sync`. All the while, what NFS shows must be whole. At the end every save that returned is there, and
nothing but that is in the bucket. Prints a JSON object of figures and faults; the last
campaign's are in docs/s3_campaign.json. A story takes ten seconds or more, all requests of a victim half an
hour. To be run with PYTHONPATH=.:tests/store/harness:tests/runfs/harness
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import daemon_process
from s3_proxy import S3Proxy, Seen
from seaweed import KEY, SECRET, Seaweed

from nfsd.client import Client, NfsError
from nfsd.nfs3.types import nfsstat3
from nfsd.rpc.client import CallFailed

ROOT = Path(__file__).resolve().parents[3]
VICTIMS = ("client", "daemon", "s3")
PHASES = ("before", "during", "after")
BUCKET = "bucket"
PART = 5 << 20
LIMIT_S = 120.0
# The daemon, with large files that are not large: each point would take seconds more.
PROGRAM = f"""
import sys
import httpapi.intake
httpapi.intake.ONE_PUT_MAX_BYTES = {PART}
httpapi.intake.PART_BYTES = {PART}
from runfs.__main__ import main
sys.exit(main())
"""
SCRIPT = """
import os, sys, sdk
run = sdk.init(id=sys.argv[1])
def save(name, **given):
    run.save(name, base_path=".", **given)
    print(name, flush=True)
save("live")
for name in ("small", "one", "parts"):
    save(name, policy="now")
with open("live", "ab") as file:
    file.write(b"and more")
os.replace("next", "small")
save("small", policy="now")
run.finish()
"""
SYNC = "from sdk.syncing import sync; import sys; sys.exit(any(each.state != 'sent' for each in sync()))"


@dataclass
class Point:
    """Where somebody is killed: when request `number` is in its `phase`."""

    victim: str
    number: int
    phase: str


@dataclass
class Scene:
    """The bucket, the proxy, and a daemon that is started again and again at the same addresses."""

    base: Path
    proxy: S3Proxy
    weed: Seaweed
    daemon: daemon_process.Served
    flags: list[str]
    faults: list[str] = field(default_factory=list)
    kills: Counter[str] = field(default_factory=Counter)
    runs: int = 0

    def restart(self) -> None:
        """Start the daemon that was killed."""
        self.daemon.process.wait()
        ports = ["--http", self.daemon.http.removeprefix("http://"), "--nfs", self.daemon.nfs]
        self.daemon = daemon_process.start(self.daemon.data, *self.flags, *ports, program=("-c", PROGRAM))


@contextlib.contextmanager
def scene(base: Path) -> Iterator[Scene]:
    """Everything that a campaign needs, started."""
    os.environ |= {"AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET, "PYTHONPATH": str(ROOT)}
    weed = Seaweed(base / "seaweed")
    weed.start()
    weed.client().create_bucket(Bucket=BUCKET)
    with S3Proxy(weed.endpoint) as proxy:
        flags = ["--blobs", f"s3://{BUCKET}/campaign?endpoint={proxy.endpoint}", "--grace", "0"]
        flags += ["--project", "team/p"]
        daemon = daemon_process.start(base / "data", *flags, program=("-c", PROGRAM))
        made = Scene(base, proxy, weed, daemon, flags)
        try:
            yield made
        finally:
            made.daemon.process.kill()
            made.daemon.process.wait()
            weed.stop(kill=True)


class Story:
    """One script's life, with one kill in it."""

    def __init__(self, scene: Scene, point: Point) -> None:
        self._scene = scene
        self._point = point
        scene.runs += 1
        self.run = f"run{scene.runs}"
        self._work = scene.base / self.run
        self._work.mkdir()
        sizes = {"small": 1000, "one": 2 << 20, "parts": 2 * PART + 7}
        self._new = {name: os.urandom(size) for name, size in sizes.items()} | {"live": b"begun, "}
        self._allowed = {name: {content} for name, content in self._new.items()}
        for name, content in self._new.items():
            (self._work / name).write_bytes(content)
        for name, content in (("live", b"begun, and more"), ("small", os.urandom(1001))):
            self._allowed[name].add(content)
            self._new[name] = content
        (self._work / "next").write_bytes(self._new["small"])
        self._environment = os.environ | {
            "XDG_STATE_HOME": str(self._work / "state"),
            "RUNFS_URL": scene.daemon.http,
            "RUNFS_DATA": str(scene.daemon.data),
            "RUNFS_PROJECT": "team/p",
        }
        self._process: subprocess.Popen[str] | None = None
        self._seen = 0
        self._lock = threading.Lock()
        self._killed = threading.Event()

    def play(self) -> bool:
        """Play it and judge; whether it came to the point."""
        scene = self._scene
        scene.proxy.watch = self._watch
        self._process = self._python("-c", SCRIPT, self.run)
        saved: list[str] = []
        reading = threading.Thread(target=lambda: saved.extend(self._lines()), daemon=True)
        reading.start()
        end = time.monotonic() + LIMIT_S
        while reading.is_alive() and time.monotonic() < end:
            if self._killed.wait(0.2):
                break
            self._look()
        if self._killed.is_set():
            self._revive()
        while reading.is_alive() and time.monotonic() < end:
            self._look()
            reading.join(0.2)
        scene.proxy.watch = lambda seen, phase: None
        self._process.wait(LIMIT_S)
        while self._python("-c", SYNC).wait(LIMIT_S) and time.monotonic() < end:
            self._look()
        self._look()
        self._judge(saved)
        scene.kills[self._point.phase] += self._killed.is_set()
        return self._seen >= self._point.number

    def _python(self, *argv: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, *argv],
            cwd=self._work,
            env=self._environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def _lines(self) -> list[str]:
        assert self._process is not None
        assert self._process.stdout is not None
        return [line.strip() for line in self._process.stdout]

    def _watch(self, seen: Seen, phase: str) -> None:
        """In a thread of the proxy: kill the victim when it is time."""
        with self._lock:
            self._seen += phase == "before"
            if phase == "before":
                seen.headers["campaign"] = str(self._seen)
            mine = seen.headers.get("campaign") == str(self._point.number)
            if not mine or phase != self._point.phase or self._killed.is_set():
                return
            if self._point.victim == "s3":
                self._scene.weed.stop(kill=True)
            elif self._point.victim == "daemon":
                self._scene.daemon.process.kill()
            else:
                assert self._process is not None
                for process in (*children(self._process.pid), self._process.pid):
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(process, 9)
            self._killed.set()

    def _revive(self) -> None:
        if self._point.victim == "s3":
            self._scene.weed.start()
        elif self._point.victim == "daemon":
            self._scene.restart()

    def _look(self) -> None:
        """What is visible is whole."""
        try:
            shown = asyncio.run(_shown(self._scene.daemon.nfs, self.run))
        except (OSError, CallFailed, TimeoutError):
            return  # the daemon is down
        for name, content in shown.items():
            if content is not None and content not in self._allowed.get(name, ()):
                self._fault(f"{name} is visible with {len(content)} bytes that nobody saved")

    def _judge(self, saved: list[str]) -> None:
        """What was saved is there; nothing is missing, nothing left over."""
        shown = asyncio.run(_shown(self._scene.daemon.nfs, self.run))
        for name, content in self._new.items():
            if self._point.victim == "client" and name not in saved:
                continue  # killed before its save returned
            # Killed before it could save this once more, or let it grow.
            early = self._point.victim == "client" and saved.count(name) < 1 + (name in ("small", "live"))
            if shown.get(name) not in (self._allowed[name] if early else {content}):
                self._fault(f"{name} was saved, and is not there as it was saved")
        ask, query = self._scene.daemon.ask, "?project=team/p&limit=1000"
        if self.run in [item["id"] for item in ask("GET", f"/api/v1/runs{query}")["items"]]:
            for item in ask("GET", f"/api/v1/runs/{self.run}/files{query}")["items"]:
                if item["size"] != len(shown.get(item["path"]) or b""):
                    self._fault(f"{item['path']} has another size over HTTP")
        ask("POST", "/api/v1/collect", {"now": True})
        fsck = self._python("-m", "runfs", "fsck", *self._scene.flags[:2])
        said, _ = fsck.communicate(timeout=LIMIT_S)
        if fsck.returncode or not said.endswith("0 wrong, 0 orphans\n"):
            self._fault(f"fsck: {said}")
        begun = self._scene.weed.client().list_multipart_uploads(Bucket=BUCKET).get("Uploads", [])
        if begun:
            self._fault(f"{len(begun)} uploads in parts are left in the bucket")

    def _fault(self, what: str) -> None:
        self._scene.faults.append(f"{self._point}: {what}")
        print(self._scene.faults[-1], file=sys.stderr, flush=True)


async def _shown(nfs: str, run: str) -> dict[str, bytes | None]:
    """What the run's files are over NFS; None for those that cannot be read now."""
    host, port = nfs.split(":")
    shown: dict[str, bytes | None] = {}
    async with asyncio.timeout(30), await Client.mount(host, int(port)) as client:
        try:
            folder = await client.walk(f"/runs/{run}/files")
            async for entry in client.list(folder):
                try:
                    shown[entry.name] = b"".join([bytes(part) async for part in client.read(entry)])
                except NfsError as error:
                    if error.status not in (nfsstat3.NFS3ERR_JUKEBOX, nfsstat3.NFS3ERR_STALE):
                        raise
                    shown[entry.name] = None
        except NfsError as error:
            if error.status is not nfsstat3.NFS3ERR_NOENT:
                raise
    return shown


def children(process_id: int) -> list[int]:
    """The processes that it started and that live."""
    with contextlib.suppress(OSError):
        text = Path(f"/proc/{process_id}/task/{process_id}/children").read_text()
        return [int(each) for each in text.split()]
    return []


def campaign(base: Path, victim: str, stride: int, first: int = 1) -> dict[str, Any]:
    """Kill the victim at every `stride`-th request, from `first` on, until there are no more."""
    with scene(base) as made:
        for phase in PHASES:
            number = first
            while Story(made, Point(victim, number, phase)).play():
                number += stride
        return {"victim": victim, "kills": dict(made.kills), "stories": made.runs, "faults": made.faults}


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # what was started ends with us
    with tempfile.TemporaryDirectory() as folder:
        numbers = [int(text) for text in sys.argv[2:]]
        print(json.dumps(campaign(Path(folder), sys.argv[1], *numbers)))
