import struct
from typing import Any

import pytest

import xdr
from nfsd.portmap import IPPROTO_TCP, Mappings, Portmap, is_local, mapping
from nfsd.portmap.types import boolean, pmaplist, uint32
from nfsd.rpc import Dispatch, Peer

SET, UNSET, GETPORT, DUMP, CALLIT = 1, 2, 3, 4, 5
NLM = mapping(100021, 4, IPPROTO_TCP, 900)


class Caller:
    def __init__(self) -> None:
        self.mappings = Mappings()
        self.mappings.serve(100021, 4, IPPROTO_TCP, 2049)
        self.dispatch = Dispatch([Portmap(self.mappings)])

    def reply(self, number: int, arguments: bytes, version: int = 2, client: str = "127.0.0.1") -> bytes:
        record = struct.pack(">10I", 1, 0, 2, 100000, version, number, 0, 0, 0, 0) + arguments
        reply = self.dispatch.answer(record, Peer(client, 700, "udp"))
        assert isinstance(reply, list)
        return b"".join(reply)[4:]

    def ask(self, number: int, value: mapping | None, result: Any, client: str = "127.0.0.1") -> Any:
        arguments = b"" if value is None else xdr.pack(mapping, value)
        reply = self.reply(number, arguments, client=client)
        assert reply[:24] == struct.pack(">6I", 1, 1, 0, 0, 0, 0)
        return xdr.unpack(result, reply[24:])


@pytest.fixture
def caller() -> Caller:
    return Caller()


def test_set_is_true_for_this_machine_even_for_a_program_that_we_serve(caller: Caller) -> None:
    assert caller.ask(SET, NLM, boolean) is True
    assert caller.ask(GETPORT, NLM, uint32) == 2049
    assert caller.mappings.callback("127.0.0.1", 100021, 4, IPPROTO_TCP) == 900
    assert caller.ask(UNSET, NLM, boolean) is True
    assert caller.ask(UNSET, NLM, boolean) is True
    assert caller.mappings.callback("127.0.0.1", 100021, 4, IPPROTO_TCP) == 0
    assert caller.ask(GETPORT, NLM, uint32) == 2049


def test_set_is_false_for_what_is_no_port(caller: Caller) -> None:
    for port, taken in ((65_536, False), (2**32 - 1, False), (65_535, True)):
        assert caller.ask(SET, mapping(100021, 4, IPPROTO_TCP, port), boolean) is taken
        assert caller.mappings.callback("127.0.0.1", 100021, 4, IPPROTO_TCP) == (port if taken else 0)


@pytest.mark.parametrize("number", [SET, UNSET])
def test_set_and_unset_are_false_for_other_machines(caller: Caller, number: int) -> None:
    caller.ask(SET, NLM, boolean)
    assert caller.ask(number, mapping(100021, 4, IPPROTO_TCP, 666), boolean, client="10.0.0.1") is False
    assert caller.mappings.callback("127.0.0.1", 100021, 4, IPPROTO_TCP) == 900


def test_dump_lists_everything_but_not_to_a_strangers_datagram(caller: Caller) -> None:
    assert caller.ask(DUMP, None, pmaplist) == (mapping(100021, 4, IPPROTO_TCP, 2049),)
    assert caller.ask(DUMP, None, pmaplist, client="10.0.0.1") == ()


def test_callit_is_not_there(caller: Caller) -> None:
    assert caller.reply(CALLIT, b"\0" * 16)[-4:] == b"\0\0\0\3"


@pytest.mark.parametrize("version", [3, 4])
def test_later_versions_are_a_mismatch(caller: Caller, version: int) -> None:
    assert caller.reply(0, b"", version=version) == struct.pack(">8I", 1, 1, 0, 0, 0, 2, 2, 2)


@pytest.mark.parametrize(
    ("client", "local"), [("127.0.0.2", True), ("::1", True), ("10.0.0.1", False), ("a.sock", False)]
)
def test_which_addresses_are_of_this_machine(client: str, local: bool) -> None:
    assert is_local(client) is local
