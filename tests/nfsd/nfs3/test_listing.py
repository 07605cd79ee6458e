"""READDIR and READDIRPLUS, on the wire and off it."""

from __future__ import annotations

from itertools import repeat
from typing import Any

import pytest

import xdr
from nfsd.nfs3 import types as t
from nfsd.nfs3.listing import COOKIEVERF, COUNT_MAX, DIRECTORY_ATTRIBUTES, Page
from nfsd.tree.node import Entry, Type
from store.catalog import runs


async def test_a_listing_is_what_lookup_finds(nfs: Any) -> None:
    for path in ("", "runs", "runs/r1", "runs/r1/files/logs", "artifacts/collections/model", "projects/team"):
        directory = await nfs.at(path)
        node = await nfs.world.tree.resolve(directory.data)
        plain = await nfs.listed("READDIR", directory, 65536)
        plus = await nfs.listed("READDIRPLUS", directory, 65536, 65536)
        assert [(e.fileid, e.name, e.cookie) for e in plain] == [(e.fileid, e.name, e.cookie) for e in plus]
        assert [(e.name, e.cookie, e.fileid) for e in plus[:2]] == [
            (b".", 1, node.fileid),
            (b"..", 2, node.parent),
        ]
        for entry in plus[2:]:
            found = await nfs.ok("LOOKUP", t.diropargs3(directory, entry.name))
            assert (entry.name_handle, entry.name_attributes) == (found.object, found.obj_attributes)
            assert entry.fileid == found.obj_attributes.fileid


async def test_every_cookie_resumes_with_any_room(nfs: Any) -> None:
    for number in range(30):
        await nfs.world.run(f"run-{number:04}")
    directory = await nfs.at("runs")
    whole = await nfs.listed("READDIRPLUS", directory, 1 << 20, 1 << 20)
    assert len(whole) == 33
    for maxcount in (400, 777, 1500, 8192):
        assert await nfs.listed("READDIRPLUS", directory, maxcount, maxcount) == whole
    for place, entry in enumerate(whole):
        found = await nfs.ok("READDIRPLUS", directory, entry.cookie, COOKIEVERF, 1 << 20, 1 << 20)
        assert list(found.reply.entries) == whole[place + 1 :]
        assert found.reply.eof


@pytest.mark.parametrize("name", ["READDIR", "READDIRPLUS"])
async def test_the_resok_is_never_larger_than_allowed(nfs: Any, name: str) -> None:
    for number in range(20):
        await nfs.world.run(f"{'long-name-' * 5}{number}")
    directory = await nfs.at("runs")
    plus = name == "READDIRPLUS"
    for count in range(300, 3000, 37):
        args = getattr(t, f"{name}3args")
        values = (directory, 3, COOKIEVERF, *([count] * (2 if plus else 1)))
        result = await nfs.bytes(name, xdr.pack(args, args(*values)))
        if result[:4] == bytes(4):
            assert len(result) - 4 <= count
            assert xdr.unpack(getattr(t, f"{name}3res"), result).arm.reply.entries
        else:
            assert int.from_bytes(result[:4], "big") == t.nfsstat3.NFS3ERR_TOOSMALL
            assert count < 500


def test_a_reply_is_bounded_whatever_the_client_allows() -> None:
    page, cookie = Page(0xFFFF_FFFF), 3
    while page.add(7, b"name", cookie):
        cookie += 1
    assert COUNT_MAX - 28 < DIRECTORY_ATTRIBUTES + len(page.packed(eof=False)) <= COUNT_MAX == 65536


async def test_dircount_bounds_the_names(nfs: Any) -> None:
    for number in range(20):
        await nfs.world.run(f"run-{number:08}")  # 12 bytes each
    found = await nfs.ok("READDIRPLUS", await nfs.at("runs"), 17, COOKIEVERF, 12 * 7 + 11, 65536)
    assert len(found.reply.entries) == 7
    assert not found.reply.eof


@pytest.mark.parametrize("count", [0, 1, 60, 107])
async def test_too_small(nfs: Any, count: int) -> None:
    for name, args in (
        ("READDIR", (count,)),
        ("READDIRPLUS", (count, count)),
        ("READDIRPLUS", (65536, count)),
    ):
        told, arm = await nfs.fails(name, await nfs.at("runs"), 0, COOKIEVERF, *args)
        assert told == "TOOSMALL"
        assert arm.dir_attributes is not None


@pytest.mark.parametrize("cookie", [0, 1, 2, 3, 17, 10**6, 2**64 - 1])
async def test_without_room_for_the_end_nothing_is_read_from_any_cookie(nfs: Any, cookie: int) -> None:
    directory = await nfs.at("runs")
    nfs.world.tree.db = None  # whoever asks the catalog now is a bug
    for count in (0, 1, 63, 64, 103):
        for name, counts in (("READDIR", (count,)), ("READDIRPLUS", (65536, count))):
            told, arm = await nfs.fails(name, directory, cookie, COOKIEVERF, *counts)
            assert told == "TOOSMALL"
            assert arm.dir_attributes is not None


