"""scripts/bench nfs|http|mount|files|page|all|table|profile [--quick]: runfs beside real servers.

Each bench makes its own data, starts and stops its own servers on free ports of 127.0.0.1, and prints one
table. Its exit status is 0 when it could measure: no figure fails a bench.
"""

from __future__ import annotations

import argparse
import importlib
import shutil
import signal
import sys
import tempfile
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benches import load, readme
from benches.daemons import BenchError

BENCHES = ("nfs", "http", "mount", "files", "page")
TABLE, PROFILE = "table", "profile"
PROFILE_S, QUICK_PROFILE_S = 5.0, 0.05  # for each kind of call
FIGURES = Path("docs/bench")
ROUNDS, QUICK_ROUNDS = 7, 3


@dataclass(frozen=True, slots=True)
class Plan:
    """How a bench is to be run, and where it may write."""

    quick: bool
    rounds: int
    work: Path  # removed afterwards
    json_file: Path

    @property
    def file_system(self) -> str:
        """The type of the file system that `work` is on, as the kernel calls it."""
        mounts = [line.split() for line in Path("/proc/mounts").read_text().splitlines()]
        above = [mount for mount in mounts if self.work.is_relative_to(mount[1])]
        return max(above, key=lambda mount: len(mount[1]))[2]

    @property
    def notes(self) -> dict[str, Any]:
        """What every figure of this run rests on, for below its table."""
        size = "a part of the data (--quick)" if self.quick else "all data"
        return {"rounds": self.rounds, "data": size, "data on": self.file_system}

    @property
    def programs(self) -> Path:
        """Where load, phys and pattern are."""
        return self.work / "programs"


def parse(arguments: list[str]) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__)
    parser.add_argument(
        "bench",
        choices=(*BENCHES, "all", TABLE, PROFILE),
        help=f"{TABLE}: the last figures as Markdown; {PROFILE}: where the time of an NFS call goes",
    )
    parser.add_argument(
        "--quick", action="store_true", help="less data and fewer rounds: for trying, not for figures"
    )
    parser.add_argument("--rounds", type=int, help=f"default {ROUNDS}, with --quick {QUICK_ROUNDS}")
    parser.add_argument(
        "--json", type=Path, default=FIGURES, help="the folder of NAME.json; default %(default)s"
    )
    parser.add_argument(
        "--in", dest="folder", type=Path, help="where the data is made; default: the temporary folder"
    )
    parser.add_argument("--keep", action="store_true", help="keep the data folder, and say where it is")
    return parser.parse_args(arguments)


def main(arguments: list[str] | None = None) -> int:
    """Runs one bench, or all. 2: one could not measure, and says why; the others run."""
    wishes = parse(sys.argv[1:] if arguments is None else arguments)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # servers are stopped on the way out
    wishes.json.mkdir(parents=True, exist_ok=True)
    if wishes.bench == TABLE:
        return _print_table(wishes.json)
    if wishes.bench == PROFILE:
        print(
            importlib.import_module("benches.profile").table(QUICK_PROFILE_S if wishes.quick else PROFILE_S)
        )
        return 0
    names = BENCHES if wishes.bench == "all" else (wishes.bench,)
    try:
        return max(_run(name, wishes) for name in names)
    except KeyboardInterrupt:
        return 130


def _print_table(figures: Path) -> int:
    try:
        print(readme.render(figures, BENCHES))
    except BenchError as error:
        print(f"bench: {error}", file=sys.stderr)
        return 2
    return 0


def _run(name: str, wishes: argparse.Namespace) -> int:
    work = Path(tempfile.mkdtemp(prefix="runfs-bench-", dir=wishes.folder))
    rounds = wishes.rounds or (QUICK_ROUNDS if wishes.quick else ROUNDS)
    plan = Plan(wishes.quick, rounds, work, wishes.json / f"{name}.json")
    try:
        plan.programs.mkdir()
        load.build(plan.programs)
        importlib.import_module(f"benches.{name}").run(plan)
    except BenchError as error:
        print(f"bench {name}: {error}", file=sys.stderr)
        return 2
    except Exception:  # a bug in one bench must not keep the others from running
        traceback.print_exc()
        return 2
    finally:
        if wishes.keep:
            print(f"bench: kept {work}", file=sys.stderr)
        else:
            shutil.rmtree(work, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
