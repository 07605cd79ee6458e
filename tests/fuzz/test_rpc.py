"""Arbitrary and damaged bytes in front of the record, call and credential decoders: only documented errors
come out."""

import struct

from hypothesis import given, settings
from hypothesis import strategies as st

import xdr
from nfsd.rpc import Denied, Dispatch, Peer, Program
from nfsd.rpc.auth import read_credential
from nfsd.rpc.message import Dropped, Rejected, read_call
from nfsd.rpc.record import Records, RecordTooLarge
from nfsd.rpc.types import authsys_parms, rpc_msg

CALL = (
    struct.pack(">8I", 1, 0, 2, 100003, 3, 0, 1, 28)
    + xdr.pack(authsys_parms, authsys_parms(0, b"host", 1000, 100, (4,)))
    + bytes(8)
)


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A good call with bytes changed, cut off and added."""
    data = bytearray(CALL)
    for _ in range(draw(st.integers(0, 4))):
        data[draw(st.integers(0, len(data) - 1))] = draw(st.sampled_from([0, 1, 2, 3, 4, 0x7F, 0x80, 0xFF]))
    return bytes(data[: draw(st.integers(0, len(data)))]) + draw(st.binary(max_size=8))


records = st.one_of(st.binary(max_size=120), damaged())


class Empty(Program, number=100003, version=3): ...


@given(
    st.lists(st.one_of(st.binary(max_size=40), records.map(lambda data: struct.pack(">I", len(data)) + data)))
)
def test_the_record_decoder(buffers: list[bytes]) -> None:
    decoder = Records(1000)
    for buffer in buffers:
        try:
            assert all(len(record) <= 1000 for record in decoder.feed(buffer))
        except RecordTooLarge:
            return


@given(records)
def test_the_call_decoder(record: bytes) -> None:
    try:
        header = read_call(record)
    except Dropped:
        return
    except Rejected as rejected:
        xdr.unpack(rpc_msg, rejected.reply[4:])
        return
    assert header.end <= len(record)


@given(st.integers(-(2**31), 2**31 - 1) | st.just(1), st.binary(max_size=80))
def test_the_credential_decoder(flavor: int, body: bytes) -> None:
    try:
        assert read_credential(flavor, body).flavor == flavor
    except Denied:
        assert flavor != 0


@settings(max_examples=300)
@given(st.lists(records, max_size=3))
def test_a_dispatch_answers_or_drops(given_records: list[bytes]) -> None:
    dispatch = Dispatch([Empty()])
    peer = Peer("127.0.0.1", 1000, "tcp")
    for record in given_records:
        reply = dispatch.answer(record, peer)
        if reply is not None:
            assert isinstance(reply, list)
            data = b"".join(reply)
            assert data[4:8] == record[:4]
            xdr.unpack(rpc_msg, data[4:])
