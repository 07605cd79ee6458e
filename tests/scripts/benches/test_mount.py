"""Commands on a mount: timed inside the guest, in turn, and every server says the same."""

from __future__ import annotations

import subprocess
from types import SimpleNamespace
from typing import Any

import pytest
from benches import mount
from benches.absences import Absences
from benches.daemons import BenchError


class Guest:
    """Says what a guest would: a command takes its server's seconds and prints its output."""

    def __init__(self, seconds: dict[int, float], output: dict[int, str]) -> None:
        self.seconds, self.output = seconds, output
        self.mounted = 0
        self.log: list[str] = []

    def sh(self, script: str, *arguments: str, limit_s: float = 60) -> str:
        """One command."""
        if "mount -t nfs" in script:
            self.mounted = int(script.partition(",port=")[2].partition(",")[0])
            self.log.append(f"mount {self.mounted}")
        elif script.startswith("from="):
            assert self.output[self.mounted] != "fails", "status 1 of find"
            self.log.append("timed")
            return f"{self.seconds[self.mounted] * 1e9:.0f}\n{self.output[self.mounted]}"
        elif not script.startswith("umount"):
            self.log.append("untimed")
        return ""


def servers(**ports: int) -> dict[str, Any]:
    return {name: SimpleNamespace(port=port, mount_port=port, export="/") for name, port in ports.items()}


def test_the_time_is_the_commands_own_and_its_failure_is_seen() -> None:
    def run(command: str) -> subprocess.CompletedProcess[str]:
        script = mount.TIMED.format(command=command)
        return subprocess.run(
            ["bash", "-c", script, "bash", "word"], capture_output=True, text=True, check=False
        )

    nanoseconds, said = run("sleep 0.05; echo $1 two").stdout.splitlines()
    assert said == "word two"
    assert 50e6 < int(nanoseconds) < 5e9
    assert run("false").returncode != 0
    assert run("false").stdout == ""


def test_every_command_starts_on_a_fresh_mount_and_in_turn() -> None:
    guest = Guest({1: 2.0, 2: 4.0}, {1: "100", 2: "100"})
    rows = {row.title: row for row in mount._walks(guest, servers(runfs=1, ganesha=2), 2, Absences())}
    assert rows["find"].rounds == {"runfs": [2, 2], "ganesha": [4, 4]}
    assert rows["find"].judged[0].figure == 0.5
    assert guest.log[:4] == ["mount 1", "untimed", "mount 2", "untimed"]  # both have seen their tree
    assert guest.log[4:8] == ["mount 1", "timed", "mount 2", "timed"]
    again = guest.log[12:18]
    assert again == ["mount 1", "untimed", "timed", "mount 2", "untimed", "timed"]  # ls -lR, again at once


@pytest.mark.parametrize("output", ["99", "fails"])
def test_a_peer_that_shows_other_things_or_fails_is_left_out(output: str) -> None:
    absences = Absences()
    rows = mount._walks(Guest({1: 1, 2: 1}, {1: "100", 2: output}), servers(runfs=1, ganesha=2), 1, absences)
    assert {name for row in rows for name in row.rounds} == {"runfs"}
    assert ("'99', elsewhere '100'" if output == "99" else "status 1") in absences.reasons["ganesha"]


def test_ours_failing_ends_the_bench() -> None:
    with pytest.raises(BenchError, match="status 1 of find"):
        mount._walks(Guest({1: 1}, {1: "fails"}), servers(runfs=1), 1, Absences())


def test_every_promised_walk_is_judged() -> None:
    judged = {command.title: [str(aim) for aim in command.aims] for command in mount.COMMANDS if command.aims}
    assert judged == {
        title: ["<= 1 / 0.7"] for title in ("find", "ls -lR", "grep -r over every metadata.json")
    }
    assert all(command.alike for command in mount.COMMANDS if command.aims)


def test_plain_mounts_have_no_option() -> None:
    scripts: list[str] = []

    def sh(script: str, *arguments: str, limit_s: float = 60) -> str:
        scripts.append(script)
        return "200000000\n"

    row = mount._plain(SimpleNamespace(sh=sh), 2)
    assert row.rounds == {"runfs": [0.2, 0.2]}
    assert [(aim.bound, aim.want) for aim in row.aims] == [(0.35, 0.2)]
    assert sum("$(mount -t nfs localhost:/ /mnt/wandb)" in script for script in scripts) == 2
