"""Downloads: ranges side by side give the whole file, go on after a break, and never leave anything wrong."""

from __future__ import annotations

import fcntl
import hashlib
import os
import random
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sdk import download
from sdk.download import Source, save
from sdk.errors import Absent, Denied, Mismatch, ServerError, Unreachable

RANGE = 4096  # in these tests; READ 1024, KEPT 1024, AHEAD 4 RANGE


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    values = {
        "RANGE_BYTES": RANGE,
        "READ_BYTES": 1024,
        "KEPT_BYTES": 1024,
        "AHEAD_BYTES": 4 * RANGE,
        "PAUSE_S": 0,
    }
    for name, value in values.items():
        monkeypatch.setattr(download, name, value)
    monkeypatch.chdir(tmp_path)


class Answer:
    def __init__(self, data: bytes) -> None:
        self.data, self.at, self.ended = data, 0, ""

    def release_conn(self) -> None:
        self.ended = "released"

    def close(self) -> None:
        self.ended = "closed"


class Fake(Source):
    """Gives the bytes of `data`; of each range only `at_once` bytes an answer, if that is given."""

    def __init__(self, data: bytes, at_once: int | None = None) -> None:
        self.data, self.size, self.at_once = data, len(data), at_once
        self.asked: list[tuple[int, int]] = []
        self.answers: list[Answer] = []

    def open(self, start: int, stop: int) -> Answer:
        self.asked.append((start, stop))
        end = stop if self.at_once is None else min(stop, start + self.at_once)
        self.answers.append(Answer(self.data[start:end]))
        return self.answers[-1]

    def read(self, response: Any, count: int) -> bytes:
        data: bytes = response.data[response.at : response.at + count]
        response.at += len(data)
        return data


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def join_threads() -> None:
    for thread in threading.enumerate():
        if thread.name.startswith("download-"):
            thread.join(10)


def partials() -> list[Path]:
    return [path for path in Path().iterdir() if path.name.endswith(".partial")]


@pytest.mark.parametrize("size", [0, 1, RANGE - 1, RANGE, RANGE + 1, 9 * RANGE + 5])
def test_any_size(size: int) -> None:
    data = random.Random(size).randbytes(size)
    source = Fake(data)
    save(source, sha256(data), "f")
    assert Path("f").read_bytes() == data
    assert sorted(source.asked) == [(at, min(at + RANGE, size)) for at in range(0, size, RANGE)]
    assert {answer.ended for answer in source.answers} <= {"released"}
    assert partials() == []


def test_a_range_that_breaks_off_goes_on_where_it_ended() -> None:
    data = os.urandom(2 * RANGE)
    source = Fake(data, at_once=1500)
    save(source, sha256(data), "f")
    assert Path("f").read_bytes() == data
    assert sorted(source.asked) == [
        *((at, RANGE) for at in (0, 1500, 3000)),
        *((RANGE + at, 2 * RANGE) for at in (0, 1500, 3000)),
    ]


class Failing(Fake):
    """Fails from byte `broken` on."""

    broken = 0
    error: Exception = Unreachable("gone")

    def open(self, start: int, stop: int) -> Answer:
        if stop > self.broken:
            raise self.error
        return super().open(start, stop)


def test_what_came_is_kept_and_gone_on_with(monkeypatch: pytest.MonkeyPatch) -> None:
    data = os.urandom(9 * RANGE + 5)
    came = threading.Event()
    original = download._Fetch._done

    def done(self: download._Fetch, start: int, stop: int) -> None:
        original(self, start, stop)
        if self._without_gap == 5 * RANGE:
            came.set()

    monkeypatch.setattr(download._Fetch, "_done", done)

    class Late(Failing):
        broken = 5 * RANGE

        def open(self, start: int, stop: int) -> Answer:
            assert stop <= self.broken or came.wait(10)
            return super().open(start, stop)

    failing = Late(data)
    with pytest.raises(Unreachable, match="gone"):
        save(failing, sha256(data), "f")
    join_threads()
    (partial,) = partials()
    assert not Path("f").exists()
    os.truncate(partial, 3 * RANGE)
    kept = 3 * RANGE
    assert partial.read_bytes() == data[:kept]
    again = Fake(data)
    save(again, sha256(data), "f")
    assert Path("f").read_bytes() == data
    assert min(start for start, _ in again.asked) == kept
    assert partials() == []


