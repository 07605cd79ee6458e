"""The bodies of requests as they come: bounded in size where they are held, and in how long they may stop."""

import asyncio
from collections.abc import AsyncIterator

from aiohttp import web

from httpapi.problems import Problem

STALL_S = 60.0  # a client that sends nothing for so long has gone, whatever its connection says


async def chunks(request: web.Request) -> AsyncIterator[bytes]:
    """The body, piece by piece. Problem when it stops coming or its client goes away."""
    while True:
        try:
            async with asyncio.timeout(STALL_S):
                chunk = await request.content.readany()
        except TimeoutError:
            raise Problem("timeout", f"Nothing of the body came for {STALL_S:.0f} seconds.") from None
        except ConnectionError:  # no bug of ours, and nobody is there to read this
            raise Problem("timeout", "The client went away before the end of its request.") from None
        if not chunk:
            return
        yield chunk


async def whole(request: web.Request, max_bytes: int) -> bytes:
    """The whole body; Problem when it is longer than `max_bytes`, before more than that is held."""
    too_large = Problem("too-large", f"The body is longer than the {max_bytes} bytes that are taken here.")
    if (request.content_length or 0) > max_bytes:
        raise too_large
    held: list[bytes] = []
    size = 0
    async for chunk in chunks(request):
        size += len(chunk)
        if size > max_bytes:
            raise too_large
        held.append(chunk)
    return held[0] if len(held) == 1 else b"".join(held)
