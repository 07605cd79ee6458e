"""The bodies of requests as they come: bounded in size where they are held, and in how long they may stop."""

import asyncio
from collections.abc import AsyncIterator
from functools import partial

from aiohttp import HttpVersion11, web

from httpapi.problems import Problem

CONTINUE = "100-continue"
STALL_S = 60.0  # a client that sends nothing for so long has gone, whatever its connection says
RATE_MIN = 1024  # bytes a second: who sends less after STALL_S keeps a connection, and sends nothing
UNCOUNTED_BYTES = 64 * 1024  # of a body in memory: each connection may have as much waiting anyway


async def chunks(request: web.Request) -> AsyncIterator[bytes]:
    """The body, piece by piece. Problem when it stops coming, trickles, or its client goes away.

    Only the time that is spent waiting for the client counts.
    """
    await _go_on(request)
    loop = asyncio.get_running_loop()
    read = request.content.readany if request.content_length is None else partial(_as_received, request)
    waited = size = 0.0
    while True:
        began = loop.time()
        try:
            async with asyncio.timeout(min(STALL_S, STALL_S + size / RATE_MIN - waited)):
                chunk = await read()
        except TimeoutError:
            raise Problem(
                "timeout", f"Nothing of the body came for {STALL_S:.0f} seconds, or too little in all."
            ) from None
        except ConnectionError:  # no bug of ours, and nobody is there to read this
            raise Problem("timeout", "The client went away before the end of its request.") from None
        except web.RequestPayloadError:
            raise Problem("malformed", "The body is not framed as HTTP/1.1 has it.") from None
        if not chunk:
            return
        waited += loop.time() - began
        size += len(chunk)
        yield chunk


async def _as_received(request: web.Request) -> bytes:
    """What one read of the socket gave: readany would join all that waits, which cost 0.6 s a GiB (measured).

    Not for bodies that are framed in chunks: their client could make them of one byte each.
    """
    return (await request.content.readchunk())[0]


class Held:
    """How much of all requests' bodies is in memory, and no more than `max_bytes` of it.

    What does not fit is refused: to wait would hold what others wait for. Of each body UNCOUNTED_BYTES are
    free, so that short ones go on while long ones come slowly.
    """

    def __init__(self, max_bytes: int) -> None:
        self.bytes = 0
        self._max_bytes = max_bytes

    def take(self, request: web.Request, size: int) -> None:
        """Count so many bytes for as long as the request lasts. Problem when they are too many."""
        if self.bytes + size > self._max_bytes:
            raise Problem("busy", "Too many long bodies come at once. Try again later.", {"Retry-After": "1"})
        self.bytes += size
        request[TAKEN] = request.get(TAKEN, 0) + size

    def leave(self, request: web.Request) -> None:
        """The request is over."""
        self.bytes -= request.pop(TAKEN, 0)


HELD = web.AppKey("held", Held)
TAKEN = web.RequestKey("taken", int)


async def whole(request: web.Request, max_bytes: int) -> bytes:
    """The whole body; Problem when it is longer than `max_bytes`, before more than that is held, or when all
    that are held come to too much.
    """
    too_large = Problem("too-large", f"The body is longer than the {max_bytes} bytes that are taken here.")
    if (request.content_length or 0) > max_bytes:
        raise too_large
    pieces: list[bytes] = []
    size = 0
    async for chunk in chunks(request):
        size += len(chunk)
        if size > max_bytes:
            raise too_large
        if size > UNCOUNTED_BYTES:
            request.app[HELD].take(request, min(len(chunk), size - UNCOUNTED_BYTES))
        pieces.append(chunk)
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)


async def expected(request: web.Request) -> web.StreamResponse | None:
    """What is said to a client that waits with its body for our leave: nothing yet, or that it is not given.

    The leave comes when the body is wanted: a body that would be refused is never sent.
    """
    expect = request.headers.get("Expect", "")
    if expect.lower() == CONTINUE:
        return None
    response = Problem("expectation", f"Of all expectations only {CONTINUE} can be met.").response()
    response.force_close()
    return response


def waits(request: web.Request) -> bool:
    """Whether the client waits for our leave before it sends the body."""
    asked = request.headers.get("Expect", "").lower() == CONTINUE and request.version >= HttpVersion11
    return asked and not request.content.total_bytes


async def _go_on(request: web.Request) -> None:
    if waits(request):
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        request.writer.output_size = 0  # of the answer, nothing is out yet
