"""Console capture keeps lines, and the script notices nothing of it."""

from __future__ import annotations

import io
import sys
import threading

import pytest

from sdk.console import LINE_MAX, UNFINISHED_MAX, Capture, Lines


def kept(*pieces: str) -> list[str]:
    found: list[str] = []
    lines = Lines(found.append)
    for piece in pieces:
        lines.write(piece)
    lines.close()
    return found


@pytest.mark.parametrize(
    ("pieces", "lines"),
    [
        (["a\n"], ["a"]),
        (["a", "b\nc", "\n", "d"], ["ab", "c", "d"]),
        (["\n\n"], ["", ""]),
        ([""], []),
        (["10%\r50%\r100%\n"], ["100%"]),
        (["10%\r", "50%\r", "done\n"], ["done"]),
        (["windows\r\nline\r\n"], ["windows", "line"]),
        (["half\r", "\nnext\n"], ["half", "next"]),
        (["left\r"], ["left"]),
        (["x" * (LINE_MAX + 5) + "\n"], ["x" * LINE_MAX]),
    ],
)
def test_lines(pieces: list[str], lines: list[str]) -> None:
    assert kept(*pieces) == lines


def test_a_line_without_end_takes_no_memory_without_end() -> None:
    found: list[str] = []
    lines = Lines(found.append)
    for number in range(10_000):
        lines.write(f"\rprogress {number}")
        assert len(lines._open) <= UNFINISHED_MAX + 100
    lines.write("x" * (3 * UNFINISHED_MAX))
    assert len(lines._open) <= UNFINISHED_MAX
    lines.close()
    assert len(found) == 1


class Stream(io.StringIO):
    """With attributes, as the interpreter's own streams have."""


def replace_streams(monkeypatch: pytest.MonkeyPatch) -> tuple[Stream, Stream]:
    """Not a fixture: pytest puts its own streams back between set-up and test."""
    out, err = Stream(), Stream()
    monkeypatch.setattr(sys, "stdout", out)
    monkeypatch.setattr(sys, "stderr", err)
    return out, err


def test_both_streams_are_watched_and_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    streams = replace_streams(monkeypatch)
    found: list[str] = []
    capture = Capture(found.append)
    capture.start()
    print("to", end=" ")
    print("an error", file=sys.stderr)
    print("stdout")
    assert sys.stdout.write("four") == 4
    capture.stop()
    print("\nafter")
    assert found == ["an error", "to stdout", "four"]
    assert streams[0].getvalue() == "to stdout\nfour\nafter\n"
    assert streams[1].getvalue() == "an error\n"
    assert "write" not in vars(sys.stdout)


def test_keeping_may_fail_or_print(monkeypatch: pytest.MonkeyPatch) -> None:
    streams = replace_streams(monkeypatch)

    def keep(line: str) -> None:
        print("printed while keeping")
        raise RuntimeError(line)

    capture = Capture(keep)
    capture.start()
    print("one")
    print("two")
    capture.stop()
    assert streams[0].getvalue() == "one\nprinted while keeping\ntwo\nprinted while keeping\n"


def test_an_error_of_the_stream_itself_is_the_scripts(monkeypatch: pytest.MonkeyPatch) -> None:
    streams = replace_streams(monkeypatch)
    capture = Capture(lambda line: None)
    capture.start()
    with pytest.raises(TypeError):
        sys.stdout.write(b"bytes")  # type: ignore[arg-type]
    streams[0].close()
    with pytest.raises(ValueError, match="closed"):
        print("x")
    capture.stop()


def test_many_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    replace_streams(monkeypatch)
    found: list[str] = []
    capture = Capture(found.append)
    capture.start()
    threads = [
        threading.Thread(target=lambda: [sys.stdout.write("line\n") for _ in range(200)]) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    capture.stop()
    assert found == ["line"] * 800


def test_streams_that_cannot_be_watched_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    class Slotted:
        __slots__ = ()

        def write(self, text: str) -> int:
            return len(text)

    monkeypatch.setattr(sys, "stdout", Slotted())
    monkeypatch.setattr(sys, "stderr", None)
    capture = Capture(lambda line: None)
    capture.start()
    capture.stop()
