"""How the application is served: on a bound socket, behind gates, with limits on what is read at all."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

from aiohttp import http_exceptions, web

from httpapi.access_log import AccessLog
from httpapi.connections import CONNECTIONS
from httpapi.door import HEADERS, SERVER
from httpapi.problems import Problem

# Uploads are a third faster than with aiohttp's 64 KiB, and no faster with more (measured). Twice as much is
# held of a body that comes quicker than it is taken: then its client is made to wait.
READ_BUFFER_BYTES = 512 << 10
LINE_MAX_BYTES = 32 << 10  # of the first line, and of a header: a path of 4,096 bytes is escaped as 12,288
BACKLOG = 1024
KEEPALIVE_S = 75.0
SHUTDOWN_S = 10.0

OPTIONS: dict[str, Any] = {
    "access_log_class": AccessLog,
    "read_bufsize": READ_BUFFER_BYTES,
    "auto_decompress": False,  # a compressed body would be unpacked before any limit
    "keepalive_timeout": KEEPALIVE_S,
    "max_line_size": LINE_MAX_BYTES,
    "max_field_size": LINE_MAX_BYTES,
}


class Protocol(web.RequestHandler):
    """aiohttp's, but that it refuses what is no HTTP with problem documents, as all else is refused."""

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Answer for a request that never came to the application; the connection ends with it."""
        if status >= 500:
            self.log_exception("a request from %s failed", request.remote, exc_info=exc)
            problem = Problem("internal", "The server failed on this request; its log says more.")
        elif isinstance(exc, http_exceptions.LineTooLong):
            problem = Problem("head-too-large", f"A line of the head is longer than {LINE_MAX_BYTES} bytes.")
        else:
            problem = Problem("malformed", "This is no well-formed HTTP/1.1 request; nothing of it was done.")
        if request.writer.output_size > 0:
            raise ConnectionError("half an answer is out already")
        response = problem.response()
        response.headers.update(HEADERS | SERVER)
        response.force_close()
        return response


@asynccontextmanager
async def serving(app: web.Application, bound: socket.socket) -> AsyncIterator[None]:
    """Serve inside the block; at its end requests in flight are answered."""
    runner = web.AppRunner(app, shutdown_timeout=SHUTDOWN_S)
    await runner.setup()
    try:
        loop = asyncio.get_running_loop()
        assert runner.server is not None  # since it is set up
        protocol = partial(Protocol, runner.server, loop=loop, **OPTIONS)
        gate = partial(app[CONNECTIONS].gate, protocol)
        server = await loop.create_server(gate, sock=bound, backlog=BACKLOG)
        try:
            yield
        finally:
            server.close()
    finally:
        await runner.cleanup()
