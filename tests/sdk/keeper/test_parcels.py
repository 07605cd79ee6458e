"""Small files in one request: each is there as it was, or has its own outcome."""

from __future__ import annotations

import os
from collections import deque
from pathlib import Path
from typing import Any

import pytest

from sdk.api import StoredRun
from sdk.client import Target
from sdk.errors import Conflict, ServerError, Unreachable
from sdk.keeper import parcels as module
from sdk.keeper.ledger import Sent, Tracked
from sdk.keeper.meter import Meter
from sdk.keeper.parcels import FILE_BYTES, PARCEL_BYTES, PARCEL_FILES, Parcels, next_together
from sdk.keeper.subject import Unstable, Vanished, still_as_sent
from sdk.keeper.transfer import Transfer
from sdk.transport import Transport

from ..conftest import Server
from ..faults import Proxy


def tracked(name: str, data: bytes | None = None) -> Tracked:
    if data is not None:
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_bytes(data)
    return Tracked(name, str(Path(name).absolute()), "now", len(data or b""))


@pytest.fixture
def meter() -> Meter:
    return Meter()


@pytest.fixture
def parcels(target: Target, meter: Meter) -> Parcels:
    return Parcels(target, Transfer(target, meter), meter)


def test_files_go_together(parcels: Parcels, stored: StoredRun, meter: Meter) -> None:
    contents = {f"d{number % 3}/ä {number}.txt": os.urandom(number * 100) for number in range(30)}
    files = [tracked(name, data) for name, data in contents.items()]
    outcomes = parcels.send(files)
    for file, outcome in zip(files, outcomes, strict=True):
        assert isinstance(outcome, Sent)
        assert still_as_sent(file.local, outcome)
        there = stored.file(file.path)
        assert (there.id, there.sha256, there.size) == (outcome.file_id, outcome.sha256, outcome.size)
        assert Path(there.download("copy")).read_bytes() == contents[file.path]
    assert meter.bytes == sum(map(len, contents.values()))


def test_the_type_is_told(parcels: Parcels, stored: StoredRun) -> None:
    parcels.send([tracked("picture", b"\x89PNG\r\n\x1a\n"), tracked("a.csv", b"a,b\n1,2\n")])
    assert [file.content_type for file in stored.files()] == ["text/csv", "image/png"]


def test_each_has_its_own_outcome(parcels: Parcels, stored: StoredRun) -> None:
    large = os.urandom(FILE_BYTES + 1)
    files = [
        tracked("a", b"1"),
        tracked("gone"),
        tracked("x", b"2"),
        Tracked("x/y", str(Path("a").absolute()), "now"),  # below a file
        tracked("grown", large),
        tracked("b", b""),
    ]
    a, gone, x, below, grown, b = parcels.send(files)
    assert isinstance(gone, Vanished)
    assert isinstance(below, Conflict)
    assert "x is a file" in str(below)
    assert all(isinstance(each, Sent) for each in (a, x, grown, b))
    assert [(file.name, file.size) for file in stored.files()] == [
        ("a", 1),
        ("b", 0),
        ("grown", len(large)),
        ("x", 1),
    ]


def test_all_are_gone(parcels: Parcels) -> None:
    assert [type(each) for each in parcels.send([tracked("gone"), tracked("gone too")])] == [Vanished] * 2


def test_a_path_that_the_server_cannot_read_spoils_no_other(parcels: Parcels, stored: StoredRun) -> None:
    good = tracked("good", b"1")
    good_outcome, bad_outcome = parcels.send([good, Tracked("a" * 5000, good.local, "now")])
    assert isinstance(good_outcome, Sent)
    assert isinstance(bad_outcome, ServerError)
    assert [file.name for file in stored.files()] == ["good"]


def test_a_file_that_changes_between_reading_and_arriving(
    parcels: Parcels, stored: StoredRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_all = Target.put_all

    def changed(self: Target, files: Any) -> Any:
        return put_all(self, [(told, b"XX" if told["path"] == "b" else data) for told, data in files])

    monkeypatch.setattr(Target, "put_all", changed)
    a, b = parcels.send([tracked("a", b"11"), tracked("b", b"22")])
    assert isinstance(a, Sent)
    assert isinstance(b, Unstable)
    assert [file.name for file in stored.files()] == ["a"]


@pytest.mark.parametrize(("before", "after"), [(b"long", b"s"), (b"same", b"SAME")])
def test_a_file_that_changes_while_it_is_read(
    parcels: Parcels, monkeypatch: pytest.MonkeyPatch, before: bytes, after: bytes
) -> None:
    file = tracked("f", before)
    os.utime("f", ns=(1, 1))
    pread = os.pread

    def meddled(*arguments: Any) -> bytes:
        data = pread(*arguments)
        Path("f").write_bytes(after)
        return data

    monkeypatch.setattr(module.os, "pread", meddled)
    assert [type(each) for each in parcels.send([file, tracked("other", b"1")])] == [Unstable, Sent]


def test_a_server_that_does_not_answer(target: Target, server: Server, stored: StoredRun) -> None:
    def away(method: str, path: str, phase: str) -> Any:
        return "drop" if path.endswith("files:put") else None

    with Proxy(lambda: server.url, away) as proxy:
        far = Target(Transport(proxy.url, server.key), "runs", "r1", project=stored.project)
        parcels = Parcels(far, Transfer(far, Meter()), Meter())
        outcomes = parcels.send([tracked("a", b"1"), tracked("gone"), tracked("b", b"2")])
    assert [type(each) for each in outcomes] == [Unreachable, Vanished, Unreachable]
    assert list(stored.files()) == []


def test_what_the_store_cannot_do_now_is_no_refusal(
    parcels: Parcels, monkeypatch: pytest.MonkeyPatch
) -> None:
    problem = {"status": 503, "detail": "slow", "type": "urn:runfs:problem:unavailable"}
    monkeypatch.setattr(
        Target, "put_all", lambda self, files: [{"file": None, "problem": problem}] * len(files)
    )
    assert [str(each) for each in parcels.send([tracked("a", b"1")])] == [
        f"{parcels._target.transport.url} cannot now: slow (HTTP 503)"
    ]


def named(*sizes: int) -> deque[Tracked]:
    return deque(Tracked(str(number), "/x", "now", size) for number, size in enumerate(sizes))


def test_what_goes_together() -> None:
    waiting = named(1, FILE_BYTES, FILE_BYTES + 1, 2)
    taken = []
    while parcel := next_together(waiting):
        taken.append([file.path for file in parcel])
    assert taken == [["0", "1"], ["2"], ["3"]]


def test_a_parcel_is_bounded() -> None:
    assert len(next_together(named(*[1] * 1000))) == PARCEL_FILES
    waiting = named(*[FILE_BYTES] * 100)
    assert len(next_together(waiting)) == PARCEL_BYTES // FILE_BYTES
    assert waiting[0].path == str(PARCEL_BYTES // FILE_BYTES)


def test_what_the_server_may_have_goes_alone() -> None:
    sent, begun, new = named(1, 1, 1)
    sent.sent = Sent(1, "", 1, 1, 1, False)
    begun.upload = ["id", ""]
    for first in (sent, begun):
        assert next_together(deque([first, new])) == [first]
        assert next_together(deque([new, first])) == [new]