async def test_counts_up_to_the_largest_are_clamped(nfs: Any) -> None:
    largest = 2**32 - 1
    assert len(await nfs.listed("READDIR", await nfs.at("runs"), largest)) == 3
    assert len(await nfs.listed("READDIRPLUS", await nfs.at("runs"), largest, largest)) == 3


async def test_cookies_behind_the_end_and_odd_verifiers(nfs: Any) -> None:
    for cookie in (10**6, 2**63, 2**64 - 1):
        for verifier in (COOKIEVERF, b"whatever"):
            found = await nfs.ok("READDIRPLUS", await nfs.at("runs"), cookie, verifier, 4096, 4096)
            assert found.reply == t.dirlistplus3((), True)
            assert found.cookieverf == COOKIEVERF


async def test_listing_what_is_no_directory(nfs: Any) -> None:
    for name, counts in (("READDIR", (4096,)), ("READDIRPLUS", (4096, 4096))):
        told, arm = await nfs.fails(name, await nfs.at("runs/r1/files/empty"), 0, COOKIEVERF, *counts)
        assert told == "NOTDIR"
        assert arm.dir_attributes.type is t.ftype3.NF3REG


async def test_entries_come_and_go_while_a_directory_is_listed(nfs: Any) -> None:
    stays = [f"stay-{number:03}" for number in range(60)]
    goes = []
    for name in stays:
        await nfs.world.run(name)
        goes.append(await nfs.world.run(f"go-{name}"))
    directory = await nfs.at("runs")
    seen: list[bytes] = []
    cookie, eof, round_ = 0, False, 0
    while not eof:
        found = await nfs.ok("READDIRPLUS", directory, cookie, COOKIEVERF, 2000, 2000)
        seen += [entry.name for entry in found.reply.entries]
        cookie, eof = found.reply.entries[-1].cookie if found.reply.entries else cookie, found.reply.eof
        if goes:
            victims, goes = goes[-3:], goes[:-3]
            for victim in victims:
                await nfs.world.catalog.write(lambda tx, victim=victim: runs.delete(tx, victim.id))
        if round_ < 10:
            await nfs.world.run(f"new-{round_}")
        round_ += 1
    assert len(seen) == len(set(seen))
    assert {name.encode() for name in stays} <= set(seen)


async def test_a_warm_page_is_the_same_bytes_and_goes_with_a_change(nfs: Any) -> None:
    packed = xdr.pack(
        t.READDIRPLUS3args, t.READDIRPLUS3args(await nfs.at("runs/r1"), 0, COOKIEVERF, 65536, 65536)
    )
    cold = await nfs.bytes("READDIRPLUS", packed)
    assert await nfs.bytes("READDIRPLUS", packed) == cold
    run = await runs.by_id(nfs.world.catalog.direct, 1)
    await nfs.world.catalog.write(lambda tx: runs.update(tx, run.id, notes="longer"))
    warm = xdr.unpack(t.READDIRPLUS3res, await nfs.bytes("READDIRPLUS", packed)).arm
    sizes = {entry.name: entry.name_attributes and entry.name_attributes.size for entry in warm.reply.entries}
    assert sizes[b"metadata.json"] == len(await nfs.world.read("runs/r1/metadata.json"))


def test_a_page_is_what_the_types_declare() -> None:
    page = Page(400)
    assert page.add(7, b"abcde", 9)
    assert page.add(8, b"", 10)
    entries = (t.entry3(7, b"abcde", 9), t.entry3(8, b"", 10))
    whole = xdr.pack(t.READDIR3resok, t.READDIR3resok(None, COOKIEVERF, t.dirlist3(entries, True)))
    assert page.packed(eof=True) == whole[4:]
    with pytest.raises(OSError, match="no entry fits"):
        Page(400).packed(eof=False)


def test_filling_is_adding() -> None:
    attributes = (7, Type.FILE, 1, 0, 0)
    entries: list[Entry] = [(cookie, "n" * cookie, attributes) for cookie in range(1, 9)]
    for count, dircount in ((137, 99), (180, 99), (240, 4), (300, 12), (300, 13), (1000, 99)):
        for plus in (b"", b"plus"):
            one, other = Page(count, dircount), Page(count, dircount)
            added = [one.add(7, b"n" * cookie, cookie, plus) for cookie in range(1, 9)]
            fitting = added.index(False) if False in added else len(added)
            assert other.fill(entries, repeat(plus)) == (fitting == len(entries))
            again = Page(count, dircount)
            for cookie in range(1, fitting + 1):
                assert again.add(7, b"n" * cookie, cookie, plus)
            assert other.packed(eof=True) == again.packed(eof=True)
