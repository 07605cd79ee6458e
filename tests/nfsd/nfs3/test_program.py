"""The procedures, one after the other, in RFC 1813's order."""

from __future__ import annotations

import logging
from typing import Any

import pytest

import xdr
from nfsd.nfs3 import types as t
from nfsd.nfs3.program import MAXFILESIZE, RTMAX_BYTES
from nfsd.rpc.client import CallFailed
from nfsd.tree.handle import Handles
from nfsd.tree.node import ROOT
from store.catalog import runs
from store.errors import Unavailable

METADATA = "runs/r1/metadata.json"
B_TXT = "runs/r1/files/logs/a/b.txt"
LINK = "sweeps/s1/runs/r1"
SATTR = t.sattr3(
    None,
    None,
    None,
    None,
    t.set_atime(t.time_how.DONT_CHANGE, None),
    t.set_mtime(t.time_how.DONT_CHANGE, None),
)


async def test_getattr(nfs: Any) -> None:
    node = await nfs.world.walk(B_TXT)
    found = (await nfs.ok("GETATTR", await nfs.at(B_TXT))).obj_attributes
    assert (found.type, found.mode, found.nlink) == (t.ftype3.NF3REG, 0o444, 1)
    assert (found.uid, found.gid, found.size, found.used) == (501, 502, 6, 6)
    assert (found.fsid, found.fileid) == (nfs.world.catalog.id, node.fileid)
    assert found.mtime == found.ctime == found.atime
    assert found.mtime.seconds * 10**9 + found.mtime.nseconds == node.changed_ns
    directory = (await nfs.ok("GETATTR", await nfs.at("runs"))).obj_attributes
    assert (directory.type, directory.mode, directory.nlink) == (t.ftype3.NF3DIR, 0o555, 3)
    link = (await nfs.ok("GETATTR", await nfs.at(LINK))).obj_attributes
    assert (link.type, link.mode, link.size) == (t.ftype3.NF3LNK, 0o777, len("../../../runs/r1"))


async def test_lookup(nfs: Any) -> None:
    directory = await nfs.at("runs")
    found = await nfs.ok("LOOKUP", t.diropargs3(directory, b"r1"))
    assert found.object == await nfs.at("runs/r1")
    assert found.obj_attributes == (await nfs.ok("GETATTR", found.object)).obj_attributes
    assert found.dir_attributes == (await nfs.ok("GETATTR", directory)).obj_attributes


async def test_lookup_of_dots(nfs: Any) -> None:
    for path, name, expected in (
        ("runs", b".", "runs"),
        ("runs/r1", b"..", "runs"),
        ("", b"..", ""),
        ("", b".", ""),
    ):
        found = await nfs.ok("LOOKUP", t.diropargs3(await nfs.at(path), name))
        assert found.object == await nfs.at(expected), (path, name)


@pytest.mark.parametrize(
    ("name", "status"),
    [
        (b"missing", "NOENT"),
        (b"\xff\xfe", "NOENT"),
        (b"", "ACCES"),
        (b"a/b", "ACCES"),
        (b"r1\0", "ACCES"),
        (b"x" * 255, "NOENT"),
        (b"x" * 256, "NAMETOOLONG"),
        ("é".encode() * 128, "NAMETOOLONG"),
    ],
)
async def test_lookup_refuses(nfs: Any, name: bytes, status: str) -> None:
    directory = await nfs.at("runs")
    told, arm = await nfs.fails("LOOKUP", t.diropargs3(directory, name))
    assert told == status
    assert arm.dir_attributes == (await nfs.ok("GETATTR", directory)).obj_attributes


async def test_lookup_in_what_is_no_directory(nfs: Any) -> None:
    for path in (B_TXT, LINK):
        told, arm = await nfs.fails("LOOKUP", t.diropargs3(await nfs.at(path), b"x"))
        assert told == "NOTDIR"
        assert arm.dir_attributes is not None


async def test_access(nfs: Any) -> None:
    for path, granted in ((B_TXT, t.ACCESS3_READ), ("runs", t.ACCESS3_READ | t.ACCESS3_LOOKUP)):
        for wanted in (0x3F, 0x1F, 0x2D, 0, t.ACCESS3_READ):
            found = await nfs.ok("ACCESS", await nfs.at(path), wanted)
            assert found.access == granted & wanted
            assert found.obj_attributes is not None


async def test_readlink(nfs: Any) -> None:
    found = await nfs.ok("READLINK", await nfs.at(LINK))
    assert found.data == b"../../../runs/r1"
    assert found.symlink_attributes.size == len(found.data)
    told, arm = await nfs.fails("READLINK", await nfs.at(B_TXT))
    assert told == "INVAL"
    assert arm.symlink_attributes.type is t.ftype3.NF3REG


