"""What the kernel tests find on the mount, where the mount is, and that it can be made again and again."""

from __future__ import annotations

import random

from kernel_client import Machine
from kernel_daemon import Daemon

MIB = 1 << 20
BIG = random.Random(7).randbytes(100 * MIB)
MOUNT = "/mnt/wandb"
SECOND = "/mnt/second"
PROJECT = "team/vision"
OTHER_PROJECT = "team/speech"
HOSTILE = [
    "-rf",
    "*",
    "'",
    '"; echo',
    "\\",
    "é" * 100,
    "日本",
    " ",
    "a" * 255,
    "$(id)",
    "\u202egnp.exe",
]


def fill(daemon: Daemon) -> None:
    """A sweep of two runs, a run with files great and small, hostile names, another project."""
    daemon.ask("POST", "/runs", {"project": PROJECT, "id": "files"})
    daemon.ask("POST", "/sweeps", {"project": PROJECT, "id": "sweep1", "method": "grid"})
    for number in (1, 2):
        config = {"rate": number / 8}
        run = {"project": PROJECT, "id": f"run{number}", "config": config, "sweep": "sweep1"}
        daemon.ask("POST", "/runs", run)
        lines = [{"step": step, "loss": 1 / (step + 1)} for step in range(3)]
        daemon.ask("POST", f"/runs/run{number}/history", {"first_line": 0, "lines": lines})
    daemon.ask("POST", "/runs/run1/finish", {"exit_code": 0})
    for number in range(100):
        daemon.upload("files", f"small/{number % 10}/{number}.txt", f"content of {number}\n".encode())
    daemon.upload("files", "big.bin", BIG)
    for name in HOSTILE:
        daemon.upload("run2", f"hostile/{name}", name.encode())
    daemon.ask("POST", "/runs", {"project": OTHER_PROJECT, "id": "talk"})


def mount_cold(machine: Machine, rounds: int) -> None:
    """The plain mount and its end, so many times in a row; each time a file is read, and all is forgotten."""
    script = f"""
    for round in $(seq {rounds}); do
      mount -t nfs localhost:/ {MOUNT} || exit
      [ -s {MOUNT}/runs/run1/metadata.json ] || exit
      umount {MOUNT} || exit
      echo 3 >/proc/sys/vm/drop_caches
    done"""
    machine.sh(script, limit_s=120)
