"""Records become requests, in order and repeatable, against the real server."""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from sdk.api import Api, StoredRun
from sdk.client import RunClient
from sdk.errors import Unreachable
from sdk.keeper import delivery as module
from sdk.keeper.delivery import Delivery, Refused
from sdk.keeper.ledger import Ledger, Tracked
from sdk.keeper.meter import Meter
from sdk.keeper.patience import Patience
from sdk.keeper.uploads import Uploads
from sdk.records import SEGMENT_BYTES, segments
from sdk.spool import Spool
from sdk.transport import Transport

from ..conftest import Server, until
from ..faults import Proxy


@pytest.fixture
def spool(tmp_path: Path, environment: object) -> Spool:
    spool = Spool(str(tmp_path / "spools"), "r1", 1 << 40)
    spool.event(
        "run", run={"id": "r1", "project": os.environ["RUNFS_PROJECT"], "resume": "never", "host": "h"}
    )
    return spool


Deliver = Callable[..., Delivery]


@pytest.fixture
def deliver(spool: Spool, tmp_path: Path, transport: Transport) -> Any:
    """A delivery that begins where the last one's ledger was when it was cut off."""
    made: list[Delivery] = []

    def make(through: Transport = transport) -> Delivery:
        ledger = Ledger(str(tmp_path / "ledger"))
        made.append(
            Delivery(spool.folder, ledger, through, Meter(), Patience(lambda: 0.0), lambda: None, tell)
        )
        return made[-1]

    yield make
    for each in made:
        each.stop()


def tell(kind: str, **fields: Any) -> None:
    print(kind, fields)


def stored() -> StoredRun:
    (run,) = Api().runs(os.environ["RUNFS_PROJECT"])
    return run


def finish(delivery: Delivery) -> None:
    while delivery.deliver():
        pass
    delivery._ledger.note(finish={"exit_code": 0, "state": "finished"})
    delivery.patch()
    until(delivery.end)


def test_a_run_begins_when_its_first_record_is_there(transport: Transport, tmp_path: Path) -> None:
    folder = tmp_path / "spools" / "s"
    folder.mkdir(parents=True)
    ledger = Ledger(str(tmp_path / "ledger"))
    delivery = Delivery(str(folder), ledger, transport, Meter(), Patience(lambda: 0.0), lambda: None, tell)
    assert not delivery.begin()


def test_everything_is_delivered_in_order(spool: Spool, deliver: Deliver) -> None:
    Path("f").write_text("f")
    for number in range(3):
        spool.history(b'{"a":%d}' % number)
        spool.console(b"line %d" % number)
    spool.event("update", config={"lr": 1})
    spool.event("save", files=[["f", str(Path("f").absolute()), 1]], policy="end")
    delivery = deliver()
    assert delivery.begin()
    assert delivery.deliver()
    assert not delivery.deliver()
    finish(delivery)
    run = stored()
    assert [row["a"] for row in run.history()] == [0, 1, 2]
    assert list(run.console()) == ["line 0", "line 1", "line 2"]
    assert (run.config, run.summary, run.state) == ({"lr": 1}, {"a": 2}, "finished")
    assert [file.name for file in run.files()] == ["f"]


NOTE_FILES = Ledger.note_files


def cut_off(*_: object, **__: object) -> None:
    raise KeyboardInterrupt


def test_cut_off_before_it_is_noted_it_is_sent_again_and_there_once(
    spool: Spool, deliver: Deliver, monkeypatch: pytest.MonkeyPatch
) -> None:
    spool.history(b'{"a":1}')
    spool.console(b"one")
    first = deliver()
    first.begin()
    monkeypatch.setattr(Ledger, "note_files", cut_off)
    with pytest.raises(KeyboardInterrupt):
        first.deliver()
    monkeypatch.setattr(Ledger, "note_files", NOTE_FILES)
    spool.history(b'{"a":2}')
    second = deliver()
    assert second.begin()
    finish(second)
    assert [row["a"] for row in stored().history()] == [1, 2]
    assert list(stored().console()) == ["one"]


