"""Arbitrary and damaged arguments before every procedure of the lock manager, the status monitor and the
portmapper: always an answer, never a bug."""

from __future__ import annotations

import asyncio
import inspect
import logging
import struct
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import xdr
from nfsd.nlm4.keeper import Keeper
from nfsd.nlm4.program import NLM4
from nfsd.nlm4.types import nlm4_lock, nlm4_lockargs, nlm4_unlockargs
from nfsd.nsm import Monitored, StatusMonitor
from nfsd.nsm import types as nsm
from nfsd.portmap import Mappings, Portmap, mapping
from nfsd.rpc import Dispatch, Peer

ALOCK = nlm4_lock(b"host", b"file", b"owner", 7, 0, 0)
GOOD = [
    xdr.pack(nlm4_lockargs, nlm4_lockargs(b"cookie", True, True, ALOCK, False, 0)),
    xdr.pack(nlm4_lockargs, nlm4_lockargs(b"cookie", False, False, ALOCK, True, 0)),
    xdr.pack(nlm4_unlockargs, nlm4_unlockargs(b"cookie", ALOCK)),
    xdr.pack(nsm.stat_chge, nsm.stat_chge(b"host", 3)),
    xdr.pack(nsm.mon, nsm.mon(nsm.mon_id(b"host", nsm.my_id(b"me", 100021, 3, 16)), bytes(16))),
    xdr.pack(mapping, mapping(100021, 4, 6, 2049)),
]
PROGRAMS = [(100021, 4, number) for number in range(25)]
PROGRAMS += [(100024, 1, number) for number in range(8)] + [(100000, 2, number) for number in range(7)]


class Nobody:
    """In place of `Callbacks`: no client answers."""

    async def call(self, *call: Any) -> bytes:
        raise ConnectionRefusedError("nobody is there")


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """Good arguments with bytes changed, cut off and added."""
    data = bytearray(draw(st.sampled_from(GOOD)))
    for _ in range(draw(st.integers(0, 4))):
        place = draw(st.integers(0, len(data) - 1))
        data[place] = draw(st.sampled_from([0, 1, 2, 4, 0x40, 0x7F, 0x80, 0xFF]))
    return bytes(data[: draw(st.integers(0, len(data)))]) + draw(st.binary(max_size=12))


async def resolve(handle: bytes) -> None:
    if handle != b"file":
        raise OSError("no file")


async def answered(calls: list[Any], folder: Path) -> None:
    monitored: Any = Monitored(folder / "fuzzed-locks.json")
    nobody: Any = Nobody()
    keeper = Keeper(monitored, nobody, resolve)
    monitor = StatusMonitor(monitored, nobody, keeper.rebooted, "server")
    dispatch = Dispatch([NLM4(keeper, nobody), monitor, Portmap(Mappings())])
    for (program, version, procedure), client, arguments in calls:
        record = struct.pack(">10I", 1, 0, 2, program, version, procedure, 0, 0, 0, 0) + arguments
        reply: Any = dispatch.answer(record, Peer(client, 700, "tcp"))
        whole = b"".join(await reply if inspect.isawaitable(reply) else reply)[4:]
        rejected, accepted = struct.unpack_from(">I8xI", whole, 8)
        assert rejected == 0
        assert accepted in (0, 3, 4), (program, procedure, arguments)  # never SYSTEM_ERR, which is a bug
    await monitor.stop()
    await keeper.stop()


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    calls=st.lists(
        st.tuples(
            st.sampled_from(PROGRAMS),
            st.sampled_from(["127.0.0.1", "127.0.0.2", "10.0.0.1"]),
            st.one_of(damaged(), st.sampled_from(GOOD), st.binary(max_size=80)),
        ),
        min_size=5,
        max_size=40,
    )
)
def test_every_call_is_answered(
    calls: list[Any], tmp_path_factory: pytest.TempPathFactory, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR):
        asyncio.run(answered(calls, tmp_path_factory.getbasetemp()))
    assert not caplog.records
