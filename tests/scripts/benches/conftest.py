"""The C programs, built once, and a small NFS server that can be told to answer wrongly."""

from __future__ import annotations

import socket
import socketserver
import struct
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import xdrlib3
from benches import load

ROOT_ID, DIRECTORY_ID, FILE_ID = 1, 2, 3
FILE_PATH, FILE_BYTES = "runs/a.bin", 8192
NF3REG, NF3DIR = 1, 2


@pytest.fixture(scope="session")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with load, phys and pattern."""
    folder = tmp_path_factory.mktemp("programs")
    load.build(folder)
    return folder


class Faults:
    """What the small server does wrong; nothing, unless a test says so."""

    fileid_of: dict[int, int]
    data: Callable[[bytes], bytes]
    results: Callable[[int, bytes], bytes]
    fragment_bytes: int | None
    xid: int | None

    def __init__(self) -> None:
        self.fileid_of = {}
        self.data = lambda content: content
        self.results = lambda procedure, body: body
        self.fragment_bytes = None
        self.xid = None


class SmallServer(socketserver.ThreadingTCPServer):
    """runs/a.bin, over MOUNT and NFSv3, packed with xdrlib3."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, content: bytes) -> None:
        super().__init__(("127.0.0.1", 0), Connection)
        self.content = content
        self.faults = Faults()
        self.xids: list[int] = []

    @property
    def port(self) -> int:
        """Where it listens on 127.0.0.1."""
        return int(self.server_address[1])

    def attributes(self, packer: Any, fileid: int) -> None:
        """fattr3."""
        is_file = fileid == FILE_ID
        packer.pack_uint(NF3REG if is_file else NF3DIR)
        for field in (0o444, 1, 0, 0):
            packer.pack_uint(field)
        packer.pack_uhyper(len(self.content) if is_file else 4096)
        for field in (4096, 0, 1, self.faults.fileid_of.get(fileid, fileid), 0, 0, 0):
            packer.pack_uhyper(field)

    def results_of(self, program: int, procedure: int, arguments: Any) -> bytes:
        """The results, from the arguments after the header."""
        packer = xdrlib3.Packer()
        if procedure == 0:
            return self.faults.results(procedure, b"")
        packer.pack_uint(0)
        if program == 100005:
            packer.pack_opaque(struct.pack(">Q", ROOT_ID))
            packer.pack_uint(0)
            return bytes(packer.get_buffer())
        (fileid,) = struct.unpack(">Q", arguments.unpack_opaque())
        if procedure == 1:
            self.attributes(packer, fileid)
        elif procedure == 3:
            child = {b"runs": DIRECTORY_ID, b"a.bin": FILE_ID}[arguments.unpack_string()]
            packer.pack_opaque(struct.pack(">Q", child))
            self.post_op(packer, child)
            packer.pack_uint(0)
        elif procedure == 4:
            self.post_op(packer, fileid)
            packer.pack_uint(0x1F)
        elif procedure == 6:
            self.read(packer, fileid, arguments.unpack_uhyper(), arguments.unpack_uint())
        elif procedure == 17:
            self.list(packer, fileid, arguments.unpack_uhyper())
        return self.faults.results(procedure, bytes(packer.get_buffer()))

    def post_op(self, packer: Any, fileid: int) -> None:
        """post_op_attr."""
        packer.pack_uint(1)
        self.attributes(packer, fileid)

    def read(self, packer: Any, fileid: int, offset: int, count: int) -> None:
        """READ3resok."""
        piece = self.faults.data(self.content[offset : offset + count])
        self.post_op(packer, fileid)
        packer.pack_uint(len(piece))
        packer.pack_uint(offset + count >= len(self.content))
        packer.pack_opaque(piece)

    def list(self, packer: Any, fileid: int, cookie: int) -> None:
        """READDIRPLUS3resok: "." in a reply of its own, then the one child."""
        self.post_op(packer, fileid)
        packer.pack_uhyper(7)
        name, child = (b".", fileid) if cookie == 0 else {1: (b"runs", 2), 2: (b"a.bin", 3)}[fileid]
        packer.pack_uint(1)
        packer.pack_uhyper(child)
        packer.pack_string(name)
        packer.pack_uhyper(cookie + 1)
        self.post_op(packer, child)
        packer.pack_uint(1)
        packer.pack_opaque(struct.pack(">Q", child))
        packer.pack_uint(0)
        packer.pack_uint(cookie == 1)


class Connection(socketserver.BaseRequestHandler):
    """Calls in, replies out, one after the other."""

    server: SmallServer
    request: socket.socket

    def handle(self) -> None:
        """Serves one connection until it ends."""
        stream = self.request.makefile("rb")
        while mark := stream.read(4):
            call = stream.read(struct.unpack(">I", mark)[0] & 0x7FFFFFFF)
            arguments = xdrlib3.Unpacker(call)
            xid, _, _, program, _, procedure = (arguments.unpack_uint() for _ in range(6))
            for _ in range(2):
                arguments.unpack_uint()
                arguments.unpack_opaque()
            self.server.xids.append(xid)
            sent_xid = xid if self.server.faults.xid is None else self.server.faults.xid
            header = struct.pack(">IIIIII", sent_xid, 1, 0, 0, 0, 0)
            self.send(header + self.server.results_of(program, procedure, arguments))

    def send(self, reply: bytes) -> None:
        """One record, in fragments if a test wants them."""
        piece = self.server.faults.fragment_bytes or len(reply)
        pieces = [reply[at : at + piece] for at in range(0, len(reply), piece)]
        for number, part in enumerate(pieces, 1):
            last = 0x80000000 if number == len(pieces) else 0
            self.request.sendall(struct.pack(">I", last | len(part)) + part)


@pytest.fixture
def small_server(pattern: Callable[[str, int], bytes]) -> Iterator[SmallServer]:
    """A running server of one file."""
    with SmallServer(pattern(FILE_PATH, FILE_BYTES)) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture(scope="session")
def pattern() -> Callable[[str, int], bytes]:
    """The contents of data files, told a second time: FNV-1a of the path, mixed with each word's index."""

    def words(path: str, size: int) -> bytes:
        mask = (1 << 64) - 1
        seed = 0xCBF29CE484222325
        for byte in path.encode():
            seed = (seed ^ byte) * 0x100000001B3 & mask
        content = bytearray()
        for index in range(size // 8):
            z = (seed + index * 0x9E3779B97F4A7C15) & mask
            z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9 & mask
            content += struct.pack("<Q", z ^ z >> 27)
        return bytes(content)

    return words
