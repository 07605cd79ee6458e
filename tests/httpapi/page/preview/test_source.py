"""Bytes as text: encodings, cuts, and what is no text."""

import pytest

from httpapi.page.preview.source import Source, Unreadable


def source(data: bytes, size: int | None = None) -> Source:
    return Source("a.txt", data, len(data) if size is None else size)


def test_utf8_with_and_without_mark() -> None:
    assert source("grün".encode()).text() == "grün"
    assert source(b"\xef\xbb\xbfa").text() == "a"


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf16_with_mark(encoding: str) -> None:
    assert source("\ufeffgrün".encode(encoding)).text() == "grün"


def test_wrong_bytes_are_replaced() -> None:
    assert source(b"a\xffb").text() == "a\ufffdb"


def test_cut_inside_a_character_leaves_no_trace() -> None:
    data = "abcü".encode()
    assert source(data[:-1], len(data)).text() == "abc"
    assert source(data[:-1]).text() == "abc\ufffd"


def test_nul_is_no_text() -> None:
    with pytest.raises(Unreadable):
        source(b"PK\0\0").text()


def test_lines_leave_out_the_cut_one() -> None:
    assert source(b"a\r\nb\nc").lines() == ["a", "b", "c"]
    assert source(b"a\r\nb\nc", 100).lines() == ["a", "b"]
