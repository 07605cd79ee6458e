"""A file far larger than the daemon's memory, saved, read and compared: `MIB [STORE...]`, folder and s3.

A script saves it through the SDK and is killed in the middle, with its keeper; `sync` sends the rest, and a
proxy counts what is sent again. Then it is read over HTTP and over NFS and compared by its SHA-256. The
daemon is in a control group of LIMIT_BYTES, page cache included, whose members the kernel kills rather than
give them more; where none can be made, its own memory alone is watched. Prints a JSON list of figures; the
last ones, of 5 GiB, are in docs/large_file.json. To be run with
PYTHONPATH=.:tests/store/harness:tests/runfs/harness
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import daemon_process
import urllib3
from s3_campaign import BUCKET, SYNC, children
from s3_proxy import S3Proxy, Seen
from seaweed import KEY, SECRET, Seaweed

from httpapi.intake import PART_BYTES
from nfsd.client import Client

ROOT = Path(__file__).resolve().parents[3]
STORES = ("folder", "s3")
MIB = 1024 * 1024
LIMIT_BYTES = 200 * MIB
SAMPLE_S = 0.02
LIMIT_S = 1800.0  # that a script may take
# The daemon, which enters the group before it has any memory to speak of.
PROGRAM = """
import sys
from pathlib import Path
group = {group!r}
if group:
    Path(group, "cgroup.procs").write_text("0")
from runfs.__main__ import main
sys.exit(main())
"""
SCRIPT = """
import sdk
with sdk.init(id="large") as run:
    run.save("large", base_path=".", policy="now")
"""


@contextlib.contextmanager
def control_group(limit_bytes: int) -> Iterator[Path | None]:
    """A control group that has so much memory, of version 1 or 2; None where none can be made."""
    group = next(filter(None, (_made_group(*line) for line in _lines_of_groups())), None)
    try:
        if group is not None:
            _limit_file(group).write_text(str(limit_bytes))
        yield group
    finally:
        if group is not None:
            group.rmdir()


def _lines_of_groups() -> list[tuple[str, str]]:
    """Our own place in each hierarchy: its controllers, none in version 2, and the path."""
    lines = Path("/proc/self/cgroup").read_text().splitlines()
    return [(line.split(":")[1], line.split(":", 2)[2]) for line in lines]


def _made_group(controllers: str, path: str) -> Path | None:
    if controllers not in ("memory", ""):
        return None
    group = Path(f"/sys/fs/cgroup/{controllers}{path}", f"runfs-{os.getpid()}")
    try:
        group.mkdir()
    except OSError:
        return None
    if _limit_file(group).exists():
        return group
    group.rmdir()
    return None


def _limit_file(group: Path) -> Path:
    old = group / "memory.limit_in_bytes"
    return old if old.exists() else group / "memory.max"


@dataclass
class Watched:
    """A process, and the most memory of its own that it was seen with, in bytes, in each phase."""

    process_id: int
    seconds: dict[str, float] = field(default_factory=dict)
    peaks: dict[str, int] = field(default_factory=dict)

    @contextlib.contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Watch it while the block runs."""
        begun, over = time.monotonic(), threading.Event()
        self.peaks[name] = self._own_bytes()

        def watch() -> None:
            while not over.wait(SAMPLE_S):
                self.peaks[name] = max(self.peaks[name], self._own_bytes())

        watching = threading.Thread(target=watch, daemon=True)
        watching.start()
        try:
            yield
        finally:
            over.set()
            watching.join()
        self.seconds[name] = time.monotonic() - begun

    def _own_bytes(self) -> int:
        found = re.search(r"RssAnon:\s+(\d+) kB", Path(f"/proc/{self.process_id}/status").read_text())
        assert found is not None, "the daemon has ended"
        return int(found[1]) * 1024


