"""scripts/bench files: a training run's files through our SDK, against boto3 straight to S3 and MLflow.

The SDK runs against two of our daemons: one with its blobs in a folder, one with them in the same SeaweedFS
that boto3 talks to. Saved counts when it is registered: hashed, durable, visible. Fetched counts when all is
written, synced by nobody; the SDK has then verified the hash of the whole. Each has its own defaults: boto3
ten threads and parts of 8 MiB, the SDK four and 32 MiB, down 16 MiB. boto3 does not look at what S3 has got.
Who wants the hash of what is stored has to read it once: that is boto3's figure for "read back".
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benches import dataset, http_peers, peers
from benches.absences import Absences
from benches.api import Api, await_http
from benches.daemons import BenchError
from benches.mlflow_peer import MLflow
from benches.report import OWN, Row, publish
from benches.stats import Aim

if TYPE_CHECKING:
    from benches.cli import Plan

ON_S3 = "runfs on S3"
BOTO3, MLFLOW = "boto3", "mlflow"
SERVERS = (OWN, ON_S3, BOTO3, MLFLOW)
LARGE_MIB, QUICK_LARGE_MIB = 1024, 64
SMALL, QUICK_SMALL = 10_000, 500
SMALL_BYTES = 4096
SMALL_ROUNDS = 3  # 10,000 files take some of the servers a minute
LOG_CALLS, QUICK_LOG_CALLS = 50_000, 10_000
LIVE_LINES = 10
AT_ONCE = 8


@dataclass
class Side:
    """One of our daemons, and the SDK towards it."""

    peer: peers.Peer
    data: Path
    http_port: int

    def sdk(self, *words: str) -> dict[str, Any]:
        """One action of sdk_side in a process of its own. BenchError if that fails."""
        environment = {
            **os.environ,
            "RUNFS_URL": f"http://127.0.0.1:{self.http_port}",
            "RUNFS_API_KEY": (self.data / "key").read_text().strip(),
            "RUNFS_DIR": str(self.data.parent / "spool"),
            "PYTHONPATH": f"{peers.ROOT}:{peers.ROOT / 'scripts'}",
        }
        argv = [sys.executable, "-m", "benches.sdk_side", *words]
        done = subprocess.run(argv, capture_output=True, text=True, env=environment, check=False)
        if done.returncode:
            raise BenchError(f"the SDK failed at {words[0]}: {done.stderr.strip()[-1000:]}")
        answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        return answer


@dataclass
class Rates:
    """A figure of each server by round."""

    title: str
    unit: str
    aims: tuple[Aim, ...]
    own: str = "runfs"
    rounds: dict[str, list[float]] = field(default_factory=dict)

    def add(self, server: str, value: float) -> None:
        """One round's value of one server."""
        self.rounds.setdefault(server, []).append(value)

    def row(self) -> Row:
        """For the table."""
        return Row(self.title, self.unit, self.rounds, self.aims, own=self.own)


def _seconds(call: Any, *arguments: Any) -> float:
    began = time.perf_counter()
    call(*arguments)
    return time.perf_counter() - began


def _read_back(client: Any, bucket: str, name: str) -> str:
    """The SHA-256 of what S3 holds."""
    sha256 = hashlib.sha256()
    for chunk in client.get_object(Bucket=bucket, Key=name)["Body"].iter_chunks(1 << 20):
        sha256.update(chunk)
    return sha256.hexdigest()


def _put_all(client: Any, folder: Path, prefix: str) -> None:
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for answer in [
            pool.submit(client.upload_file, str(file), http_peers.BUCKET, f"{prefix}/{file.name}")
            for file in folder.iterdir()
        ]:
            answer.result()


def _three_steps(api: Api, run_id: str, files: dict[str, bytes], connections: int) -> float:
    """Small files a second through ask, PUT and register, without the SDK."""
    api.create_run(run_id)
    began = time.perf_counter()
    with ThreadPoolExecutor(connections) as pool:
        for answer in [pool.submit(api.upload, run_id, name, data) for name, data in files.items()]:
            answer.result()
    return len(files) / (time.perf_counter() - began)


