"""Records survive what happens to files: torn ends, changed bytes, a writer that is still at work."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sdk.records import (
    HEADER,
    PAYLOAD_MAX_BYTES,
    START,
    Damaged,
    Position,
    Reader,
    Writer,
    frame,
    segment_path,
    segments,
)

payload_lists = st.lists(st.binary(min_size=1, max_size=300), max_size=40)


def read_all(folder: Path, batch: int = 1 << 20) -> list[bytes]:
    reader, found = Reader(str(folder)), []
    while payloads := reader.read(batch):
        found += payloads
    return found


@settings(max_examples=60)
@given(payloads=payload_lists, segment=st.integers(1, 2000), batch=st.integers(1, 1000))
def test_what_is_written_is_read_in_order(
    tmp_path_factory: pytest.TempPathFactory, payloads: list[bytes], segment: int, batch: int
) -> None:
    folder = tmp_path_factory.mktemp("records")
    writer = Writer(str(folder), segment)
    for payload in payloads:
        writer.append(payload)
    writer.close()
    assert read_all(folder, batch) == payloads


def test_reading_goes_on_from_a_position_while_more_is_written(tmp_path: Path) -> None:
    writer = Writer(str(tmp_path), 40)
    reader = Reader(str(tmp_path))
    for number in range(20):
        writer.append(b"record %d" % number)
        assert Reader(str(tmp_path), reader.position).read() == [b"record %d" % number]
        assert reader.read() == [b"record %d" % number]
    assert reader.read() == []
    assert reader.position.segment == segments(str(tmp_path))[-1] > 5


def test_a_record_is_length_checksum_payload(tmp_path: Path) -> None:
    Writer(str(tmp_path)).append(b"123456789")
    # CRC-32 of "123456789" is the check value that its catalogues print.
    assert Path(segment_path(str(tmp_path), 1)).read_bytes() == b"\x00\x00\x00\x09\xcb\xf4\x39\x26123456789"


@pytest.mark.parametrize("cut", range(1, 30))
def test_a_torn_record_is_waited_for(tmp_path: Path, cut: int) -> None:
    writer = Writer(str(tmp_path))
    writer.append(b"whole")
    writer.append(b"a record that is torn")
    path = Path(segment_path(str(tmp_path), 1))
    whole = path.read_bytes()
    path.write_bytes(whole[:-cut])
    reader = Reader(str(tmp_path))
    assert reader.read() == [b"whole"]
    assert reader.read() == []
    path.write_bytes(whole)
    assert reader.read() == [b"a record that is torn"]


def test_a_torn_end_does_not_hide_the_next_segment(tmp_path: Path) -> None:
    Writer(str(tmp_path)).append(b"first")
    path = Path(segment_path(str(tmp_path), 1))
    path.write_bytes(path.read_bytes() + frame(b"torn")[:-1])
    Writer(str(tmp_path)).append(b"second")
    assert read_all(tmp_path) == [b"first", b"second"]


@pytest.mark.parametrize("offset", range(HEADER.size + 5, 2 * HEADER.size + 11))
def test_any_changed_byte_is_found(tmp_path: Path, offset: int) -> None:
    writer = Writer(str(tmp_path))
    for payload in (b"whole", b"broken", b"after"):
        writer.append(payload)
    path = Path(segment_path(str(tmp_path), 1))
    data = bytearray(path.read_bytes())
    data[offset] ^= 0x41
    path.write_bytes(data)
    reader = Reader(str(tmp_path))
    assert reader.read() == [b"whole"]
    at_length = offset - HEADER.size - 5 < 4
    try:
        found = reader.read()
    except Damaged as damage:
        where = damage.position
    else:
        assert found == []  # the length now reaches past the end: waited for, and never believed
        assert at_length
        return
    assert where == Position(1, HEADER.size + 5)
    assert not reader.skip_damage()
    Writer(str(tmp_path)).append(b"later")
    assert reader.skip_damage()
    assert reader.read() == [b"later"]


def test_zeros_that_a_power_cut_left_are_damage(tmp_path: Path) -> None:
    Path(segment_path(str(tmp_path), 1)).write_bytes(bytes(64))
    with pytest.raises(Damaged):
        Reader(str(tmp_path)).read()


def test_a_write_that_the_disk_cuts_short_is_taken_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = Writer(str(tmp_path))
    writer.append(b"before")
    real = os.write
    monkeypatch.setattr("sdk.records.os.write", lambda file, data: real(file, data[:5]))
    with pytest.raises(OSError, match="only a part"):
        writer.append(b"too much")
    monkeypatch.undo()
    writer.append(b"after")
    assert read_all(tmp_path) == [b"before", b"after"]


def test_a_payload_over_the_limit_is_refused(tmp_path: Path) -> None:
    assert frame(bytes(PAYLOAD_MAX_BYTES))
    with pytest.raises(ValueError, match="over the limit"):
        frame(bytes(PAYLOAD_MAX_BYTES + 1))


def test_one_record_larger_than_a_batch_is_read_whole(tmp_path: Path) -> None:
    writer = Writer(str(tmp_path))
    for payload in (b"s", b"x" * 5000, b"t"):
        writer.append(payload)
    reader = Reader(str(tmp_path))
    assert [reader.read(100), reader.read(100), reader.read(100)] == [[b"s"], [b"x" * 5000], [b"t"]]


def test_a_writer_never_touches_earlier_segments(tmp_path: Path) -> None:
    first = Writer(str(tmp_path))
    first.append(b"first")
    before = Path(segment_path(str(tmp_path), 1)).read_bytes()
    Writer(str(tmp_path)).append(b"second")
    assert Path(segment_path(str(tmp_path), 1)).read_bytes() == before
    assert segments(str(tmp_path)) == [1, 2]
    assert segments(str(tmp_path / "absent")) == []
    assert Position(1, 0) == START
