"""Having the kernel send a stretch of a file: no byte of it comes into this process.

asyncio's loop can; uvloop's cannot (its sendfile raises NotImplementedError), and there it is done by hand,
on a duplicate of the socket's descriptor, because uvloop lets nobody else watch the one that it watches
itself.
"""

import asyncio
import os
from typing import IO

# Of one call: it may wait for a disk, and everyone else waits with it.
CALL_BYTES = 1 << 20
FLUSH_TURNS = 100  # of the loop, before waiting for a client that does not even read the headers
FLUSH_PAUSE_S = 0.005


def can_send_files(transport: asyncio.Transport) -> bool:
    """Whether the bytes may go past us: not through TLS, which has to see them."""
    return transport.get_extra_info("sslcontext") is None


async def send_file(transport: asyncio.Transport, file: IO[bytes], offset: int, count: int) -> None:
    """Send `count` bytes of a file from `offset` on, after all that the transport holds.

    Raises ConnectionError when the client goes away, EOFError when the file is shorter; the answer is then to
    be broken off.
    """
    loop = asyncio.get_running_loop()
    if isinstance(loop, asyncio.BaseEventLoop):
        if await loop.sendfile(transport, file, offset, count) != count:
            raise EOFError("the file is shorter than its answer")
        return
    await _flushed(transport)
    socket = os.dup(transport.get_extra_info("socket").fileno())
    try:
        while count:
            try:
                sent = os.sendfile(socket, file.fileno(), offset, min(count, CALL_BYTES))
            except BlockingIOError:
                await _writable(loop, socket)
                continue
            if sent == 0:
                raise EOFError("the file is shorter than its answer")
            offset += sent
            count -= sent
            if count:
                await _writable(loop, socket)  # even if it is: others get their turn
    finally:
        os.close(socket)


async def _flushed(transport: asyncio.Transport) -> None:
    turn = 0
    while transport.get_write_buffer_size():
        if transport.is_closing():
            raise ConnectionResetError("the client has gone")
        turn += 1
        await asyncio.sleep(0 if turn < FLUSH_TURNS else FLUSH_PAUSE_S)


async def _writable(loop: asyncio.AbstractEventLoop, socket: int) -> None:
    """Wait until the socket takes more, or until it is broken: the next call then says so."""
    ready = loop.create_future()
    loop.add_writer(socket, _set, ready)
    try:
        await ready
    finally:
        loop.remove_writer(socket)


def _set(ready: asyncio.Future[None]) -> None:
    if not ready.done():
        ready.set_result(None)
