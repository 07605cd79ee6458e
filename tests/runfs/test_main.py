from __future__ import annotations

import importlib
import os
import subprocess
import sys
from types import SimpleNamespace

import pytest

from httpapi.routes import health
from runfs import __main__ as command
from runfs.errors import CommandError


def stand_in(monkeypatch: pytest.MonkeyPatch, run: object) -> None:
    """A subcommand `try` whose `run` is the one given."""
    monkeypatch.setitem(command.COMMANDS, "try", ("runfs.stand_in", "try something"))
    module = SimpleNamespace(add_arguments=lambda parser: parser.add_argument("word"), run=run)
    monkeypatch.setitem(sys.modules, "runfs.stand_in", module)  # type: ignore[arg-type]


def test_the_status_is_the_subcommands(monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in(monkeypatch, lambda arguments: len(arguments.word))
    assert command.main(["try", "four"]) == 4


@pytest.mark.parametrize("status", [1, 2])
def test_a_command_error_is_one_line(
    status: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def run(arguments: object) -> int:
        raise CommandError("mend this", status)

    stand_in(monkeypatch, run)
    assert command.main(["try", "it"]) == status
    assert capsys.readouterr().err == "runfs try: mend this\n"


def test_a_terminal_without_the_character() -> None:
    program = "import sys; from runfs.__main__ import main; sys.exit(main())"
    done = subprocess.run(
        [sys.executable, "-c", program, "mount", "--conf", "--nfs", "r\u00fcn:1"],
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert "r\\xfcn" in done.stdout


def test_the_version_is_the_one_that_is_installed(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        command.main(["--version"])
    assert ended.value.code == 0
    assert capsys.readouterr().out == f"runfs {health.own_version()}\n"


def test_a_bug_is_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    def run(arguments: object) -> int:
        raise ZeroDivisionError

    stand_in(monkeypatch, run)
    with pytest.raises(ZeroDivisionError):
        command.main(["try", "it"])


@pytest.mark.parametrize("argv", [[], ["nonsense"], ["try"], ["try", "it", "--nonsense"]])
def test_a_bad_command_line_is_one_line_and_status_2(
    argv: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    stand_in(monkeypatch, lambda arguments: 0)
    with pytest.raises(SystemExit) as ended:
        command.main(argv)
    assert ended.value.code == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_every_command_has_its_module_and_help(capsys: pytest.CaptureFixture[str]) -> None:
    for name, (module, _) in command.COMMANDS.items():
        assert callable(importlib.import_module(module).run)
        with pytest.raises(SystemExit) as ended:
            command.main([name, "--help"])
        assert ended.value.code == 0
        assert f"usage: runfs {name}" in capsys.readouterr().out


def test_help_imports_no_server() -> None:
    code = "import sys, runfs.__main__ as m\ntry: m.main(['--help'])\nexcept SystemExit: pass\n"
    code += "print(sorted({n.split('.')[0] for n in sys.modules} & {'aiohttp', 'asyncio', 'store', 'nfsd'}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_python_dash_m() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "runfs", "--help"], capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("usage: runfs ")
