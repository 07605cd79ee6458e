import struct
from typing import Annotated

import pytest

import xdr
from nfsd.rpc import Call, Program, procedure

uint32 = Annotated[int, xdr.UINT]


class stat(xdr.Enum):
    GOOD = 0
    BAD = 5


class answer(xdr.Union[stat, int | None], arms={stat.GOOD: uint32}, default=None):
    __slots__ = ()


class Sample(Program, number=7, version=2):
    @procedure(1, uint32, answer)
    async def half(self, arguments: int, call: Call) -> int:
        return arguments // 2

    @procedure(2, None, uint32)
    async def count(self, arguments: None, call: Call) -> int:
        return 3


def test_the_table_lists_the_procedures_with_null() -> None:
    assert {number: row.name for number, row in Sample.table.items()} == {0: "NULL", 1: "HALF", 2: "COUNT"}
    assert (Sample.number, Sample.version) == (7, 2)


def test_a_union_result_is_its_arm_of_discriminant_0() -> None:
    row = Sample.table[1]
    parts: list[xdr.Part] = []
    row.pack_result(21, parts)
    assert (row.head + b"".join(parts))[20:] == struct.pack(">II", 0, 21)


def test_a_failure_is_a_whole_value_of_the_result_type() -> None:
    parts: list[xdr.Part] = []
    Sample.table[1].pack_failure(answer(stat.BAD, None), parts)
    assert b"".join(parts) == struct.pack(">I", 5)


def test_other_results_are_packed_as_they_are() -> None:
    row = Sample.table[2]
    parts: list[xdr.Part] = []
    row.pack_result(3, parts)
    assert len(row.head) == 20
    assert b"".join(parts) == struct.pack(">I", 3)


def test_arguments_are_unpacked_to_the_end_of_the_record() -> None:
    unpack = Sample.table[1].unpack
    assert unpack(b"head\0\0\0\7", 4) == 7
    for record in (b"head\0\0\0\7more", b"head\0\0\7"):
        with pytest.raises(xdr.Error):
            unpack(record, 4)


def test_a_number_given_twice_fails_where_the_class_is_made() -> None:
    with pytest.raises(TypeError, match="Twice: COUNT and SECOND are both 2"):

        class Twice(Sample, number=8, version=1):
            @procedure(2)
            async def second(self, arguments: None, call: Call) -> None: ...


def test_a_subclass_may_replace_a_procedure() -> None:
    class Other(Sample, version=3):
        @procedure(2, None, uint32)
        async def count(self, arguments: None, call: Call) -> int:
            return 4

    assert Other.table[2].method is Other.count
    assert (Other.number, Other.version) == (7, 3)
    assert Sample.table[2].method is Sample.count


async def test_failure_raises_what_it_is_given_unless_it_is_overridden() -> None:
    with pytest.raises(KeyError):
        await Sample().failure(Sample.table[1], KeyError(), 1, None)  # type: ignore[arg-type]
