"""README.md and ARCHITECTURE.md are true where a test can tell: examples run, what they name is there."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from daemon_process import start

from runfs import mount_form
from runfs.__main__ import COMMANDS, parser
from runfs.mount_form import Reach
from runfs.settings import NFS_PORT, Address

EXAMPLE_LIMIT_S = 60
HERE = Reach(Address("127.0.0.1", NFS_PORT), serves=True)
WHOLE = Reach(Address("127.0.0.1", NFS_PORT), True, True, True, True, True)


def blocks(text: str, language: str) -> list[str]:
    """The fenced blocks of one language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def readme(root: Path) -> str:
    return (root / "README.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def shell_lines(readme: str) -> list[list[str]]:
    """The commands of README's shell examples, as words, without comments."""
    lines = [line for block in blocks(readme, "bash") for line in block.splitlines()]
    return [words for line in lines if (words := shlex.split(line, comments=True))]


def test_python_examples_run(readme: str, root: Path, tmp_path: Path) -> None:
    daemon = start(tmp_path / "data")
    environ = {
        **os.environ,
        "RUNFS_URL": daemon.http,
        "RUNFS_DATA": str(daemon.data),
        "PYTHONPATH": str(root),
    }
    (tmp_path / "work" / "checkpoints" / "a").mkdir(parents=True)
    (tmp_path / "work" / "checkpoints" / "a" / "model.pt").write_bytes(b"weights")
    examples = blocks(readme, "python")
    assert examples
    for example in examples:
        done = subprocess.run(
            [sys.executable, "-c", example],
            cwd=tmp_path / "work",
            env=environ,
            capture_output=True,
            text=True,
            timeout=EXAMPLE_LIMIT_S,
        )
        assert done.returncode == 0, example + done.stderr
    [run] = daemon.ask("GET", "/api/v1/runs")["items"]
    assert (run["history_lines"], run["files"], run["state"]) == (3, 1, "finished")
    assert daemon.stop() == 0


def test_shell_examples_are_commands_that_exist(shell_lines: list[list[str]], root: Path) -> None:
    for words in shell_lines:
        if words[0] == "runfs":
            parser(words[1:]).parse_args(words[1:])
        elif words[0] == "bash":
            assert (root / words[1]).exists(), words


def test_mounts_are_those_that_runfs_mount_chooses(shell_lines: list[list[str]]) -> None:
    shown = [words for words in shell_lines if words[0] == "mount"]
    folder = mount_form.EXAMPLE
    plain = mount_form.command(WHOLE, "/", folder, "Linux")
    assert plain[3:5] == [
        "-o",
        "ro",
    ]  # better, and not needed: the first command that anybody reads is the shortest
    assert shown == [
        [*plain[:3], *plain[5:]],
        mount_form.command(HERE, "/", folder, "Linux"),
        mount_form.command(HERE, "/", folder, "Darwin"),
    ]


def test_every_command_is_told_of(readme: str) -> None:
    for name in COMMANDS:
        assert re.search(rf"`runfs {name}\b", readme), f"README.md does not mention `runfs {name}`"
    told = set(re.findall(r"`runfs ([a-z]+)\b", readme))
    assert told <= set(COMMANDS), told - set(COMMANDS)


@pytest.mark.parametrize("name", ["README.md", "ARCHITECTURE.md"])
def test_what_is_named_is_there(name: str, root: Path) -> None:
    text = (root / name).read_text(encoding="utf-8")
    missing = [link for link in re.findall(r"\]\(([^):#]+)\)", text) if not (root / link).exists()]
    paths = re.findall(r"`((?:xdr|nfsd|store|httpapi|runfs|sdk|scripts|tests)/[\w./-]*)", text)
    missing += [path for path in paths if not (root / path).exists()]
    assert not missing, missing


def test_flags_that_are_told_of_exist(readme: str) -> None:
    serve_flags = set(re.findall(r"--[a-z-]+", parser(["serve"]).format_help()))
    for name in COMMANDS:
        actions = parser([name])._subparsers
        assert actions is not None
        sub = actions._group_actions[0].choices[name]  # type: ignore[index,call-overload]
        serve_flags |= set(re.findall(r"--[a-z-]+", sub.format_help()))
    told = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", readme))
    assert told <= serve_flags | {"--once"}, told - serve_flags