@pytest.mark.parametrize(
    ("offset", "count", "data", "eof"),
    [
        (0, 6, b"hello\n", True),
        (0, 5, b"hello", False),
        (0, 2**32 - 1, b"hello\n", True),
        (4, 1, b"o", False),
        (5, 1, b"\n", True),
        (6, 1, b"", True),
        (7, 10, b"", True),
        (0, 0, b"", False),
        (2**63 - 1, 4096, b"", True),
        (2**63, 4096, b"", True),
        (2**64 - 1, 2**32 - 1, b"", True),
    ],
)
async def test_read(nfs: Any, offset: int, count: int, data: bytes, eof: bool) -> None:
    found = await nfs.ok("READ", await nfs.at(B_TXT), offset, count)
    assert (found.data, found.count, found.eof) == (data, len(data), eof)
    assert found.file_attributes.size == 6


async def test_read_an_empty_file(nfs: Any) -> None:
    found = await nfs.ok("READ", await nfs.at("runs/r1/files/empty"), 0, 100)
    assert (found.data, found.count, found.eof) == (b"", 0, True)


async def test_read_gives_rtmax_at_most(nfs: Any) -> None:
    run = await nfs.world.run("big")
    await nfs.world.file(run.fileset_id, "big", bytes(RTMAX_BYTES + 10))
    found = await nfs.ok("READ", await nfs.at("runs/big/files/big"), 5, 2**32 - 1)
    assert (found.count, found.eof) == (RTMAX_BYTES, False)


async def test_read_of_other_types(nfs: Any) -> None:
    for path, status in (("runs", "ISDIR"), (LINK, "INVAL")):
        told, arm = await nfs.fails("READ", await nfs.at(path), 0, 1)
        assert told == status
        assert arm.file_attributes is not None


async def test_metadata_has_one_size_everywhere(nfs: Any) -> None:
    looked = await nfs.ok("LOOKUP", t.diropargs3(await nfs.at("runs/r1"), b"metadata.json"))
    listed = {
        entry.name: entry for entry in await nfs.listed("READDIRPLUS", await nfs.at("runs/r1"), 8192, 8192)
    }
    got = (await nfs.ok("GETATTR", looked.object)).obj_attributes
    read = await nfs.ok("READ", looked.object, 0, 1 << 20)
    sizes = {
        looked.obj_attributes.size,
        listed[b"metadata.json"].name_attributes.size,
        got.size,
        len(read.data),
    }
    assert len(sizes) == 1
    assert read.eof


async def test_everything_that_would_write_is_refused_with_attributes(nfs: Any) -> None:
    directory, file = await nfs.at("runs"), await nfs.at(B_TXT)
    what = t.diropargs3(directory, b"new")
    how = t.createhow3(t.createmode3.UNCHECKED, SATTR)
    pipe = t.mknoddata3(t.ftype3.NF3FIFO, SATTR)
    after = {}
    for name, args, of in (
        ("SETATTR", (file, SATTR, None), [file]),
        ("WRITE", (file, 0, 1, t.stable_how.UNSTABLE, b"x"), [file]),
        ("CREATE", (what, how), [directory]),
        ("CREATE", (what, t.createhow3(t.createmode3.EXCLUSIVE, bytes(8))), [directory]),
        ("MKDIR", (what, SATTR), [directory]),
        ("SYMLINK", (what, t.symlinkdata3(SATTR, b"x")), [directory]),
        ("MKNOD", (what, pipe), [directory]),
        ("REMOVE", (what,), [directory]),
        ("RMDIR", (what,), [directory]),
        ("RENAME", (what, t.diropargs3(await nfs.at("sweeps"), b"x")), [directory, await nfs.at("sweeps")]),
        ("LINK", (file, what), [file, directory]),
        ("COMMIT", (file, 0, 0), [file]),
    ):
        told, arm = await nfs.fails(name, *args)
        assert told == "ROFS", name
        expected = [(await nfs.ok("GETATTR", handle)).obj_attributes for handle in of]
        fields = [getattr(arm, name) for name in arm.__xdr_fields__]
        assert [getattr(field, "after", field) for field in fields] == expected, name
        assert all(getattr(field, "before", None) is None for field in fields)
        after[name] = told
        bad = t.nfs_fh3(b"no handle")
        broken = [
            t.diropargs3(bad, b"x")
            if isinstance(arg, t.diropargs3)
            else bad
            if isinstance(arg, t.nfs_fh3)
            else arg
            for arg in args
        ]
        assert (await nfs.fails(name, *broken))[0] == "BADHANDLE", name
    assert len(after) == 11


async def test_fsstat(nfs: Any) -> None:
    found = await nfs.ok("FSSTAT", await nfs.at())
    assert (found.tbytes, found.fbytes, found.abytes, found.invarsec) == (1000, 400, 400, 0)
    assert found.obj_attributes is not None


async def test_fsinfo(nfs: Any) -> None:
    found = await nfs.ok("FSINFO", await nfs.at())
    assert (found.rtmax, found.rtpref, found.dtpref, found.maxfilesize) == (
        1 << 20,
        1 << 20,
        1 << 20,
        MAXFILESIZE,
    )
    assert found.properties == t.FSF3_SYMLINK | t.FSF3_HOMOGENEOUS
    assert found.time_delta == t.nfstime3(0, 1)


