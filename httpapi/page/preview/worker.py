"""The child process that renders previews: frames in, frames out, within limits.

Both directions carry frames: a length (4 bytes, big-endian), then so many bytes. A question is a frame of
JSON (kind, name, size) and a frame of data; its answer is one frame of HTML. The child ends with its input.
"""

from __future__ import annotations

import json
import resource
import struct
import sys
import traceback
from typing import BinaryIO

from .kinds import Kind
from .source import Source

MEMORY_BYTES = 2 * 1024**3
ANSWER_BYTES = 64 * 1024**2
LENGTH = struct.Struct(">I")
BROKEN = '<p class="note problem">This file cannot be shown here. It can still be downloaded.</p>'


def serve(questions: BinaryIO, answers: BinaryIO) -> None:
    """The child's side: answer until the input ends. A renderer that fails is answered with a note."""
    from .render import render

    while (head := _frame(questions)) is not None:
        data = _frame(questions)
        if data is None:
            return
        asked = json.loads(head)
        try:
            html = render(Kind(asked["kind"]), Source(asked["name"], data, asked["size"])).encode()
        except Exception:  # a bug, or memory at its limit: the next file must still be shown
            traceback.print_exc()
            html = BROKEN.encode()
        if len(html) > ANSWER_BYTES:
            html = BROKEN.encode()
        answers.write(LENGTH.pack(len(html)) + html)
        answers.flush()


def _frame(stream: BinaryIO) -> bytes | None:
    """The next frame; None at the end of the input."""
    head = stream.read(LENGTH.size)
    if len(head) < LENGTH.size:
        return None
    (length,) = LENGTH.unpack(head)
    body = stream.read(length)
    return body if len(body) == length else None


def main() -> None:
    """Take the limits on, of memory and of what a crash leaves behind; then serve."""
    for limit, value in ((resource.RLIMIT_AS, MEMORY_BYTES), (resource.RLIMIT_CORE, 0)):
        resource.setrlimit(limit, (value, value))
    serve(sys.stdin.buffer, sys.stdout.buffer)
