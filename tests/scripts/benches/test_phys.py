"""The C limit answers as a server would: the load client believes it, and so does another decoder."""

from __future__ import annotations

import socket
import struct
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import xdrlib3
from benches import peers

NAME, SIZE = "runs/large/files/large.bin", 1 << 20


@pytest.fixture
def phys(programs: Path, tmp_path: Path, pattern: Callable[[str, int], bytes]) -> Iterator[peers.Peer]:
    """A running C server over 1 MiB."""
    file = tmp_path / "large.bin"
    file.write_bytes(pattern(NAME, SIZE))
    peer = peers.phys(tmp_path, programs, file)
    with peer.daemon:
        peer.start()
        yield peer


@pytest.mark.parametrize("op", ["null", "getattr", "lookup", "access", "read", "stream"])
@pytest.mark.parametrize(("depth", "connections"), [(1, 1), (200, 1), (3, 4)])
def test_the_load_client_accepts_every_reply(
    phys: peers.Peer, programs: Path, op: str, depth: int, connections: int
) -> None:
    with phys.load(programs) as load:
        load.say("canned", targets=100, size=1, below=NAME)
        flow = load.say(
            "run", op=op, depth=depth, connections=connections, below=NAME, size=8192, seconds=0.02
        )
        assert flow.calls >= depth


def ask(port: int, procedure: int, arguments: bytes) -> xdrlib3.Unpacker:
    header = struct.pack(">10I", 77, 0, 2, 100003, 3, procedure, 0, 0, 0, 0)
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(struct.pack(">I", 0x80000000 | len(header + arguments)) + header + arguments)
        stream = connection.makefile("rb")
        (mark,) = struct.unpack(">I", stream.read(4))
        reply = xdrlib3.Unpacker(stream.read(mark & 0x7FFFFFFF))
    assert [reply.unpack_uint() for _ in range(6)] == [77, 1, 0, 0, 0, 0]
    return reply


def test_a_read_has_the_shape_of_the_rfc(phys: peers.Peer, pattern: Callable[[str, int], bytes]) -> None:
    packer = xdrlib3.Packer()
    packer.pack_opaque(struct.pack(">Q20x", 5))
    packer.pack_uhyper(SIZE - 4096)
    packer.pack_uint(4096)
    reply = ask(phys.port, 6, packer.get_buffer())
    assert (reply.unpack_uint(), reply.unpack_bool()) == (0, True)
    assert [reply.unpack_uint() for _ in range(5)] == [1, 0o444, 1, 1000, 1000]
    size, _, _, _, fileid, *_ = (reply.unpack_uhyper() for _ in range(8))
    assert (size, fileid) == (SIZE, 5)
    assert (reply.unpack_uint(), reply.unpack_bool()) == (4096, True)
    assert reply.unpack_opaque() == pattern(NAME, SIZE)[-4096:]
    reply.done()


def test_a_lookup_gives_the_handle_of_its_directory(phys: peers.Peer) -> None:
    packer = xdrlib3.Packer()
    packer.pack_opaque(struct.pack(">Q20x", 9))
    packer.pack_string(b"name")
    reply = ask(phys.port, 3, packer.get_buffer())
    assert reply.unpack_uint() == 0
    assert reply.unpack_opaque() == struct.pack(">Q20x", 9)
    for _ in range(2):  # the object's attributes and the directory's
        assert reply.unpack_bool()
        reply.unpack_fopaque(84)
    reply.done()
