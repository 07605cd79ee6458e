"""scripts/bench mount: what a user sees of a mount, on a real Linux kernel: time to mount, walks, reads.

The kernel is the guest of tests/kernel/harness (user-mode Linux), in a network of its own, in which all
servers run. The guest is slower than a real machine, and the same for all: ratios count. Every command starts
on a fresh mount, so that nothing is in the client's cache, unless its title says so.
"""

from __future__ import annotations

import contextlib
import importlib
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from benches import dataset, peers
from benches.absences import Absences
from benches.api import Api
from benches.daemons import BenchError
from benches.report import OWN, Row, publish
from benches.stats import Aim

if TYPE_CHECKING:
    from benches.cli import Plan

SERVERS = (OWN, "ganesha")  # rclone looks through every handle on each call: its walks take minutes
HARNESS = peers.ROOT / "tests" / "kernel" / "harness"
DIRECTORY = "/mnt/wandb"
PLAIN_MOUNTS, QUICK_PLAIN_MOUNTS = 20, 5
QUICK = dataset.Shape(runs=100, flat_files=1000, large_mib=64)
LIMIT_S = 300.0
# Prints how long the command took, in nanoseconds, then what it printed.
TIMED = 'from=$(date +%s%N); said=$({command}) || exit; to=$(date +%s%N); echo $((to - from)); echo "$said"'


@dataclass(frozen=True, slots=True)
class Command:
    """A shell command on the mount ($1); `alike`: every server must make it print the same."""

    title: str
    shell: str
    fresh: bool = True
    alike: bool = True
    aims: tuple[Aim, ...] = (Aim("ganesha", 1.0, 0.7, "less"),)


COMMANDS = (
    Command("find", "find $1/runs | wc -l"),
    Command("ls -lR", "ls -lR $1/runs | wc -l"),
    Command("ls -lR, again at once", "ls -lR $1/runs | wc -l", fresh=False, aims=()),
    Command("grep -r over every metadata.json", "grep -rl --include=metadata.json id $1/runs | wc -l"),
    Command("sha256sum of the large file", f"sha256sum <$1/{dataset.LARGE}", aims=()),
    Command("du", "du -s $1/runs", alike=False, aims=()),
)


def _timed(machine: Any, shell: str, *arguments: str) -> tuple[float, str]:
    """Seconds and output of a command in the guest."""
    nanoseconds, _, said = machine.sh(TIMED.format(command=shell), *arguments, limit_s=LIMIT_S).partition(
        "\n"
    )
    return int(nanoseconds) / 1e9, said


def _mount(machine: Any, peer: peers.Peer) -> None:
    ports = f"nolock,proto=tcp,port={peer.port},mountport={peer.mount_port}"
    machine.sh(
        f"umount {DIRECTORY} 2>/dev/null; mount -t nfs -o vers=3,{ports} localhost:{peer.export} {DIRECTORY}"
    )


@contextlib.contextmanager
def _told() -> Iterator[None]:
    """A command that fails in the guest, as the bench's own error."""
    try:
        yield
    except AssertionError as error:
        raise BenchError(str(error)) from None


def _walks(machine: Any, running: dict[str, peers.Peer], rounds: int, absences: Absences) -> list[Row]:
    rows = {command.title: Row(command.title, "s", {}, command.aims) for command in COMMANDS}
    said: dict[str, str] = {}
    for name, peer in running.items():  # not counted: every server has seen its tree once
        with absences.excused(name), _told():
            _mount(machine, peer)
            machine.sh("ls -lR $1/runs >/dev/null", DIRECTORY, limit_s=LIMIT_S)
    for _ in range(rounds):
        for command in COMMANDS:
            for name, peer in running.items():
                if name in absences:
                    continue
                with absences.excused(name), _told():
                    _mount(machine, peer)
                    if not command.fresh:
                        machine.sh(command.shell, DIRECTORY, limit_s=LIMIT_S)
                    seconds, output = _timed(machine, command.shell, DIRECTORY)
                    rows[command.title].rounds.setdefault(name, []).append(seconds)
                    if command.alike and said.setdefault(command.title, output) != output:
                        raise BenchError(f"{command.title}: {output!r}, elsewhere {said[command.title]!r}")
    machine.sh(f"umount {DIRECTORY}")
    return absences.strike(list(rows.values()))


def _plain(machine: Any, times: int) -> Row:
    """`mount -t nfs localhost:/ DIR` with no option, unmounted in between."""
    seconds = []
    for _ in range(times):
        took, _ = _timed(machine, f"mount -t nfs localhost:/ {DIRECTORY}")
        seconds.append(took)
        machine.sh(f"umount {DIRECTORY}")
    return Row("the plain mount", "s", {"runfs": seconds}, (Aim(None, 0.35, 0.2, "less"),))


def _tail(machine: Any, api: Api, lines: int) -> Row:
    """From a history line acknowledged to `tail -f` on the mount printing it."""
    api.create_run("tailed")
    api.ask("POST", "/runs/tailed/history", {"first_line": 0, "lines": [{"step": 0}]})
    seconds = []
    machine.sh(f"mount -t nfs localhost:/ {DIRECTORY}")
    for number in range(1, lines + 1):
        follow = (
            f"tail -n0 -f {DIRECTORY}/runs/tailed/history.jsonl | (echo; head -n1; date +%s%N; kill $PPID)"
        )
        waiting = machine.start(follow, limit_s=LIMIT_S)
        machine.sh("sleep 1")  # tail has reached the end
        written_ns = int(machine.sh("date +%s%N"))
        api.ask("POST", "/runs/tailed/history", {"first_line": number, "lines": [{"step": number}]})
        seen_ns = int(waiting.result().text.split()[-1])
        seconds.append((seen_ns - written_ns) / 1e9)
    machine.sh(f"umount {DIRECTORY}")
    return Row(
        "a new line through tail -f, default options", "s", {"runfs": seconds}, (Aim(None, None, 2, "less"),)
    )


def run(plan: Plan) -> None:
    """The whole bench: data, the guest, plain mounts, walks, the table."""
    sys.path.insert(0, str(HARNESS))
    kernel_client = importlib.import_module("kernel_client")
    reason = kernel_client.why_not()
    if reason is not None:
        raise BenchError(f"no kernel client: {reason}")
    shape = QUICK if plan.quick else dataset.Shape()
    absences = Absences()
    folder, data = plan.work / "folder", plan.work / "data"
    dataset.make_and_copy(plan, shape, data, folder)
    with contextlib.ExitStack() as closing:
        machine = kernel_client.Machine()
        closing.callback(machine.stop)
        machine.ready()
        closing.enter_context(machine.network())
        machine.sh(f"mkdir -p {DIRECTORY}")
        ours, _ = peers.runfs(plan.work, data)
        closing.callback(ours.stop)
        ours.start()
        running = {OWN: ours}
        with absences.excused("ganesha"):
            running["ganesha"] = peers.ganesha(plan.work, folder)
            closing.callback(running["ganesha"].stop)
            running["ganesha"].start()
        rows = _walks(machine, running, plan.rounds, absences)
        ours.stop()
        plain, http_port = peers.runfs(plan.work, data, port=2049)
        closing.callback(plain.stop)
        plain.start()
        rows.insert(0, _plain(machine, QUICK_PLAIN_MOUNTS if plan.quick else PLAIN_MOUNTS))
        rows.append(_tail(machine, Api(http_port, data), 3 if plan.quick else 10))
    publish("mount", rows, SERVERS, plan.json_file, {**plan.notes, **absences.notes()})