class Contest:
    """The servers and what they did."""

    def __init__(
        self, plan: Plan, sides: dict[str, Side], s3: Any, mlflow: MLflow | None, absences: Absences
    ) -> None:
        self.plan, self.sides, self.s3, self.mlflow, self.absences = plan, sides, s3, mlflow, absences
        self.size = (QUICK_LARGE_MIB if plan.quick else LARGE_MIB) << 20
        self.small = QUICK_SMALL if plan.quick else SMALL
        large = f"{self.size >> 20:,} MiB"
        self.up = Rates(f"save {large}", "MiB/s", (Aim(BOTO3, 0.9, None),), ON_S3)
        self.verified = Rates(f"save {large}, read back", "MiB/s", (Aim(BOTO3, 0.9, None),), ON_S3)
        self.down = Rates(f"fetch {large}", "MiB/s", (Aim(BOTO3, 0.9, None),), ON_S3)
        self.many = Rates(f"save {self.small:,} files of 4 KiB", "files/s", (Aim(MLFLOW, 3.0, None),))
        self.steps = {
            connections: Rates(f"three steps, {connections} at once", "files/s", (Aim(None, 2500, 4000),))
            for connections in (1, AT_ONCE)
        }

    def round(self, number: int, pattern: dataset.Pattern) -> None:
        """The large file up and down on every server in turn, and in the first rounds the small ones up."""
        name = f"round-{number}"
        folder = self.plan.work / name
        self._large(number, name, folder, pattern)
        if number < SMALL_ROUNDS:
            self._small(name, folder, pattern)
        shutil.rmtree(folder)

    def _large(self, number: int, name: str, folder: Path, pattern: dataset.Pattern) -> None:
        source, back = folder / "large", folder / "back"
        for made in (source, back):
            made.mkdir(parents=True)
        file = source / "large.bin"
        pattern.write(name, self.size, file)
        turns = [partial(self._large_sdk, server, name, file, back) for server in self.sides]
        turns.append(partial(self._large_boto3, name, file, back))
        turns.append(partial(self._large_mlflow, source, back))
        for turn in turns[:: -1 if number % 2 else 1]:  # whoever comes first has an emptier disk
            turn()

    def _large_sdk(self, server: str, name: str, file: Path, back: Path) -> None:
        side, run_id = self.sides[server], f"{name}-large"
        saved = side.sdk("save", run_id, str(file.parent), file.name)["seconds"]
        self._rates(self.up, server, saved)
        self._rates(self.verified, server, saved)
        self._rates(self.down, server, side.sdk("download", run_id, file.name, str(back / server))["seconds"])

    def _large_boto3(self, name: str, file: Path, back: Path) -> None:
        if self.s3 and BOTO3 not in self.absences:
            with self.absences.excused(BOTO3):
                bucket, target = http_peers.BUCKET, str(back / BOTO3)
                sent = _seconds(self.s3.upload_file, str(file), bucket, name)
                read = _seconds(_read_back, self.s3, bucket, name)
                self._rates(self.up, BOTO3, sent)
                self._rates(self.verified, BOTO3, sent + read)
                self._rates(self.down, BOTO3, _seconds(self.s3.download_file, bucket, name, target))
                self.s3.delete_object(Bucket=bucket, Key=name)

    def _large_mlflow(self, source: Path, back: Path) -> None:
        if self.mlflow and MLFLOW not in self.absences:
            with self.absences.excused(MLFLOW):
                logged, fetched = self.mlflow.transfer(source, back / MLFLOW)
                self._rates(self.up, MLFLOW, logged)
                self._rates(self.down, MLFLOW, fetched)

    def _rates(self, rates: Rates, server: str, seconds: float) -> None:
        rates.add(server, self.size / (1 << 20) / seconds)
        os.sync()  # nobody pays for what the last one left in memory

    def _small(self, name: str, folder: Path, pattern: dataset.Pattern) -> None:
        source = folder / "small"
        source.mkdir()
        contents = {f"{at:05}.bin": pattern.read(f"{name}/{at}", SMALL_BYTES) for at in range(self.small)}
        for file, content in contents.items():
            (source / file).write_bytes(content)
        os.sync()
        for server, side in self.sides.items():
            saved = side.sdk("save", f"{name}-small", str(source), "[0-9]*")["seconds"]
            self.many.add(server, self.small / saved)
        if self.s3 and BOTO3 not in self.absences:
            with self.absences.excused(BOTO3):
                self.many.add(BOTO3, self.small / _seconds(_put_all, self.s3, source, name))
        if self.mlflow and MLFLOW not in self.absences:
            with self.absences.excused(MLFLOW):
                self.many.add(MLFLOW, self.small / self.mlflow.transfer(source, folder / "small-back")[0])
        side = self.sides[OWN]
        for connections, rates in self.steps.items():
            some = list(contents.items())[: 2000 * connections // AT_ONCE]
            new = {file: content[::-1] for file, content in some}
            api = Api(side.http_port, side.data)
            rates.add(OWN, _three_steps(api, f"{name}-steps-{connections}", new, connections))

    def rows(self) -> list[Row]:
        """For the table."""
        rates = (self.up, self.verified, self.down, self.many, *self.steps.values())
        return [each.row() for each in rates]


def _imports(times: int) -> list[float]:
    """Milliseconds that `import sdk` adds to an interpreter."""

    def run(code: str) -> float:
        return _seconds(subprocess.run, [sys.executable, "-c", code]) * 1e3

    with contextlib.chdir(peers.ROOT):
        run("import sdk")  # compiles
        return [run("import sdk") - run("pass") for _ in range(times)]


def _wanted(title: str, unit: str, values: list[float], want: float) -> Row:
    return Row(title, unit, {"runfs": values}, (Aim(None, None, want, "less"),))


def _alone(side: Side, plan: Plan) -> list[Row]:
    """Figures of the SDK that have no peer."""
    logs = [
        side.sdk("log", f"log-{number}", str(QUICK_LOG_CALLS if plan.quick else LOG_CALLS))
        for number in range(min(plan.rounds, 3))
    ]
    folder = plan.work / "live"
    folder.mkdir()
    seen = side.sdk("live", "live", str(folder), str(LIVE_LINES))["seconds"]
    return [
        _wanted("log at 10,000 calls a second, median", "us", [one["p50_us"] for one in logs], 50),
        _wanted("log at 10,000 calls a second, p99", "us", [one["p99_us"] for one in logs], 50),
        Row("log as fast as it goes", "calls/s", {"runfs": [one["rate"] for one in logs]}),
        _wanted("import sdk", "ms", _imports(plan.rounds), 80),
        _wanted("a line appended to a live file, seen", "s", seen, 1),
    ]


def run(plan: Plan) -> None:
    """The whole bench: servers, rounds, the table."""
    absences = Absences()
    with contextlib.ExitStack() as closing:
        sides = {OWN: _side(plan, closing, OWN, {})}
        s3: Any = None
        with absences.excused("seaweedfs"):
            weed = http_peers.seaweedfs(plan.work)
            closing.callback(weed.stop)
            weed.start()
            s3 = weed.client()
        if s3:
            sides[ON_S3] = _side(plan, closing, ON_S3, weed.settings("blobs"))
        mlflow = None
        with absences.excused(MLFLOW):
            mlflow = MLflow(plan.work)
            closing.callback(mlflow.stop)
            mlflow.start()
        pattern = closing.enter_context(contextlib.closing(dataset.Pattern(plan.programs)))
        contest = Contest(plan, sides, s3, mlflow, absences)
        for number in range(plan.rounds):
            contest.round(number, pattern)
        rows = [*contest.rows(), *_alone(sides[OWN], plan)]
    publish("files", absences.strike(rows), SERVERS, plan.json_file, {**plan.notes, **absences.notes()})


def _side(plan: Plan, closing: contextlib.ExitStack, name: str, settings: Mapping[str, str]) -> Side:
    """One of our daemons, running; `settings` are those of its S3, if it has its blobs there."""
    data = plan.work / name.replace(" ", "-")
    blobs = ("--blobs", settings["blobs"]) if settings else ()
    peer, http_port = peers.runfs(plan.work, data, *blobs)
    peer.daemon.environment.update({key: value for key, value in settings.items() if key != "blobs"})
    closing.callback(peer.stop)
    peer.start()
    await_http(http_port)
    return Side(peer, data, http_port)