def test_the_hole_that_a_killed_process_leaves_is_filled() -> None:
    data = os.urandom(64 * RANGE)
    file = os.open(f"f.{sha256(data)[:16]}.partial", os.O_RDWR | os.O_CREAT)
    os.ftruncate(file, len(data))
    os.pwrite(file, data[: 20 * RANGE], 0)
    os.pwrite(file, data[40 * RANGE : 50 * RANGE], 40 * RANGE)
    os.close(file)
    source = Fake(data)
    save(source, sha256(data), "f")
    assert Path("f").read_bytes() == data
    assert min(source.asked)[0] in (0, 20 * RANGE)  # 0 where the file system knows no holes


def test_a_beginning_that_is_wrong_is_fetched_again() -> None:
    data = os.urandom(5 * RANGE)
    Path(f"f.{sha256(data)[:16]}.partial").write_bytes(bytes(3 * RANGE + 7))
    save(Fake(data), sha256(data), "f")
    assert Path("f").read_bytes() == data
    assert partials() == []


class Withheld(Fake):
    """Gives nothing of the first range before all that may be asked beside it was asked for."""

    error: Exception | None = None

    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        self.others = threading.Semaphore(0)

    def open(self, start: int, stop: int) -> Answer:
        if start == 0:
            for _ in range(3):
                assert self.others.acquire(timeout=10)
            if self.error:
                raise self.error
            return super().open(start, stop)
        answer = super().open(start, stop)
        self.others.release()
        return answer


def test_nothing_is_fetched_far_ahead_of_the_hash() -> None:
    data = os.urandom(9 * RANGE)
    source = Withheld(data)
    save(source, sha256(data), "f")
    assert Path("f").read_bytes() == data
    before = source.asked[: source.asked.index((0, RANGE))]
    assert sorted(before) == [(at * RANGE, (at + 1) * RANGE) for at in (1, 2, 3)]


def test_who_waits_for_the_hash_ends_with_the_download() -> None:
    source = Withheld(os.urandom(9 * RANGE))
    source.error = Absent(404, "deleted")
    with pytest.raises(Absent):
        save(source, None, "f")
    join_threads()
    assert not any(thread.name.startswith("download-") for thread in threading.enumerate())
    assert max(start for start, _ in source.asked) == 3 * RANGE


@pytest.mark.parametrize("error", [Absent(404, "deleted"), OSError(28, "No space left on device")])
def test_other_failures_leave_nothing(error: Exception) -> None:
    data = os.urandom(9 * RANGE)
    failing = Failing(data)
    failing.broken, failing.error = 5 * RANGE, error
    with pytest.raises(type(error)):
        save(failing, sha256(data), "f")
    assert list(Path().iterdir()) == []


def test_wrong_bytes_leave_nothing_and_the_old_file_stays() -> None:
    Path("f").write_text("mine")
    with pytest.raises(Mismatch, match="did not arrive"):
        save(Fake(os.urandom(3 * RANGE)), sha256(b"else"), "f")
    assert [(path.name, path.read_text()) for path in Path().iterdir()] == [("f", "mine")]


def test_a_hash_that_is_not_known_is_not_compared_and_nothing_of_it_is_kept() -> None:
    data = os.urandom(3 * RANGE)
    save(Fake(data), None, "f")
    assert Path("f").read_bytes() == data
    failing = Failing(data)
    failing.broken = 2 * RANGE
    with pytest.raises(Unreachable):
        save(failing, None, "g")
    assert partials() == []


def test_two_downloads_of_one_file_do_not_meet() -> None:
    data = os.urandom(3 * RANGE)
    theirs = os.open(f"f.{sha256(data)[:16]}.partial", os.O_RDWR | os.O_CREAT)
    fcntl.flock(theirs, fcntl.LOCK_EX)
    save(Fake(data), sha256(data), "f")
    assert Path("f").read_bytes() == data
    assert os.fstat(theirs).st_size == 0
    os.close(theirs)


