"""The fast way answers with the general way's bytes, or leaves the call to it."""

from __future__ import annotations

from typing import Any

import pytest

import xdr
from nfsd.nfs3 import types as t
from nfsd.rpc import Credential
from store.catalog import runs

ANYBODY = Credential(1, 1000, 1000, (), "host")
PATHS = ("", "runs", "runs/r1", "runs/r1/metadata.json", "runs/r1/files/logs/a/b.txt", "sweeps/s1/runs/r1")


def result(answer: Any) -> bytes | None:
    return answer if answer is None or type(answer) is bytes else b"".join(answer)


class Both:
    """A call that is made both ways."""

    def __init__(self, nfs: Any) -> None:
        self.nfs = nfs
        self.numbers = {row.name: number for number, row in nfs.program.table.items()}

    def quick(self, name: str, packed: bytes, credential: Credential = ANYBODY) -> bytes | None:
        fast = self.nfs.program.fast(self.numbers[name], credential, 8)
        return result(fast(b"header--" + packed))

    async def general(self, name: str, *args: Any) -> bytes:
        """The bytes of the general way alone."""
        row = self.nfs.program.table[self.numbers[name]]
        parts = await row.method(self.nfs.program, getattr(t, f"{name}3args")(*args), Call(ANYBODY))
        return b"".join(parts)

    async def agree(self, name: str, *args: Any) -> None:
        packed = xdr.pack(type_ := getattr(t, f"{name}3args"), type_(*args))
        general = await self.general(name, *args)
        assert self.quick(name, packed) == general, (name, args)
        for wrong in (packed + bytes(4), packed[:-4], packed[:-1], b"\0\0\1" + packed[3:]):
            assert self.quick(name, wrong) is None, (name, "malformed")


class Call:
    """As much of a call as procedures look at."""

    def __init__(self, credential: Credential) -> None:
        self.credential = credential
        self.client = "127.0.0.1"


@pytest.fixture
def both(nfs: Any) -> Both:
    return Both(nfs)


async def test_getattr_and_access(nfs: Any, both: Both) -> None:
    for path in PATHS:
        handle = await nfs.at(path)
        packed = xdr.pack(t.GETATTR3args, t.GETATTR3args(handle))
        for name, bits in (("GETATTR", b""), ("ACCESS", bytes(4))):
            nfs.world.tree.forget_everything()
            assert both.quick(name, packed + bits) is None  # nothing is kept
            await nfs.world.tree.node(nfs.world.tree.handles.fileid(handle.data))
            assert both.quick(name, packed + bits) is not None  # kept, with a handle that nobody has shown
        await both.agree("GETATTR", handle)
        for wanted in (0, 0x1F, 0x3F, 2**32 - 1):
            await both.agree("ACCESS", handle, wanted)


async def test_lookup(nfs: Any, both: Both) -> None:
    for path, name in (
        ("", b"runs"),
        ("runs", b"r1"),
        ("runs/r1/files", b"logs"),
        ("runs/r1/files", b"empty"),
    ):
        what = t.diropargs3(await nfs.at(path), name)
        nfs.world.tree.forget_everything()
        assert both.quick("LOOKUP", xdr.pack(t.LOOKUP3args, t.LOOKUP3args(what))) is None
        await both.agree("LOOKUP", what)
    directory = await nfs.at("runs")
    for name in (b".", b"..", b"missing", b"", b"\xff", b"x" * 300):
        assert both.quick("LOOKUP", xdr.pack(t.diropargs3, t.diropargs3(directory, name))) is None
    fill = bytearray(xdr.pack(t.diropargs3, t.diropargs3(directory, b"r1")))
    fill[-1] = 1
    assert both.quick("LOOKUP", bytes(fill)) is None  # garbage, which the general way says


async def test_a_name_that_ends_before_its_length_is_left_to_the_general_way(nfs: Any, both: Both) -> None:
    directory = await nfs.at("runs/r1")
    for name in (b"files", b"metadata.json"):
        what = t.diropargs3(directory, name)
        await both.general("LOOKUP", what)
        handle, packed = xdr.pack(t.nfs_fh3, directory), xdr.pack(t.diropargs3, what)
        for size in (len(name) + 1, 2 * len(name), 2**32 - 1, 2**32 - 4):
            for end in (len(packed), len(handle) + 4 + len(name)):
                cut = handle + size.to_bytes(4, "big") + packed[len(handle) + 4 : end]
                if len(cut) - len(handle) - 4 < size:
                    assert both.quick("LOOKUP", cut) is None, (name, size, end)
        assert both.quick("LOOKUP", packed) is not None