def test_an_answer_that_is_lost_makes_no_second_run(server: Server, spool: Spool, deliver: Deliver) -> None:
    with Proxy(lambda: server.url) as proxy:
        proxy.fault = lambda method, path, phase: "drop" if phase == "after" else None
        through = Transport(proxy.url, server.key)
        delivery = deliver(through)
        with pytest.raises(Unreachable):
            delivery.begin()
        assert stored().id == "r1"
        proxy.fault = lambda method, path, phase: None
        assert delivery.begin()
    assert stored().id == "r1"


@pytest.mark.parametrize("occupied", ["lines", "host"])
def test_anothers_run_is_not_taken(server: Server, spool: Spool, deliver: Deliver, occupied: str) -> None:
    project = os.environ["RUNFS_PROJECT"]
    other = Transport(server.url, server.key)
    with Proxy(lambda: server.url) as proxy:
        proxy.fault = lambda method, path, phase: "drop"
        delivery = deliver(Transport(proxy.url, server.key))
        with pytest.raises(Unreachable):
            delivery.begin()
        body = {"id": "r1", "project": project, "host": "h" if occupied == "lines" else "another"}
        other.call("POST", "/api/v1/runs", body)
        if occupied == "lines":
            RunClient(other, "r1", project).history(0, [b"{}"])
        proxy.fault = lambda method, path, phase: None
        with pytest.raises(Refused, match="r1"):
            delivery.begin()


def test_an_empty_run_that_was_there_before_is_not_taken(
    server: Server, spool: Spool, deliver: Deliver, transport: Transport
) -> None:
    """It may be that of another script, which has only just begun."""
    body = {"id": "r1", "project": os.environ["RUNFS_PROJECT"], "host": "h"}
    transport.call("POST", "/api/v1/runs", body)
    with pytest.raises(Refused, match="r1"):
        deliver().begin()


def test_lines_of_another_process_are_not_written_over(
    spool: Spool, deliver: Deliver, transport: Transport
) -> None:
    delivery = deliver()
    delivery.begin()
    RunClient(transport, "r1", os.environ["RUNFS_PROJECT"]).history(0, [b'{"other":1}'])
    spool.history(b'{"ours":1}')
    delivery.deliver()
    spool.history(b'{"ours":2}')
    finish(delivery)
    rows = [{key: row[key] for key in row} for row in stored().history()]
    assert rows == [{"other": 1}, {"ours": 1}, {"ours": 2}]


