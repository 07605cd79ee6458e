"""The soak as a command: half of the time with kills, half without, then the reckoning."""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import os
import random
import secrets
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from multiprocessing.queues import Queue
from pathlib import Path
from statistics import median
from typing import Any, TypeAlias

from soaking.board import Board, File, files_of
from soaking.daemon import Daemon
from soaking.door import Door
from soaking.reader import Reader
from soaking.reckoning import reckon
from soaking.writer import Writer

LIFE_S = (2.0, 6.0)  # of the daemon between two kills
COLLECT_S = 3.0
MEMORY_KIB = 8 * 1024  # and an eighth: what medians of two thirds may differ by
SAMPLES_MIN = 150
DESCRIPTORS = 256 + 64  # as many mapped blobs as the store keeps, and everything else

Answers: TypeAlias = "Queue[tuple[str, Any]]"


def write(number: int, seed: int, board: Board, url: str, key: str, stop: Any, answers: Answers) -> None:
    """A writer's process."""
    door = Door(url, key)
    writer = Writer(number, seed, board, door)
    try:
        writer.work(stop.is_set)
        answers.put(("writer", (writer.files[0].run, writer.expected(), writer.writes, door.again)))
    except BaseException:
        answers.put(("wrong", f"writer {number}: {traceback.format_exc()}"))


def read(
    number: int,
    seed: int,
    board: Board,
    files: list[File],
    port: int,
    grace_s: float,
    stop: Any,
    answers: Answers,
) -> None:
    """A reader's process."""
    reader = Reader(number, seed, board, files, port, grace_s)
    try:
        asyncio.run(reader.work(stop.is_set))
        answers.put(("reader", reader.counts))
    except BaseException:
        answers.put(("wrong", f"reader {number}: {traceback.format_exc()}"))


def soak(
    seed: int, seconds: float, writers: int, readers: int, sdks: int, grace_s: float, work: Path
) -> dict[str, Any]:
    """One soak in the empty folder `work`; its figures. AssertionError says what was not as promised."""
    chances = random.Random(f"{seed} killer")
    daemon = Daemon(work / "data", grace_s)
    daemon.start()
    context = multiprocessing.get_context("spawn")
    board, stop, answers = Board(context, writers), context.Event(), context.Queue()
    files = [file for number in range(writers) for file in files_of(number)]
    url, port = f"http://{daemon.http}", int(daemon.nfs.rpartition(":")[2])
    people = [
        context.Process(target=write, args=(number, seed, board, url, daemon.key, stop, answers))
        for number in range(writers)
    ]
    people += [
        context.Process(target=read, args=(number, seed, board, files, port, grace_s, stop, answers))
        for number in range(readers)
    ]
    scripts = [_script(f"sdk{number}", seed, seconds * 0.9, url, work) for number in range(sdks)]
    told: list[tuple[str, Any]] = []

    def look() -> None:
        while not answers.empty():
            told.append(answers.get())
        wrong = [text for kind, text in told if kind == "wrong"]
        assert not wrong, "\n".join(wrong)

    try:
        for one in people:
            one.start()
        half = time.monotonic() + seconds / 2
        while time.monotonic() < half:
            _live(daemon, min(chances.uniform(*LIFE_S), half - time.monotonic()), look, None)
            daemon.end(signal.SIGKILL)
            daemon.start()
        samples: list[tuple[int, int]] = []
        _live(daemon, seconds / 2, look, samples)
        stop.set()
        deadline = time.monotonic() + 90
        while len(told) < len(people):
            look()
            assert time.monotonic() < deadline, f"only {len(told)} of {len(people)} came to an end"
            time.sleep(0.05)
        look()
        saved = [_saved(script) for script in scripts]
    finally:
        stop.set()
        for one in people:
            if one.pid is not None:
                one.join(5)
                one.kill()
        for script in scripts:
            script.kill()
        if daemon.running.poll() is None and sys.exc_info()[0] is not None:
            daemon.end(signal.SIGKILL)
    try:
        figures = _figures(told, daemon, samples)
        figures |= reckon(daemon, [answer for kind, answer in told if kind == "writer"], saved)
    finally:
        if daemon.running.poll() is None:
            daemon.end(signal.SIGKILL)
    return figures