class Trial:
    """One store's: the daemon over it, the script that saves, the proxy before whoever takes the bytes."""

    def __init__(self, base: Path, store: str, size: int, stack: contextlib.ExitStack) -> None:
        self.size = size
        self.work = base / "work"
        self.work.mkdir()
        os.environ |= {"AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET, "PYTHONPATH": str(ROOT)}
        self.group = stack.enter_context(control_group(LIMIT_BYTES))
        program = ("-c", PROGRAM.format(group=str(self.group or "")))
        flags: list[str] = []
        if store == "s3":
            weed = Seaweed(base / "seaweed")
            stack.callback(weed.stop, kill=True)
            weed.start()
            weed.client().create_bucket(Bucket=BUCKET)
            self.proxy = stack.enter_context(S3Proxy(weed.endpoint))
            # A cache that holds a part of it: NFS fetches anew what HTTP has fetched.
            url = f"s3://{BUCKET}/large?endpoint={self.proxy.endpoint}&cache_bytes={size // 4}"
            flags = ["--blobs", url]
        self.daemon = daemon_process.start(base / "data", *flags, program=program)
        stack.callback(self.daemon.process.wait)
        stack.callback(self.daemon.process.kill)
        if store == "folder":
            self.proxy = stack.enter_context(S3Proxy(self.daemon.http))
        self.environment = os.environ | {
            "XDG_STATE_HOME": str(base / "state"),
            "RUNFS_URL": self.proxy.endpoint if store == "folder" else self.daemon.http,
            "RUNFS_DATA": str(self.daemon.data),
            "RUNFS_PROJECT": "team/p",
        }

    def play(self) -> dict[str, Any]:
        """Save, kill, send the rest, read it twice; gives figures. AssertionError says what is wrong."""
        wanted = _written(self.work / "large", self.size)
        watched = Watched(self.daemon.process.pid)
        with watched.phase("killed"):
            self.proxy.watch = self._killing(self._python(SCRIPT))
            assert self._script.wait(LIMIT_S) == -9, "the script was not killed"
        self.proxy.watch = lambda seen, phase: None
        with watched.phase("resumed"):
            end = time.monotonic() + LIMIT_S
            while self._python(SYNC).wait(LIMIT_S):  # the killed may still be dying, with the spool in hand
                assert time.monotonic() < end, "sync did not send the rest"
        sent = sum(seen.sent for seen in self.proxy.passed() if seen.method == "PUT")
        readers: dict[str, Callable[[], str]] = {"http": self._over_http, "nfs": self._over_nfs}
        for name, read in readers.items():
            with watched.phase(name):
                found = read()
            assert found == wanted, f"over {name} it is another file"
        peak = max(watched.peaks.values())
        assert peak <= LIMIT_BYTES, f"the daemon had {peak} bytes of its own"
        return {
            "mib": self.size // MIB,
            "limit_mib": LIMIT_BYTES // MIB,
            "limited_by": "nobody" if self.group is None else _limit_file(self.group).name,
            "sent_again_mib": round((sent - self.size) / MIB, 1),
            "rss_anon_mib": {name: round(peak / MIB) for name, peak in watched.peaks.items()},
            "seconds": {name: round(seconds, 1) for name, seconds in watched.seconds.items()},
        }

    def _python(self, text: str) -> subprocess.Popen[bytes]:
        self._script = subprocess.Popen(
            [sys.executable, "-c", text], cwd=self.work, env=self.environment, stdin=subprocess.DEVNULL
        )
        return self._script

    def _killing(self, script: subprocess.Popen[bytes]) -> Callable[[Seen, str], None]:
        """What kills script and keeper when the first part beyond the middle comes."""
        beyond = threading.Semaphore(-(-self.size // PART_BYTES) // 2)

        def watch(seen: Seen, phase: str) -> None:
            if seen.method == "PUT" and phase == "before" and not beyond.acquire(blocking=False):
                for process in (*children(script.pid), script.pid):
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(process, 9)

        return watch

    def _over_http(self) -> str:
        (file,) = self.daemon.ask("GET", "/api/v1/runs/large/files")["items"]
        key = (self.daemon.data / "key").read_text().strip()
        answer = urllib3.request(
            "GET",
            f"{self.daemon.http}/api/v1/runs/files/{file['id']}/content",
            headers={"Authorization": f"Bearer {key}"},
            preload_content=False,
            retries=False,
        )
        return _sha256(answer.stream(MIB))

    def _over_nfs(self) -> str:
        async def read() -> str:
            digest = hashlib.sha256()
            host, port = self.daemon.nfs.split(":")
            async with await Client.mount(host, int(port)) as client:
                async for part in client.read(await client.walk("/runs/large/files/large")):
                    digest.update(part)
            return digest.hexdigest()

        return asyncio.run(read())


def _written(path: Path, size: int) -> str:
    """Write so many bytes that nobody had before; their SHA-256."""
    with path.open("wb") as file:

        def chunks() -> Iterator[bytes]:
            for offset in range(0, size, MIB):
                chunk = os.urandom(min(MIB, size - offset))
                file.write(chunk)
                yield chunk

        return _sha256(chunks())


def _sha256(chunks: Iterator[bytes]) -> str:
    digest = hashlib.sha256()
    for chunk in chunks:
        digest.update(chunk)
    return digest.hexdigest()


def trial(base: Path, store: str, size: int) -> dict[str, Any]:
    """Try one store, in the empty folder `base`."""
    with contextlib.ExitStack() as stack:
        return {"store": store} | Trial(base, store, size, stack).play()


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # what was started ends with us
    figures = []
    for each in sys.argv[2:] or STORES:
        with tempfile.TemporaryDirectory() as folder:
            figures.append(trial(Path(folder), each, int(sys.argv[1]) * MIB))
    print(json.dumps(figures, indent=1))
