"""One file to the server: what is registered is what the file was, whatever happens to it meanwhile."""

from __future__ import annotations

import hashlib
import os
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from sdk.api import StoredRun
from sdk.client import Target
from sdk.errors import ServerError, Unreachable
from sdk.keeper import subject
from sdk.keeper import transfer as module
from sdk.keeper.ledger import Tracked
from sdk.keeper.meter import Meter
from sdk.keeper.subject import SMALL_BYTES, Unstable, still_as_sent
from sdk.keeper.transfer import Transfer
from sdk.transport import Transport

from ..conftest import Server
from ..faults import Proxy

LARGE = os.urandom(1 << 20) * 70 + b"odd"  # sent in parts
SIZES = [0, 1, SMALL_BYTES - 1, SMALL_BYTES, SMALL_BYTES + 1, 3 << 20]


def tracked(name: str, data: bytes | None = None) -> Tracked:
    if data is not None:
        Path(name).write_bytes(data)
    return Tracked(name, str(Path(name).absolute()), "now")


@pytest.mark.parametrize("size", SIZES)
def test_any_size(target: Target, stored: StoredRun, size: int) -> None:
    data = os.urandom(size)
    meter = Meter()
    sent = Transfer(target, meter).send(tracked("f", data))
    file = stored.file("f")
    assert (file.size, file.sha256, file.md5) == (
        size,
        hashlib.sha256(data).hexdigest(),
        hashlib.md5(data).hexdigest(),
    )
    assert (sent.size, sent.sha256, sent.file_id) == (size, file.sha256, file.id)
    assert meter.bytes == size
    assert Path(file.download("copies")).read_bytes() == data


def test_parts(target: Target, stored: StoredRun) -> None:
    data = os.urandom(16) + LARGE  # of no other test: it would be stored
    file = tracked("f", data)
    begun: list[Any] = []
    meter = Meter()
    sent = Transfer(target, meter).send(file, lambda: begun.append(list(file.upload or [])))
    assert begun[0][1].split()[1] == str(len(data))
    assert file.upload is None
    assert sent.sha256 == stored.file("f").sha256 == hashlib.sha256(data).hexdigest()
    assert (stored.file("f").md5, meter.bytes) == (None, len(data))
    assert Path(stored.file("f").download("copies")).read_bytes() == data