def test_a_file_that_was_renamed_while_we_waited_for_it_is_not_written(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    data = os.urandom(2 * RANGE)
    name = f"f.{sha256(data)[:16]}.partial"
    Path(name).write_bytes(data)
    lock = fcntl.flock

    def renamed(file: int, how: int) -> None:
        if how & fcntl.LOCK_EX:
            Path(name).rename("theirs")
        lock(file, how)

    monkeypatch.setattr(fcntl, "flock", renamed)
    written: list[str] = []
    monkeypatch.setattr(os, "replace", lambda here, there: written.append(here))
    save(Fake(data), sha256(data), "f")
    (mine,) = partials()
    assert (written, mine.read_bytes()) == ([str(mine)], data)
    assert Path("theirs").stat().st_ino != mine.stat().st_ino


def test_a_thread_that_outlives_its_download_writes_nowhere_else() -> None:
    data = os.urandom(4 * RANGE)
    go_on = threading.Event()

    class Slow(Failing):
        broken = 3 * RANGE

        def read(self, response: Any, count: int) -> bytes:
            go_on.wait(10)
            return super().read(response, count)

    with pytest.raises(Unreachable):
        save(Slow(data), sha256(data), "f")
    others = [os.open(f"other{number}", os.O_RDWR | os.O_CREAT) for number in range(9)]
    go_on.set()
    join_threads()
    assert [os.fstat(other).st_size for other in others] == [0] * 9
    for other in others:
        os.close(other)


@settings(deadline=None, max_examples=20)
@given(st.binary(max_size=80), st.integers(5, 40), st.integers(1, 40), st.randoms())
def test_whatever_breaks_off_wherever(
    data: bytes, range_bytes: int, read_bytes: int, chance: random.Random
) -> None:
    class Flaky(Fake):
        def open(self, start: int, stop: int) -> Answer:
            if chance.random() < 0.2:
                raise Unreachable("not now")
            self.at_once = chance.randint(0, 40)
            return super().open(start, stop)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(download, "RANGE_BYTES", range_bytes)
        patch.setattr(download, "READ_BYTES", read_bytes)
        for _ in range(1000):
            try:
                save(Flaky(data), sha256(data), "f")
                break
            except Unreachable:
                continue
    assert Path("f").read_bytes() == data
    Path("f").unlink()


class Told:
    """A transport that answers from a list, and notes what it was asked."""

    url = "http://server"

    def __init__(self, answers: list[Any]) -> None:
        self.answers: Iterator[Any] = iter(answers)
        self.opened: list[tuple[str, dict[str, str]]] = []
        self.urls = 0

    def call(self, method: str, path: str) -> dict[str, Any]:
        assert (method, path) == ("GET", "/api/v1/runs/files/7/download-url?version=3")
        self.urls += 1
        return {"download_url": f"http://far/{self.urls}", "headers": {"X": "1"}}

    def open(self, where: str, headers: dict[str, str]) -> Any:
        self.opened.append((where, headers))
        answer = next(self.answers)
        if isinstance(answer, Exception):
            raise answer
        return answer


class Status(Answer):
    def __init__(self, status: int) -> None:
        super().__init__(b"")
        self.status = status


def test_a_small_file_comes_from_the_server() -> None:
    told = Told([Status(200), Denied(403, "no")])
    source = Source(told, 7, 3, RANGE)  # type: ignore[arg-type]
    source.open(0, RANGE)
    with pytest.raises(Denied):
        source.open(5, RANGE)
    content = "/api/v1/runs/files/7/content?version=3"
    assert told.opened == [(content, {}), (content, {"Range": f"bytes=5-{RANGE - 1}"})]
    assert told.urls == 0


def test_a_large_file_comes_from_where_it_lies_also_when_the_url_expires() -> None:
    told = Told(
        [Status(206), Denied(403, "expired"), Status(206), Status(206), Denied(403, "a"), Denied(403, "b")]
    )
    source = Source(told, 7, 3, RANGE + 1)  # type: ignore[arg-type]
    for _ in range(3):
        source.open(1, 9)
    with pytest.raises(Denied, match="b"):
        source.open(1, 9)
    ranged = {"X": "1", "Range": "bytes=1-8"}
    assert told.opened == [(f"http://far/{number}", ranged) for number in (1, 1, 2, 2, 2, 3)]


def test_a_whole_file_where_a_part_was_asked_for_is_not_taken() -> None:
    answer = Status(200)
    source = Source(Told([Status(200), answer]), 7, 3, RANGE)  # type: ignore[arg-type]
    source.open(0, 5)
    with pytest.raises(Unreachable, match="whole file"):
        source.open(5, 6)
    assert answer.ended == "closed"


def test_refusals_are_not_waited_out() -> None:
    failing = Failing(os.urandom(2 * RANGE))
    failing.error = ServerError(400, "no")
    with pytest.raises(ServerError, match="no"):
        save(failing, None, "f")