async def test_pathconf(nfs: Any) -> None:
    found = await nfs.ok("PATHCONF", await nfs.at("runs"))
    assert (found.name_max, found.no_trunc, found.case_insensitive, found.case_preserving) == (
        255,
        True,
        False,
        True,
    )


WITH_HANDLE: list[tuple[str, tuple[Any, ...]]] = [
    ("GETATTR", ()),
    ("ACCESS", (1,)),
    ("READLINK", ()),
    ("READ", (0, 1)),
    ("READDIR", (0, bytes(8), 4096)),
    ("READDIRPLUS", (0, bytes(8), 4096, 4096)),
    ("FSSTAT", ()),
    ("FSINFO", ()),
    ("PATHCONF", ()),
]


@pytest.mark.parametrize(("name", "args"), WITH_HANDLE)
async def test_bad_and_stale_handles(nfs: Any, name: str, args: tuple[Any, ...]) -> None:
    tree, catalog = nfs.world.tree, nfs.world.catalog
    gone = await nfs.world.run("gone")
    handle = await nfs.at("runs/gone")
    await nfs.world.catalog.write(lambda tx: runs.delete(tx, gone.id))
    forged = bytearray(tree.handles.make(ROOT))
    forged[-1] ^= 1
    for data, status in (
        (handle.data, "STALE"),
        (tree.handles.make(99 << 6 | 7), "STALE"),
        (Handles(catalog.id + 1, catalog.secret).make(ROOT), "STALE"),
        (bytes(forged), "BADHANDLE"),
        (b"", "BADHANDLE"),
        (bytes(64), "BADHANDLE"),
    ):
        told, arm = await nfs.fails(name, t.nfs_fh3(data), *args)
        assert told == status
        assert arm is None or getattr(arm, next(iter(arm.__xdr_fields__))) is None


async def test_a_store_in_trouble_is_jukebox_and_never_noent(nfs: Any) -> None:
    handle = await nfs.at(B_TXT)
    nfs.world.content.error = Unavailable("the store is slow")
    told, arm = await nfs.fails("READ", handle, 0, 1)
    assert told == "JUKEBOX"
    assert arm.file_attributes.size == 6

    async def down(*_: Any) -> Any:
        raise Unavailable("the catalog is down")

    nfs.world.tree.forget_everything()
    nfs.world.tree.db = type("Down", (), {"one": down, "all": down})()
    assert (await nfs.fails("LOOKUP", t.diropargs3(handle, b"x")))[0] == "JUKEBOX"
    assert (await nfs.fails("GETATTR", handle))[0] == "JUKEBOX"


async def test_a_file_shorter_than_promised_is_io(nfs: Any) -> None:
    node = await nfs.world.walk(B_TXT)
    nfs.world.content.versions[node.number] = b""
    assert (await nfs.fails("READ", await nfs.at(B_TXT), 0, 1))[0] == "IO"


async def test_a_bug_is_serverfault_with_its_traceback(nfs: Any, caplog: pytest.LogCaptureFixture) -> None:
    nfs.world.content.error = RuntimeError("a bug of ours")
    with caplog.at_level(logging.ERROR):
        assert (await nfs.fails("READ", await nfs.at(B_TXT), 0, 1))[0] == "SERVERFAULT"
    assert "a bug of ours" in caplog.text
    assert "Traceback" in caplog.text


async def test_a_network_that_is_not_allowed(nfs: Any) -> None:
    handle = await nfs.at()
    nfs.peer.client = "10.0.0.1"
    with pytest.raises(CallFailed):
        await nfs.ok("GETATTR", handle)


async def test_trailing_bytes_are_garbage(nfs: Any) -> None:
    packed = xdr.pack(t.GETATTR3args, t.GETATTR3args(await nfs.at()))
    await nfs.bytes("GETATTR", packed)
    for wrong in (packed + bytes(4), packed[:-4], packed[:-1], b""):
        with pytest.raises(CallFailed, match="GARBAGE_ARGS"):
            await nfs.bytes("GETATTR", wrong)


async def test_a_whole_reply_is_frozen(nfs: Any) -> None:
    """The bytes of a GETATTR, but for the catalog's id and the time, which are this catalog's own."""
    node = await nfs.world.tree.node(ROOT)
    packed = xdr.pack(t.GETATTR3args, t.GETATTR3args(await nfs.at()))
    seconds, nanoseconds = divmod(node.changed_ns, 10**9)
    time = seconds.to_bytes(4, "big") + nanoseconds.to_bytes(4, "big")
    assert await nfs.bytes("GETATTR", packed) == (
        bytes.fromhex("00000000 00000002 0000016d 00000006 000001f5 000001f6")
        + bytes.fromhex("0000000000001000 0000000000001000 00000000 00000000")
        + nfs.world.catalog.id.to_bytes(8, "big")
        + bytes.fromhex("0000000000000001")
        + time * 3
    )
