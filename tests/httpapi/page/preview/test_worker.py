"""The child's side of the frames."""

import io
import json

from httpapi.page.preview.worker import BROKEN, LENGTH, serve


def frame(data: bytes) -> bytes:
    return LENGTH.pack(len(data)) + data


def question(kind: str, data: bytes) -> bytes:
    return frame(json.dumps({"kind": kind, "name": "a", "size": len(data)}).encode()) + frame(data)


def answers(asked: bytes) -> list[str]:
    out = io.BytesIO()
    serve(io.BytesIO(asked), out)
    out.seek(0)
    found = []
    while head := out.read(LENGTH.size):
        found.append(out.read(LENGTH.unpack(head)[0]).decode())
    return found


def test_one_answer_a_question() -> None:
    first, second = answers(question("text", b"one") + question("binary", b"two"))
    assert "one" in first
    assert "74 77 6f" in second


def test_a_renderer_that_fails_does_not_end_the_child() -> None:
    failed, fine = answers(question("no such kind", b"") + question("text", b"fine"))
    assert failed == BROKEN
    assert "fine" in fine


def test_input_cut_short() -> None:
    asked = question("text", b"one")
    assert answers(asked[:-1]) == []
    assert answers(asked[:2]) == []
    assert answers(b"") == []
