"""Runs the renderers in a child process.

Parsers meet hostile bytes here: a regular expression may run for hours, a decompressed table may be huge, a
native reader may crash. In a child none of that holds up the server: it has a limit on memory, and one that
does not answer in time is killed and replaced. It also keeps the interpreter's lock free for the server.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys

from . import worker
from .kinds import Kind
from .source import Source

TIMEOUT_S = 10.0
IDLE_S = 120.0

_SLOW = '<p class="note problem">This file takes too long to be shown here. It can still be downloaded.</p>'


class Renderer:
    """The parent's side: one child, started when first needed, one question at a time."""

    def __init__(self, timeout_s: float = TIMEOUT_S, idle_s: float = IDLE_S) -> None:
        self._timeout_s = timeout_s
        self._idle_s = idle_s
        self._turn = asyncio.Lock()
        self._child: asyncio.subprocess.Process | None = None
        self._idle: asyncio.TimerHandle | None = None

    async def render(self, kind: Kind, source: Source) -> str:
        """The safe HTML of a preview; a note that says so when the child fails or takes too long."""
        async with self._turn:
            if self._idle is not None:
                self._idle.cancel()
            try:
                return await asyncio.wait_for(self._ask(kind, source), self._timeout_s)
            except TimeoutError:
                await self._end()
                return _SLOW
            except (OSError, EOFError):
                await self._end()
                return worker.BROKEN
            except asyncio.CancelledError:
                self._kill()  # the browser went away: a half-read answer must not meet the next question
                self._child = None
                raise
            finally:
                self._idle = asyncio.get_running_loop().call_later(self._idle_s, self._kill)

    async def close(self) -> None:
        """End the child."""
        if self._idle is not None:
            self._idle.cancel()
        await self._end()

    async def _ask(self, kind: Kind, source: Source) -> str:
        if self._child is None or self._child.returncode is not None:
            pipe = asyncio.subprocess.PIPE
            command = (sys.executable, "-c", f"from {worker.__name__} import main; main()")
            self._child = await asyncio.create_subprocess_exec(
                *command, stdin=pipe, stdout=pipe, env=_environment()
            )
        assert self._child.stdin is not None
        assert self._child.stdout is not None
        question = json.dumps({"kind": kind, "name": source.name, "size": source.size}).encode()
        for frame in (question, source.data):
            self._child.stdin.write(worker.LENGTH.pack(len(frame)))
            self._child.stdin.write(frame)
        await self._child.stdin.drain()
        (length,) = worker.LENGTH.unpack(await self._child.stdout.readexactly(worker.LENGTH.size))
        if length > worker.ANSWER_BYTES:
            raise EOFError("the renderer's answer is over its limit")
        return (await self._child.stdout.readexactly(length)).decode()

    def _kill(self) -> None:
        if self._child is not None and self._child.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self._child.kill()

    async def _end(self) -> None:
        self._kill()
        if self._child is not None:
            await self._child.wait()
            self._child = None


def _environment() -> dict[str, str]:
    """What the child is told: where modules are. Whoever breaks it shall find no secret in it."""
    return {"PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "PYTHONUTF8": "1"}