async def test_names_that_readdir_listed_are_looked_up_without_the_catalog(nfs: Any, both: Both) -> None:
    for path in ("runs", "runs/r1/files"):
        directory = await nfs.at(path)
        nfs.world.tree.forget_everything()
        listed = {entry.name: entry.fileid for entry in await nfs.listed("READDIR", directory, 4096)}
        names = listed.keys() - {b".", b".."}
        assert names
        for name in names:
            found = both.quick("LOOKUP", xdr.pack(t.diropargs3, t.diropargs3(directory, name)))
            assert found is not None, name
            assert found == await both.general("LOOKUP", t.diropargs3(directory, name))
            resok = xdr.unpack(t.LOOKUP3res, found).arm
            assert resok.obj_attributes.fileid == listed[name]


@pytest.mark.parametrize("warm", [True, False])
async def test_read(nfs: Any, both: Both, warm: bool) -> None:
    run = await nfs.world.run("big")
    content = bytes(range(256)) * 400
    await nfs.world.file(run.fileset_id, "big", content)
    nfs.world.content.warm = warm
    for path in ("runs/r1/metadata.json", "runs/r1/files/logs/a/b.txt", "runs/r1/files/empty"):
        handle = await nfs.at(path)
        for offset, count in ((0, 10), (3, 2), (0, 2**32 - 1), (6, 1), (2**64 - 1, 5), (0, 0)):
            await both.agree("READ", handle, offset, count)
    handle = await nfs.at("runs/big/files/big")
    packed = xdr.pack(t.READ3args, t.READ3args(handle, 5, 50_000))
    assert both.quick("READ", packed) is None
    general = await both.general("READ", handle, 5, 50_000)
    assert both.quick("READ", packed) == (general if warm else None)
    assert content[5:50_005] in general
    await both.agree("READ", handle, len(content), 1)


async def test_no_part_of_a_reply_is_empty(nfs: Any) -> None:
    # asyncio's transport from Python 3.12 on spins on a write whose last part is empty.
    reader = nfs.program.fast(6, ANYBODY, 0)
    for path in ("runs/r1/metadata.json", "runs/r1/files/empty"):
        handle = await nfs.at(path)
        for offset, count in ((0, 5), (0, 8), (0, 0), (2**40, 1)):
            parts = reader(xdr.pack(t.READ3args, t.READ3args(handle, offset, count)))
            assert parts is not None
            assert all(len(part) for part in parts), (path, offset, count)


async def test_small_files_are_read_from_the_store_once(nfs: Any, both: Both) -> None:
    handle = await nfs.at("runs/r1/files/logs/a/b.txt")
    for offset in range(6):
        await both.agree("READ", handle, offset, 1)
    assert nfs.world.content.reads == 1
    assert nfs.world.tree.bytes >= sum(node.weight for node in nfs.world.tree.nodes.values())


async def test_listings(nfs: Any, both: Both) -> None:
    for path in ("", "runs", "runs/r1", "runs/r1/files"):
        handle = await nfs.at(path)
        for cookie in (0, 1, 2, 3, 17):
            await both.agree("READDIR", handle, cookie, bytes(8), 4096)
            await both.agree("READDIRPLUS", handle, cookie, b"verifier", 4096, 8192)


async def test_nothing_is_left_after_a_change(nfs: Any, both: Both) -> None:
    directory, file = await nfs.at("runs/r1"), await nfs.at("runs/r1/metadata.json")
    calls = {
        "GETATTR": (file,),
        "ACCESS": (file, 1),
        "READ": (file, 0, 100_000),
        "LOOKUP": (t.diropargs3(directory, b"metadata.json"),),
        "READDIRPLUS": (directory, 0, bytes(8), 4096, 4096),
    }
    for name, args in calls.items():
        await both.agree(name, *args)
    await nfs.world.catalog.write(lambda tx: runs.update(tx, 1, notes="changed"))
    for name, args in calls.items():
        packed = xdr.pack(type_ := getattr(t, f"{name}3args"), type_(*args))
        assert both.quick(name, packed) is None, name
    for name, args in calls.items():
        await both.agree(name, *args)


async def test_files_are_no_directories(nfs: Any, both: Both) -> None:
    file, directory = await nfs.at("runs/r1/metadata.json"), await nfs.at("runs")
    for handle in (file, directory):
        await nfs.ok("GETATTR", handle)
    assert both.quick("LOOKUP", xdr.pack(t.diropargs3, t.diropargs3(file, b"x"))) is None
    assert both.quick("READ", xdr.pack(t.READ3args, t.READ3args(directory, 0, 1))) is None
    assert both.quick("READDIR", xdr.pack(t.READDIR3args, t.READDIR3args(file, 0, bytes(8), 99))) is None
