from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator

import pytest

from runfs import logs

KEY = "runfs_" + "k" * 43


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def _root_logger_as_it_was() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


def test_json_lines_away_from_a_terminal() -> None:
    stream = io.StringIO()
    logs.start(verbose=False, stream=stream)
    logging.getLogger("nfsd.mount3").info("mount", extra={"path": "/", "client": "127.0.0.1", "uid": 0})
    logging.getLogger("nfsd").debug("not at info")
    [line] = stream.getvalue().splitlines()
    told = json.loads(line)
    assert told.pop("time").endswith("Z")
    assert told == {
        "level": "info",
        "logger": "nfsd.mount3",
        "message": "mount",
        "path": "/",
        "client": "127.0.0.1",
        "uid": 0,
    }


def test_text_at_a_terminal() -> None:
    stream = Terminal()
    logs.start(verbose=True, stream=stream)
    logging.getLogger("x").debug("call %s", "GETATTR", extra={"xid": 7})
    assert stream.getvalue().rstrip("\n").split(" ", 1)[1] == "debug call GETATTR xid=7"


@pytest.mark.parametrize("stream", [io.StringIO(), Terminal()])
def test_no_keys_and_no_signatures(stream: io.StringIO) -> None:
    logs.start(verbose=False, stream=stream)
    signed = "http://h/u?expires=1&signature=abc123&x=1 X-Amz-Signature=def456"
    logging.getLogger("x").info("GET %s", signed, extra={"key": KEY})
    try:
        raise ValueError(KEY)
    except ValueError:
        logging.getLogger("x").exception("failed")
    text = stream.getvalue()
    assert "abc123" not in text
    assert "def456" not in text
    assert KEY not in text
    assert "expires=1" in text
    assert "x=1" in text
    assert "ValueError" in text


def test_a_traceback_stays_in_its_json_line() -> None:
    stream = io.StringIO()
    logs.start(verbose=False, stream=stream)
    try:
        raise ValueError("two\nlines")
    except ValueError:
        logging.getLogger("x").exception("failed")
    [line] = stream.getvalue().splitlines()
    assert "ValueError: two\nlines" in json.loads(line)["error"]
