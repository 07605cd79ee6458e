"""Arbitrary and damaged arguments before every procedure of NFS and MOUNT: always an answer, never a bug."""

from __future__ import annotations

import asyncio
import logging
import struct
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import xdr
from nfsd.mount3.program import Mount3
from nfsd.nfs3 import types as t
from nfsd.nfs3.program import NFS3
from nfsd.rpc import Dispatch, Peer
from nfsd.tree.handle import Handles
from nfsd.tree.networks import Networks
from nfsd.tree.tree import Tree
from store.catalog import Catalog, projects, runs

# A catalog's id and secret are its own, so handles of fileids are put in where a call is made.
PLACE = b"\0\0\0\x24" + b"HANDLE--" + bytes(28)
GOOD = [
    PLACE,
    PLACE + struct.pack(">I", 4) + b"runs",
    PLACE + struct.pack(">QI", 0, 4096),
    PLACE + struct.pack(">Q8xI", 0, 4096),
    PLACE + struct.pack(">Q8xII", 0, 4096, 4096),
    struct.pack(">I", 5) + b"/runs" + bytes(3),
]


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """Good arguments with bytes behind the handle changed, cut off and added."""
    data = bytearray(draw(st.sampled_from(GOOD)))
    for _ in range(draw(st.integers(0, 4))):
        data[draw(st.integers(0, len(data) - 1))] = draw(
            st.sampled_from([0, 1, 2, 4, 0x24, 0x40, 0x7F, 0x80, 0xFF])
        )
    return bytes(data[: draw(st.integers(0, len(data)))]) + draw(st.binary(max_size=12))


call = st.tuples(
    st.sampled_from([(100003, number) for number in range(22)] + [(100005, number) for number in range(6)]),
    st.integers(0, 32),
    st.one_of(damaged(), st.sampled_from(GOOD), st.binary(max_size=80)),
)


async def answered(calls: list[Any], folder: Path) -> None:
    catalog = await Catalog.open(folder / "catalog", poll_s=None)
    try:
        project = await catalog.write(lambda tx: projects.ensure(tx, "team", "vision"))
        if await runs.by_name(catalog.direct, project.id, "r") is None:
            await catalog.write(lambda tx: runs.create(tx, project.id, "r"))
        tree = Tree(catalog, None)  # type: ignore[arg-type]
        handles = Handles(catalog.id, catalog.secret)
        dispatch = Dispatch([NFS3(tree, Networks()), Mount3(tree, Networks())])
        peer = Peer("127.0.0.1", 1, "tcp")
        for (program, procedure), kind, arguments in calls:
            head = struct.pack(">IIIIIIIIII", 7, 0, 2, program, 3, procedure, 0, 0, 0, 0)
            handle = handles.make(1 << 6 | kind if kind > 1 else 1)
            record = head + arguments.replace(PLACE[4:], handle)
            reply = dispatch.answer(record, peer)
            parts = reply if isinstance(reply, list) else await reply  # type: ignore[misc]
            whole = b"".join(parts)
            assert whole[4:8] == record[:4]
            accept = int.from_bytes(whole[24:28], "big")
            assert accept in (0, 4), (program, procedure, arguments)  # SUCCESS or GARBAGE_ARGS, never a bug
            if program == 100003 and accept == 0 and procedure:
                name = NFS3.table[procedure].name
                result = xdr.unpack(getattr(t, f"{name}3res"), whole[28:])
                assert result.discriminant is not t.nfsstat3.NFS3ERR_SERVERFAULT
    finally:
        await catalog.close()


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(calls=st.lists(call, min_size=5, max_size=40))
def test_every_call_is_answered(
    calls: list[Any], tmp_path_factory: pytest.TempPathFactory, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR):
        asyncio.run(answered(calls, tmp_path_factory.getbasetemp()))
    assert not caplog.records