def test_a_large_content_that_is_there_is_not_sent_to_its_end(
    target: Target, stored: StoredRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    transfer = Transfer(target, Meter())
    transfer.send(tracked("f", LARGE))
    told = threading.Event()
    read, tell = module.Window.read, Target.tell

    def late(window: module.Window, count: int = -1) -> bytes:
        assert told.wait(60)
        return read(window, count)

    def telling(*arguments: Any) -> dict[str, Any]:
        answer = tell(*arguments)
        threading.Timer(0.1, told.set).start()
        return answer

    monkeypatch.setattr(module.Window, "read", late)
    monkeypatch.setattr(Target, "tell", telling)
    meter = Meter()
    sent = Transfer(target, meter).send(tracked("copy", LARGE))
    assert meter.bytes == 0
    assert (sent.sha256, sent.file_id) == (stored.file("copy").sha256, stored.file("copy").id)
    assert Path(stored.file("copy").download("copies")).read_bytes() == LARGE


def test_a_large_file_that_is_as_it_was_is_only_hashed(target: Target, stored: StoredRun) -> None:
    meter = Meter()
    transfer, file = Transfer(target, meter), tracked("f", os.urandom(16) + LARGE)
    file.sent = transfer.send(file)
    later("f")
    transfer.send(file)
    assert (meter.bytes, stored.file("f").version) == (16 + len(LARGE), 1)


@pytest.mark.parametrize("is_seen", [True, False])
def test_a_large_file_that_changes_while_it_is_sent(
    target: Target, stored: StoredRun, monkeypatch: pytest.MonkeyPatch, is_seen: bool
) -> None:
    """What was hashed is another content than what was sent: nothing becomes visible, and nothing is kept."""
    data = os.urandom(16) + LARGE  # of no other test: it would be stored
    file = tracked("f", data)
    before = Path("f").stat()

    def change() -> None:
        with Path("f").open("r+b") as writing:
            writing.write(b"changed")
        os.utime("f", ns=(before.st_atime_ns, before.st_mtime_ns + is_seen * 10**10))

    told: list[str] = []
    abort = Target.abort
    monkeypatch.setattr(
        Target, "abort", lambda self, upload_id: (abort(self, upload_id), told.append(upload_id))
    )
    with monkeypatch.context() as patch:
        digest = subject._digest
        made = threading.Event()
        read = module.Window.read

        def after(window: module.Window, count: int = -1) -> bytes:
            assert made.wait(60)
            return read(window, count)

        def hashed(*arguments: Any) -> Any:
            found = digest(*arguments)
            change()
            made.set()
            return found

        patch.setattr(subject, "_digest", hashed)
        patch.setattr(module.Window, "read", after)
        with pytest.raises(Unstable, match="changed while it was read"):
            Transfer(target, Meter()).send(file)
    assert (list(stored.files()), file.upload, len(told)) == ([], None, 1)
    sent = Transfer(target, Meter()).send(file)
    assert sent.sha256 == hashlib.sha256(b"changed" + data[7:]).hexdigest() == stored.file("f").sha256


class Killed(BaseException):
    """The keeper ends here."""


def cut_off(target: Target, file: Tracked, monkeypatch: pytest.MonkeyPatch) -> None:
    """Send a large file in parts, until the keeper is killed when all of them are there."""

    def die(*_: Any) -> Any:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(Target, "register", die)
        with pytest.raises(Killed):
            Transfer(target, Meter()).send(file)


def test_whoever_comes_after_a_kill_sends_no_part_again(
    target: Target, stored: StoredRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, meter = tracked("f", os.urandom(16) + LARGE), Meter()
    cut_off(target, file, monkeypatch)
    assert file.upload is not None
    sent = Transfer(target, meter).send(file)
    assert (meter.bytes, sent.sha256) == (0, stored.file("f").sha256)
    assert Path(stored.file("f").download("copies")).read_bytes() == Path("f").read_bytes()


@pytest.mark.parametrize("is_seen", [True, False])
def test_parts_of_two_contents_are_never_mixed(
    target: Target, stored: StoredRun, monkeypatch: pytest.MonkeyPatch, is_seen: bool
) -> None:
    file = tracked("f", os.urandom(16) + LARGE)
    cut_off(target, file, monkeypatch)
    before = Path("f").stat()
    other = Path("f").read_bytes()[:-3] + os.urandom(3)
    Path("f").write_bytes(other)
    os.utime("f", ns=(before.st_atime_ns, before.st_mtime_ns + is_seen * 10**10))
    if not is_seen:
        with pytest.raises(Unstable):
            Transfer(target, Meter()).send(file)
        assert list(stored.files()) == []
    meter = Meter()
    sent = Transfer(target, meter).send(file)
    assert (meter.bytes, file.upload) == (len(other), None)
    assert sent.sha256 == hashlib.sha256(other).hexdigest() == stored.file("f").sha256


def test_the_same_content_is_not_sent_twice(target: Target, stored: StoredRun) -> None:
    data = os.urandom(2 << 20)
    meter = Meter()
    transfer = Transfer(target, meter)
    file = tracked("f", data)
    file.sent = transfer.send(file)
    assert transfer.send(file).file_id == file.sent.file_id
    transfer.send(tracked("other", data))  # stored already: registered without sending
    assert meter.bytes == len(data)
    assert stored.file("f").version == 1
    assert stored.file("other").size == len(data)


def test_what_was_deleted_there_is_sent_when_it_is_saved_again(target: Target, stored: StoredRun) -> None:
    transfer = Transfer(target, Meter())
    file = tracked("f", b"data")
    file.sent = transfer.send(file)
    stored.file("f").delete()
    transfer.send(file)  # nobody asked: it stays deleted
    assert list(stored.files()) == []
    file.confirm = True
    transfer.send(file)
    assert [each.name for each in stored.files()] == ["f"]


def test_a_new_content_is_a_new_version(target: Target, stored: StoredRun) -> None:
    transfer = Transfer(target, Meter())
    first = tracked("f", b"one")
    first.sent = transfer.send(first)
    Path("f").write_bytes(b"two")
    assert transfer.send(first).file_id == first.sent.file_id
    assert stored.file("f").version == 2


def test_types(target: Target, stored: StoredRun) -> None:
    transfer = Transfer(target, Meter())
    transfer.send(tracked("a.json", b"{}"))
    transfer.send(tracked("picture", b"\x89PNG\r\n\x1a\n" + bytes(SMALL_BYTES)))
    assert [file.content_type for file in stored.files()] == ["application/json", "image/png"]


class Meddling:
    """Changes a file when it is hashed, or just before its bytes are sent."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, where: Any, name: str, change: Any) -> None:
        original = getattr(where, name)

        def meddled(*arguments: Any) -> Any:
            result = original(*arguments)
            change()
            return result

        monkeypatch.setattr(where, name, meddled)


def later(path: str) -> None:
    """A time that any file system tells from the present."""
    now = time.time_ns()
    os.utime(path, ns=(now, now + 10_000_000_000))


@pytest.mark.parametrize("size", [100, 2 << 20])
def test_changed_in_place_while_it_is_read(
    target: Target, stored: StoredRun, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    def change() -> None:
        Path("f").write_bytes(os.urandom(size))
        later("f")

    file = tracked("f", os.urandom(size))
    Meddling(monkeypatch, subject, "_digest", change)
    with pytest.raises(Unstable):
        Transfer(target, Meter()).send(file)
    assert list(stored.files()) == []


def test_changed_between_hash_and_sending(
    target: Target, stored: StoredRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tracked("f", os.urandom(2 << 20))
    Meddling(monkeypatch, module, "content_type", lambda: Path("f").write_bytes(os.urandom(2 << 20)))
    with pytest.raises(Unstable, match="changed while it was read"):
        Transfer(target, Meter()).send(file)
    assert list(stored.files()) == []


def test_shorter_while_it_is_sent(target: Target, stored: StoredRun, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tracked("f", os.urandom(2 << 20))
    Meddling(monkeypatch, module, "content_type", lambda: os.truncate("f", 100))
    with pytest.raises(Unstable, match="shorter"):
        Transfer(target, Meter()).send(file)
    assert list(stored.files()) == []


@pytest.mark.parametrize("size", [100, 2 << 20])
def test_growth_is_no_change_of_what_was_read(
    target: Target, stored: StoredRun, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    data = os.urandom(size)

    def grow() -> None:
        with Path("f").open("ab") as file:
            file.write(b"more")

    file = tracked("f", data)
    Meddling(monkeypatch, subject, "_digest", grow)
    sent = Transfer(target, Meter()).send(file)
    assert stored.file("f").sha256 == hashlib.sha256(data).hexdigest()
    assert not still_as_sent(file.local, sent)


def test_replaced_while_it_is_sent(
    target: Target, stored: StoredRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = os.urandom(2 << 20)
    file = tracked("f", data)
    Path("new").write_bytes(b"new")
    Meddling(monkeypatch, module, "content_type", lambda: os.replace("new", "f"))  # noqa: PTH105
    sent = Transfer(target, Meter()).send(file)
    assert stored.file("f").sha256 == hashlib.sha256(data).hexdigest()
    assert not still_as_sent(file.local, sent)


def test_young_files_are_looked_at_again(target: Target) -> None:
    file = tracked("f", b"x")
    assert Transfer(target, Meter()).send(file).racy
    hour_ago = time.time_ns() - 3600 * 10**9
    os.utime("f", ns=(hour_ago, hour_ago))
    assert not Transfer(target, Meter()).send(file).racy


def test_connections_that_drop(
    server: Server, target: Target, stored: StoredRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module.time, "sleep", lambda seconds: None)
    data = os.urandom(2 << 20)
    dropped: list[str] = []

    def fault(method: str, path: str, phase: str) -> Any:
        if method == "PUT" and len(dropped) < 2:
            dropped.append(path)
            return "drop"
        return None

    with Proxy(lambda: server.url, fault) as proxy:
        through = Target(Transport(proxy.url, server.key), "runs", "r1", project=stored.project)
        Transfer(through, Meter()).send(tracked("f", data))
        assert stored.file("f").sha256 == hashlib.sha256(data).hexdigest()
        assert len(dropped) == 2
        proxy.fault = lambda method, path, phase: "drop" if method == "PUT" else None
        with pytest.raises(Unreachable):
            Transfer(through, Meter()).send(tracked("g", data + b"x"))
    assert [file.name for file in stored.files()] == ["f"]


@pytest.mark.parametrize("status", [412, 400, 403])
def test_what_s3_says_of_a_signed_put(
    target: Target, stored: StoredRun, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    """412: an earlier attempt came through. 400: other bytes than were signed. 403: the URL is no good."""
    put = Transport.put

    def answers(self: Transport, *args: Any) -> Any:
        if status == 412:
            put(self, *args)
        raise ServerError(status, "said S3")

    monkeypatch.setattr(Transport, "put", answers)
    monkeypatch.setattr(module.time, "sleep", lambda seconds: None)
    transfer, file = Transfer(target, Meter()), tracked("f", os.urandom(2 << 20))
    if status == 412:
        transfer.send(file)
        assert stored.file("f").size == 2 << 20
        return
    with pytest.raises(Unstable if status == 400 else ServerError):
        transfer.send(file)


def test_a_part_that_broke_on_its_way_is_sent_again_alone(
    target: Target, stored: StoredRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module.time, "sleep", lambda seconds: None)
    put, sent = Transport.put, []

    def breaks(self: Transport, url: str, *args: Any) -> Any:
        sent.append(url)
        if sent.count(url) < module.PART_TRIES and "part=2" in url:
            raise ServerError(400, "said S3")
        return put(self, url, *args)

    monkeypatch.setattr(Transport, "put", breaks)
    file = tracked("f", os.urandom(16) + LARGE)
    Transfer(target, Meter()).send(file)
    assert sorted(map(sent.count, set(sent))) == [1, 1, module.PART_TRIES]
    assert stored.file("f").sha256 == hashlib.sha256(Path("f").read_bytes()).hexdigest()


def test_what_was_seen_to_change_is_not_sent_again(target: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[str] = []

    def refuses(_: Transport, url: str, *args: Any) -> Any:
        sent.append(url)
        later("f")
        raise ServerError(400, "said S3")

    monkeypatch.setattr(Transport, "put", refuses)
    with pytest.raises(Unstable):
        Transfer(target, Meter()).send(tracked("f", os.urandom(2 << 20)))
    assert len(sent) == 1
