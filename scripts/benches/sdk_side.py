"""What a training process does with the SDK, in a process of its own: python -m benches.sdk_side ACTION ...

Prints one line of JSON. The server is the one that RUNFS_URL and RUNFS_API_KEY name.
"""

from __future__ import annotations

import gc
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import sdk

ENTITY, PROJECT = "bench", "bench"
LOG_RATE = 10_000  # calls a second, paced
LIVE_LIMIT_S = 30.0


def begin(run_id: str) -> sdk.Run:
    """A run, quiet and without its console."""
    return sdk.init(project=PROJECT, entity=ENTITY, id=run_id, console="off", quiet=True)


def save(run_id: str, folder: str, glob: str) -> dict[str, float]:
    """Seconds from `save` to the end of `finish`: everything is registered by then."""
    run = begin(run_id)
    began = time.perf_counter()
    saved = run.save(str(Path(folder, glob)), base_path=folder, policy="now")
    run.finish()
    return {"seconds": time.perf_counter() - began, "files": len(saved)}


def download(run_id: str, name: str, folder: str) -> dict[str, float]:
    """Seconds that one file takes to be in a local folder, its hash verified."""
    from sdk.api import Api

    began = time.perf_counter()
    Api().run(f"{ENTITY}/{PROJECT}/{run_id}").file(name).download(root=folder, replace=True)
    return {"seconds": time.perf_counter() - began}


def log(run_id: str, calls: str) -> dict[str, float]:
    """What `log` costs the caller: at 10,000 calls a second, and as fast as it goes."""
    run, count = begin(run_id), int(calls)
    gc.collect()
    costs_us: list[float] = []
    due = time.perf_counter()
    for step in range(count):
        due += 1 / LOG_RATE
        while time.perf_counter() < due:
            pass
        before = time.perf_counter()
        run.log({"loss": 1 / (step + 1), "accuracy": step / count, "rate": 0.001})
        costs_us.append((time.perf_counter() - before) * 1e6)
    began = time.perf_counter()
    for step in range(count):
        run.log({"loss": 1 / (step + 1), "accuracy": step / count, "rate": 0.001})
    rate = count / (time.perf_counter() - began)
    run.finish()
    costs_us.sort()
    middle, late = costs_us[count // 2], costs_us[count * 99 // 100]
    return {"p50_us": middle, "p99_us": late, "rate": rate}


def live(run_id: str, folder: str, times: str) -> dict[str, Any]:
    """Seconds from a line appended to a live file until readers see it in the file's size."""
    from sdk.api import Api

    path = Path(folder, "live.txt")
    path.write_text("begun\n")
    run = begin(run_id)
    run.save(str(path), base_path=folder, policy="live")
    stored = Api().run(f"{ENTITY}/{PROJECT}/{run_id}")
    _until(lambda: any(file.size == 6 for file in stored.files()))
    seconds = []
    for number in range(int(times)):
        with path.open("a") as file:
            print(f"line {number}", file=file)
        size, began = path.stat().st_size, time.perf_counter()
        _until(lambda size=size: stored.file("live.txt").size == size)  # type: ignore[misc]
        seconds.append(time.perf_counter() - began)
    run.finish()
    return {"seconds": seconds}


def _until(condition: Callable[[], bool]) -> None:
    deadline = time.perf_counter() + LIVE_LIMIT_S
    while not condition():
        if time.perf_counter() > deadline:
            raise TimeoutError(f"not seen after {LIVE_LIMIT_S:.0f} s")
        time.sleep(0.01)


ACTIONS: dict[str, Callable[..., dict[str, Any]]] = {
    "save": save,
    "download": download,
    "log": log,
    "live": live,
}

if __name__ == "__main__":
    answer = ACTIONS[sys.argv[1]](*sys.argv[2:])
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()
    os._exit(0)  # what the interpreter does at exit is not measured, and may not delay the bench