def _live(
    daemon: Daemon, seconds: float, look: Callable[[], None], samples: list[tuple[int, int]] | None
) -> None:
    """Let the daemon live for that long, collecting now and then, and note what it holds."""
    end = time.monotonic() + seconds
    collect = time.monotonic() + COLLECT_S / 2
    while time.monotonic() < end:
        look()
        assert daemon.running.poll() is None, f"the daemon died: {daemon.log.read_text()[-3000:]}"
        if time.monotonic() > collect:
            daemon.collect()
            collect += COLLECT_S
        if samples is not None:
            samples.append((daemon.memory_kib(), daemon.descriptors()))
        time.sleep(max(0.0, min(0.2, end - time.monotonic())))


def _script(name: str, seed: int, seconds: float, url: str, work: Path) -> subprocess.Popen[str]:
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("RUNFS_", "WANDB_"))}
    environ |= {"RUNFS_URL": url, "RUNFS_DATA": str(work / "data"), "RUNFS_DIR": str(work / "spool")}
    environ |= {"RUNFS_FINISH_TIMEOUT": "60", "RUNFS_INIT_TIMEOUT": "60"}
    environ["PYTHONPATH"] = os.pathsep.join(sys.path)  # pytest, too, finds this package by its own setting
    argv = [sys.executable, "-m", "soaking.sdk_writer", name, str(seed), str(seconds)]
    return subprocess.Popen(argv, env=environ, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)


def _saved(script: subprocess.Popen[str]) -> dict[str, Any]:
    output, _ = script.communicate(timeout=120)
    assert script.returncode == 0, f"a training script ended with {script.returncode}"
    found: dict[str, Any] = json.loads(output.splitlines()[-1])
    return found


def _figures(told: list[tuple[str, Any]], daemon: Daemon, samples: list[tuple[int, int]]) -> dict[str, Any]:
    figures: dict[str, Any] = {
        "kills": daemon.starts - 1,
        "slowest_start_s": round(daemon.slowest_start_s, 2),
        **daemon.collected,
    }
    figures["writes"] = sum(answer[2] for kind, answer in told if kind == "writer")
    figures["requests_again"] = sum(answer[3] for kind, answer in told if kind == "writer")
    for kind, counts in told:
        if kind == "reader":
            for name, count in counts.items():
                figures[f"read_{name}"] = figures.get(f"read_{name}", 0) + count
    third = len(samples) // 3
    for place, name in enumerate(("rss_anon_kib", "descriptors")):
        middle = median(sample[place] for sample in samples[third : 2 * third] or samples)
        last = median(sample[place] for sample in samples[2 * third :])
        figures[name] = [middle, last]
    middle, last = figures["rss_anon_kib"]
    settled = len(samples) >= SAMPLES_MIN  # until then caches fill
    assert not settled or last <= middle * 1.125 + MEMORY_KIB, (
        f"the daemon's memory grows: {middle} KiB, then {last}"
    )
    _, last = figures["descriptors"]
    assert last <= DESCRIPTORS, f"the daemon has {last} descriptors open"
    return figures


def main(argv: list[str] | None = None) -> int:
    """`scripts/soak`."""
    parser = argparse.ArgumentParser(prog="scripts/soak", description=__doc__)
    parser.add_argument("--seconds", type=float, default=120.0, help="how long; %(default)s")
    parser.add_argument("--seed", type=int, help="of all chances, to repeat a soak; a fresh one")
    parser.add_argument("--writers", type=int, default=3, help="through plain HTTP; %(default)s")
    parser.add_argument("--readers", type=int, default=3, help="over NFS; %(default)s")
    parser.add_argument("--sdk", type=int, default=2, help="training scripts; %(default)s")
    parser.add_argument("--grace", type=float, default=3.0, help="of the daemon, in seconds; %(default)s")
    wanted = parser.parse_args(argv)
    seed = secrets.randbelow(1_000_000) if wanted.seed is None else wanted.seed
    print(f"seed {seed}", flush=True)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # what was started ends with us
    with tempfile.TemporaryDirectory() as folder:
        try:
            figures = soak(
                seed, wanted.seconds, wanted.writers, wanted.readers, wanted.sdk, wanted.grace, Path(folder)
            )
        except AssertionError as wrong:
            print(f"not as promised (seed {seed}): {wrong}", file=sys.stderr)
            return 1
    print(json.dumps(figures, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
