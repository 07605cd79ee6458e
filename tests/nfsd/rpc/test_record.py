import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nfsd.rpc.record import LAST, Records, RecordTooLarge


def fragment(data: bytes, last: bool = True) -> bytes:
    return (len(data) | (LAST if last else 0)).to_bytes(4, "big") + data


@given(
    st.lists(st.lists(st.binary(max_size=9), min_size=1, max_size=4), max_size=6),
    st.lists(st.integers(0, 90)),
)
def test_any_fragments_split_anywhere_give_the_records(sent: list[list[bytes]], cuts: list[int]) -> None:
    stream = b"".join(
        fragment(piece, last=place == len(pieces) - 1)
        for pieces in sent
        for place, piece in enumerate(pieces)
    )
    records = Records(100)
    received = []
    edges = sorted({0, len(stream), *(cut for cut in cuts if cut < len(stream))})
    for start, end in itertools.pairwise(edges):
        received += records.feed(stream[start:end])
        boundary = end in whole_records(sent)
        assert records.partial is not boundary
    assert received == [b"".join(pieces) for pieces in sent]


def whole_records(sent: list[list[bytes]]) -> set[int]:
    """The offsets at which a record ends."""
    ends, end = {0}, 0
    for pieces in sent:
        end += sum(4 + len(piece) for piece in pieces)
        ends.add(end)
    return ends


def test_a_record_of_one_byte_fragments() -> None:
    records = Records(1000)
    stream = b"".join(fragment(b"x", last=False) for _ in range(999)) + fragment(b"y")
    assert records.feed(stream) == [b"x" * 999 + b"y"]
    assert not records.partial


def test_the_limit_holds_for_the_sum_of_the_fragments() -> None:
    assert Records(10).feed(fragment(b"123456", last=False) + fragment(b"7890")) == [b"1234567890"]
    records = Records(10)
    records.feed(fragment(b"123456", last=False))
    with pytest.raises(RecordTooLarge, match="a record of 11 bytes, 10 allowed"):
        records.feed(fragment(b"78901")[:4])


def test_a_mark_alone_is_enough_to_refuse_a_record() -> None:
    with pytest.raises(RecordTooLarge):
        Records(1 << 20).feed(b"\xff\xff\xff\xff")


def test_the_limit_starts_again_with_each_record() -> None:
    records = Records(4)
    assert records.feed(fragment(b"ab", last=False) + fragment(b"cd") + fragment(b"efgh")) == [
        b"abcd",
        b"efgh",
    ]
