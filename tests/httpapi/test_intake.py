"""How files come in, for runs and artifacts alike."""

import asyncio
import logging
from typing import Any

import pytest

from httpapi import intake
from httpapi.problems import Problem
from store.errors import Conflict


async def test_each_of_many_has_its_own_outcome() -> None:
    order: list[int] = []

    async def one(number: int) -> int:
        await asyncio.sleep(0)
        order.append(number)
        if number == 1:
            raise Conflict("it is there")
        if number == 2:
            raise Problem("invalid", "it is wrong", errors=[])
        return number

    found = await intake.outcomes([one(number) for number in range(4)])
    assert [value for value, _ in found] == [0, None, None, 3]
    assert [problem and (problem.status, problem.detail) for _, problem in found] == [
        None,
        (409, "it is there"),
        (422, "it is wrong"),
        None,
    ]
    assert sorted(order) == [0, 1, 2, 3]


async def test_a_bug_in_one_of_many_is_a_bug() -> None:
    async def broken() -> None:
        raise KeyError("x")

    with pytest.raises(KeyError):
        await intake.outcomes([broken()])


async def test_parts_of_a_huge_file_stay_below_their_number(
    api: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intake, "PARTS_MAX", 10)
    monkeypatch.setattr(intake, "PART_BYTES", 1000)
    monkeypatch.setattr(intake, "ONE_PUT_MAX_BYTES", 100)
    await api.good("POST", "/runs", {"id": "r1"})
    upload = await api.good("POST", "/runs/r1/files/upload-url", {"path": "a", "size": 25_001})
    assert (upload["part_size"], len(upload["parts"])) == (2501, 10)
    assert sum(part["size"] for part in upload["parts"]) == 25_001


async def test_uploads_are_audited(api: Any, caplog: pytest.LogCaptureFixture) -> None:
    await api.good("POST", "/runs", {"id": "r1"})
    with caplog.at_level(logging.INFO, logger="audit"):
        file = await api.save("r1", "d/a.txt", b"hello")
        await api.ask("DELETE", f"/runs/files/{file['id']}")
    records = [each.__dict__ for each in caplog.records if each.name == "audit"]
    assert [(each["message"], each["file"], each["size"]) for each in records] == [
        ("upload", "d/a.txt", 5),
        ("delete", "d/a.txt", 5),
    ]
