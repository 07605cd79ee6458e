"""Words for people: short, and progress only where it can be redrawn."""

from __future__ import annotations

import io
import sys

import pytest

from sdk.terminal import Progress, amount, count, say


@pytest.mark.parametrize(
    ("size", "words"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (1_540_000, "1.5 MB"),
        (5 * 10**9, "5.0 GB"),
        (3e13, "30.0 TB"),
    ],
)
def test_amounts(size: float, words: str) -> None:
    assert amount(size) == words


def test_counts() -> None:
    assert [count(number, "file") for number in (0, 1, 2)] == ["0 files", "1 file", "2 files"]


def test_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    say("hello")
    assert capsys.readouterr().err == "runfs: hello\n"


@pytest.mark.parametrize("stream", [None, "closed"])
def test_nobody_listens(monkeypatch: pytest.MonkeyPatch, stream: str | None) -> None:
    closed = io.StringIO()
    closed.close()
    monkeypatch.setattr(sys, "stderr", closed if stream else None)
    say("hello")
    progress = Progress()
    progress.show(1, 2, "text")
    progress.close()


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_progress_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = Terminal()
    monkeypatch.setattr(sys, "stderr", stream)
    progress = Progress()
    progress.show(500_000, 1_000_000, "2 files left")
    progress.close()
    progress.close()
    assert stream.getvalue() == (
        "\rrunfs: [############------------] 500.0 kB of 1.0 MB, 2 files left\x1b[K\r\x1b[K"
    )


def test_no_progress_in_a_pipe(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    progress = Progress()
    progress.show(1, 2, "text")
    progress.close()
    assert stream.getvalue() == ""