def test_many_lines_go_in_several_requests(
    spool: Spool, deliver: Deliver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LINES_MAX", 7)
    for number in range(50):
        spool.history(b'{"a":%d}' % number)
    delivery = deliver()
    delivery.begin()
    finish(delivery)
    assert [row["a"] for row in stored().history()] == list(range(50))


def test_a_line_that_the_server_refuses_holds_up_no_other(
    spool: Spool, deliver: Deliver, capsys: pytest.CaptureFixture[str]
) -> None:
    for number in range(5):
        spool.history(b'{"a":%d}' % number)
    spool.history(b'{"deep":' + b"[" * 900 + b"]" * 900 + b"}")
    spool.history(b'{"a":5}')
    spool.event("update", config={"huge": "x" * (2 << 20)})
    delivery = deliver()
    delivery.begin()
    finish(delivery)
    assert [row.get("a") for row in stored().history()] == [0, 1, 2, 3, 4, None, 5]
    said = capsys.readouterr().out
    assert "a line of the history was refused" in said
    assert "config could not be changed" in said
    assert stored().state == "finished"


def test_segments_that_were_sent_go(spool: Spool, deliver: Deliver) -> None:
    line = b'{"a":"' + b"x" * (SEGMENT_BYTES // 8) + b'"}'
    for _ in range(20):
        spool.history(line)
    assert len(segments(spool.folder)) > 1
    delivery = deliver()
    delivery.begin()
    finish(delivery)
    assert len(segments(spool.folder)) == 1
    assert len(list(stored().history())) == 20


def test_a_spool_without_its_beginning_is_refused(tmp_path: Path, deliver: Deliver, spool: Spool) -> None:
    delivery = deliver()
    os.unlink(os.path.join(spool.folder, "records-00000001"))  # noqa: PTH108, PTH118
    other = Spool(str(tmp_path / "others"), "r1", 1 << 30)
    other.history(b"{}")
    os.rename(os.path.join(other.folder, "records-00000001"), os.path.join(spool.folder, "records-00000001"))  # noqa: PTH104, PTH118
    with pytest.raises(Refused, match="does not begin with a run"):
        delivery.begin()


def test_damage_is_said_and_passed_over(
    spool: Spool, deliver: Deliver, capsys: pytest.CaptureFixture[str]
) -> None:
    spool.history(b'{"a":1}')
    path = Path(spool.folder, "records-00000001")
    data = bytearray(path.read_bytes())
    data[-2] ^= 1
    path.write_bytes(data)
    later = Spool(str(path.parents[1]), "r1", 1 << 30)
    later.history(b'{"a":2}')
    Path(later.folder, "records-00000001").rename(Path(spool.folder, "records-00000002"))
    delivery = deliver()
    delivery.begin()
    delivery.deliver()
    finish(delivery)
    assert [row["a"] for row in stored().history()] == [2]
    assert "is damaged at byte" in capsys.readouterr().out


@pytest.mark.parametrize("tail", [b"\0" * 64, b"\0\0\0\x09torn"])
def test_damage_at_the_end_is_said(
    spool: Spool, deliver: Deliver, capsys: pytest.CaptureFixture[str], tail: bytes
) -> None:
    spool.history(b'{"a":1}')
    with Path(spool.folder, "records-00000001").open("ab") as file:
        file.write(tail)
    delivery = deliver()
    delivery.begin()
    assert delivery.deliver()
    assert not delivery.deliver()
    assert capsys.readouterr().out == ""
    finish(delivery)
    assert [row["a"] for row in stored().history()] == [1]
    assert capsys.readouterr().out.count(f"the last {len(tail)} bytes of {spool.folder} are damaged") == 1


def test_heartbeats(spool: Spool, deliver: Deliver, monkeypatch: pytest.MonkeyPatch) -> None:
    delivery = deliver()
    delivery.begin()
    before = stored().heartbeat_at
    delivery.heartbeat()
    assert stored().heartbeat_at == before
    monkeypatch.setattr(module, "HEARTBEAT_S", 0.0)
    delivery.heartbeat()
    assert stored().heartbeat_at > before


def test_a_run_that_logs_nothing_is_heard_of(
    spool: Spool, deliver: Deliver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However often it is asked whether one is due; and the artifacts under way stay whose they were."""
    now, beats = 1000.0, []
    monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: now))
    monkeypatch.setattr(RunClient, "heartbeat", lambda _: beats.append(now))
    delivery = deliver()
    delivery.begin()
    bundles = delivery.bundles
    for _ in range(60):
        now += 0.5
        delivery.heartbeat()
    assert beats == [1010.0, 1020.0, 1030.0]
    assert delivery.bundles is bundles


def test_saved_again_as_the_first_sending_ends(
    spool: Spool, deliver: Deliver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever has just sent the file must not say that nothing is to be done, once it was saved again."""
    for name in ("one", "two"):
        Path(name).write_text(name)
    sent, go_on, done = threading.Event(), threading.Event(), threading.Event()
    mark, take = Uploads._done, Delivery._take_events

    def late(uploads: Uploads, tracked: Tracked) -> None:
        sent.set()
        assert go_on.wait(60)
        mark(uploads, tracked)
        done.set()

    def between(delivery: Delivery, events: Any) -> Any:
        taken = take(delivery, events)
        go_on.set()
        done.wait(0.5)  # in vain: it waits for us
        return taken

    monkeypatch.setattr(Uploads, "_done", late)
    spool.event("save", files=[["f", str(Path("one").absolute()), 3]], policy="now")
    delivery = deliver()
    delivery.begin()
    delivery.deliver()
    assert sent.wait(60)
    monkeypatch.setattr(Delivery, "_take_events", between)
    spool.event("save", files=[["f", str(Path("two").absolute()), 3]], policy="now")
    finish(delivery)
    assert stored().file("f").sha256 == hashlib.sha256(b"two").hexdigest()
