"""The load client: what it counts is right, and a wrong reply ends it."""

from __future__ import annotations

import os
import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from benches.daemons import BenchError
from benches.load import Flow, Load

FILE = "runs/a.bin"
SHORT: dict[str, float] = {"seconds": 0.02}


@pytest.fixture
def client(programs: Path, small_server: Any) -> Iterator[Load]:
    """A mounted load client."""
    with Load(programs, small_server.port, small_server.port, "/", os.getpid()) as load:
        yield load


def test_a_crawl_sees_every_object_once(client: Load) -> None:
    flow = client.say("crawl")
    assert (flow.amount, flow.calls) == (3, 4)  # the root, runs, a.bin; two replies for each directory
    assert client.say("crawl").amount == 3


def test_a_crawl_below_a_path_looks_that_up_first(client: Load) -> None:
    assert client.say("crawl", below="runs").calls == 2
    assert client.say("list", below="runs").amount == 1


@pytest.mark.parametrize("op", ["null", "getattr", "lookup", "access", "read", "readdirplus"])
@pytest.mark.parametrize(("depth", "connections"), [(1, 1), (16, 1), (2, 3)])
def test_right_replies_are_counted(client: Load, op: str, depth: int, connections: int) -> None:
    client.say("crawl")
    flow = client.say("run", op=op, depth=depth, connections=connections, **SHORT)
    assert flow.calls >= depth
    assert 0 < flow.p50_us <= flow.p99_us
    assert flow.amount == (flow.calls * 4096 if op == "read" else 0)


def test_a_file_is_verified_whole_and_streamed(client: Load) -> None:
    assert client.say("verify", below=FILE).amount == 8192
    flow = client.say("run", op="stream", below=FILE, size=3000, depth=2, **SHORT)
    assert flow.amount > 8192  # and from its start again


def test_xids_are_never_repeated(client: Load, small_server: Any) -> None:
    client.say("crawl")
    client.say("run", op="null", connections=4, **SHORT)
    client.say("run", op="null", connections=2, **SHORT)
    seen = small_server.xids[1:]  # the first is of the MOUNT connection, which counts for itself
    assert len(set(seen)) == len(seen)


def test_a_record_in_many_fragments_is_read(client: Load, small_server: Any) -> None:
    small_server.faults.fragment_bytes = 700
    assert client.say("crawl").amount == 3
    assert client.say("verify", below=FILE).amount == 8192
    assert client.say("run", op="read", depth=4, **SHORT).calls > 0


def flip_last(content: bytes) -> bytes:
    return content[:-1] + bytes([content[-1] ^ 1])


def test_one_wrong_bit_fails_a_verification(client: Load, small_server: Any) -> None:
    small_server.faults.data = flip_last
    with pytest.raises(BenchError, match=r"READ of /runs/a\.bin: wrong data at 8184"):
        client.say("verify", below=FILE)


def test_another_files_data_fails_a_read(
    client: Load, small_server: Any, pattern: Callable[[str, int], bytes]
) -> None:
    client.say("crawl")
    other = pattern("runs/b.bin", 8192)
    small_server.faults.data = lambda content: other[: len(content)]
    with pytest.raises(BenchError, match="wrong data at 0"):
        client.say("run", op="read", **SHORT)


def test_a_short_read_fails(client: Load, small_server: Any) -> None:
    client.say("crawl")
    small_server.faults.data = lambda content: content[:-8]
    with pytest.raises(BenchError, match="4088 bytes, expected 4096"):
        client.say("run", op="read", **SHORT)


@pytest.mark.parametrize("op", ["getattr", "lookup", "access", "read"])
def test_another_fileid_fails(client: Load, small_server: Any, op: str) -> None:
    client.say("crawl")
    small_server.faults.fileid_of = {1: 9, 2: 9, 3: 9}
    with pytest.raises(BenchError, match="fileid 9"):
        client.say("run", op=op, **SHORT)


def test_another_handle_fails_a_lookup(client: Load, small_server: Any) -> None:
    client.say("crawl")
    small_server.faults.results = lambda procedure, body: body.replace(
        struct.pack(">IQ", 8, 3), struct.pack(">IQ", 8, 4)
    )
    with pytest.raises(BenchError, match=r"LOOKUP of /runs/a\.bin: another handle"):
        client.say("run", op="lookup", **SHORT)


@pytest.mark.parametrize("op", ["getattr", "lookup", "access", "read", "readdirplus"])
def test_an_error_status_fails(client: Load, small_server: Any, op: str) -> None:
    client.say("crawl")
    small_server.faults.results = lambda procedure, body: struct.pack(">I", 70) + body[4:]
    with pytest.raises(BenchError, match="status 70"):
        client.say("run", op=op, **SHORT)


def test_no_right_to_read_fails_an_access(client: Load, small_server: Any) -> None:
    client.say("crawl")
    small_server.faults.results = lambda procedure, body: body[:-4] + struct.pack(">I", 0x1E)
    with pytest.raises(BenchError, match="may not be read"):
        client.say("run", op="access", **SHORT)


@pytest.mark.parametrize("op", ["getattr", "lookup", "access", "read"])
def test_a_reply_cut_short_fails(client: Load, small_server: Any, op: str) -> None:
    client.say("crawl")
    small_server.faults.results = lambda procedure, body: body[:-4]
    with pytest.raises(BenchError, match="cut short"):
        client.say("run", op=op, **SHORT)


@pytest.mark.parametrize("op", ["null", "getattr", "lookup", "access", "read"])
def test_bytes_after_the_results_fail(client: Load, small_server: Any, op: str) -> None:
    client.say("crawl")
    small_server.faults.results = lambda procedure, body: body + bytes(4)
    with pytest.raises(BenchError, match="4 bytes too many"):
        client.say("run", op=op, **SHORT)


def test_a_listing_cut_short_fails(client: Load, small_server: Any) -> None:
    small_server.faults.results = lambda procedure, body: body[:-8] if procedure == 17 else body
    with pytest.raises(BenchError, match="cut short"):
        client.say("crawl")


def test_another_listing_than_before_fails(client: Load, small_server: Any) -> None:
    client.say("crawl")
    small_server.faults.results = lambda procedure, body: body.replace(b"a.bin", b"b.bin")
    with pytest.raises(BenchError, match="or others"):
        client.say("list", below="runs")


def test_a_reply_nobody_waits_for_fails(client: Load, small_server: Any) -> None:
    small_server.faults.xid = 0x7EADBEEF
    with pytest.raises(BenchError, match="7eadbeef, which is not waited for"):
        client.say("run", op="null", **SHORT)


@pytest.mark.parametrize(
    "command", ["sing", "run op=sing", "run op=null loudly=1", "run op=null connections=0"]
)
def test_an_unknown_command_fails(client: Load, command: str) -> None:
    with pytest.raises(BenchError):
        client.say(command)


def test_rates_are_of_the_time_taken() -> None:
    flow = Flow(amount=3 << 20, calls=10, seconds=0.5, p50_us=1, p99_us=2, cpu_us=3)
    assert flow.rate == 20
    assert flow.mib_s == 6
    assert Flow(0, 0, 0.0, 0, 0, 0).rate == 0
