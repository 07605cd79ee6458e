"""The hash behind the parts is that of the file, whatever order they came in and whoever wrote again."""

import errno
import hashlib
import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from store.blobs import hash_behind
from store.blobs.hash_behind import HashBehind

PART = 8


class Followed:
    """A small file, and what follows it; the thread's work waits until `run` takes it."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.file.write_bytes(b"")
        self.waiting: list[Callable[[], None]] = []
        self.behind = HashBehind(file, self.waiting.append)

    def write(self, number: int, content: bytes) -> None:
        """Some bytes of a part, which is not durable yet."""
        with self.file.open("r+b") as file:
            file.seek(number * PART)
            file.write(content)

    def send(self, number: int, content: bytes) -> None:
        """A whole part, durable."""
        self.behind.before(number * PART)
        self.write(number, content)
        self.behind.durable(number * PART, len(content))

    def run(self) -> None:
        """What the thread would do now."""
        while self.waiting:
            self.waiting.pop()()

    @property
    def truth(self) -> bytes:
        """Of what is in the file."""
        return hashlib.sha256(self.file.read_bytes()).digest()


@pytest.fixture
def followed(tmp_path: Path) -> Followed:
    """An empty file."""
    return Followed(tmp_path / "file")


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """The offsets and counts that are read."""
    seen: list[tuple[int, int]] = []
    real = os.pread

    def pread(fd: int, count: int, offset: int) -> bytes:
        seen.append((offset, count))
        return real(fd, count, offset)

    monkeypatch.setattr(os, "pread", pread)
    return seen


def test_parts_in_order_are_read_once_as_they_come(followed: Followed, reads: list[tuple[int, int]]) -> None:
    for number in range(3):
        followed.send(number, bytes([number]) * PART)
        followed.run()
    assert reads == [(0, PART), (PART, PART), (2 * PART, PART)]
    assert followed.behind.finish(3 * PART) == followed.truth
    assert len(reads) == 3  # nothing was left


def test_a_part_that_comes_early_waits_for_those_before(
    followed: Followed, reads: list[tuple[int, int]]
) -> None:
    followed.send(1, b"b" * PART)
    followed.run()
    assert reads == []
    followed.send(0, b"a" * PART)
    followed.run()
    assert reads == [(0, 2 * PART)]
    assert followed.behind.finish(2 * PART) == followed.truth


def test_what_is_being_written_is_not_read(followed: Followed, reads: list[tuple[int, int]]) -> None:
    followed.behind.before(PART)
    followed.send(0, b"a" * 3 * PART)  # reaches into what is being written, and past it
    followed.run()
    assert reads == []
    followed.write(1, b"b" * PART)
    followed.behind.durable(PART, PART)
    followed.run()
    assert followed.behind.finish(3 * PART) == followed.truth


def test_a_part_that_comes_again_is_hashed_again(followed: Followed) -> None:
    for number in range(3):
        followed.send(number, bytes([number]) * PART)
    followed.run()
    followed.behind.before(PART)
    followed.write(1, b"new")  # and its client goes away
    followed.behind.given_up(PART)
    followed.run()
    assert followed.behind.finish(3 * PART) == followed.truth


def test_a_file_that_is_cut_is_hashed_as_it_is(followed: Followed) -> None:
    followed.send(0, b"longer")
    followed.run()
    os.truncate(followed.file, 3)
    assert followed.behind.finish(3) == hashlib.sha256(b"lon").digest()


def test_a_file_that_ends_early_has_no_hash(followed: Followed) -> None:
    followed.send(0, b"abc")
    with pytest.raises(OSError, match="ends at 3 bytes") as failed:
        followed.behind.finish(4)
    assert failed.value.errno == errno.EIO


def test_an_error_while_following_is_met_at_the_end(followed: Followed) -> None:
    followed.send(0, b"a" * PART)
    content = followed.file.read_bytes()
    followed.file.unlink()
    followed.run()
    with pytest.raises(FileNotFoundError):
        followed.behind.finish(PART)
    followed.file.write_bytes(content)
    assert followed.behind.finish(PART) == followed.truth


def test_nothing_is_read_behind_once_it_is_over(followed: Followed, reads: list[tuple[int, int]]) -> None:
    followed.send(0, b"a" * PART)
    assert followed.behind.finish(PART) == followed.truth
    done = list(reads)
    followed.run()
    assert reads == done


def test_it_follows_in_a_thread_while_parts_come(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hash_behind, "READ_BYTES", 64)
    threads: list[threading.Thread] = []

    def start(work: Callable[[], None]) -> None:
        threads.append(threading.Thread(target=work))
        threads[-1].start()

    followed = Followed(tmp_path / "file")
    followed.behind = HashBehind(followed.file, start)
    for number in [*range(0, 200, 2), *range(1, 200, 2), *range(0, 200, 3)]:
        followed.send(number, os.urandom(PART))
    assert followed.behind.finish(200 * PART) == followed.truth
    for thread in threads:
        thread.join()


steps = st.lists(
    st.tuples(st.sampled_from(["send", "begin", "run", "more", "end", "give up"]), st.integers(0, 3)),
    max_size=30,
)


@settings(max_examples=300, deadline=None)
@given(steps=steps, data=st.randoms(use_true_random=False))
def test_any_order_of_everything(
    tmp_path_factory: pytest.TempPathFactory, steps: object, data: object
) -> None:
    followed = Followed(tmp_path_factory.mktemp("file") / "file")
    writing: set[int] = set()
    for what, number in steps:  # type: ignore[attr-defined]
        content = data.randbytes(data.randint(1, 3 * PART))  # type: ignore[attr-defined]
        if what == "send" and number not in writing:
            followed.send(number, content)
        elif what == "begin" and number not in writing:
            writing.add(number)
            followed.behind.before(number * PART)
            followed.write(number, content[:3])
        elif what == "more" and number in writing:
            followed.write(number, content)
        elif what == "end" and number in writing:
            writing.remove(number)
            followed.write(number, content)
            followed.behind.durable(number * PART, len(content))
        elif what == "give up" and number in writing:
            writing.remove(number)
            followed.behind.given_up(number * PART)
        elif what == "run" and followed.waiting:
            followed.waiting.pop()()
    for number in writing:
        followed.behind.given_up(number * PART)
    assert followed.behind.finish(followed.file.stat().st_size) == followed.truth
