from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from runfs.__main__ import main


def test_a_file(here: Any, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    assert main(["cat", "/runs/r1/metadata.json"]) == 0
    assert json.loads(capsysbinary.readouterr().out)["config"] == {"rate": 0.5}


def test_a_folder_is_no_file(here: Any, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cat", "/runs"]) == 1
    assert capsys.readouterr().err == "runfs cat: /runs is a folder\n"


def test_a_reader_that_leaves_is_no_error(here: Any) -> None:
    command = [sys.executable, "-m", "runfs", "cat", "/runs/r1/metadata.json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as cat:
        assert cat.stdout is not None
        assert cat.stderr is not None
        cat.stdout.close()
        assert cat.stderr.read() == b""
        assert cat.wait() == 0
