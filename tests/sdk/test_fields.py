"""config and summary are dictionaries that tell of every change, once."""

from __future__ import annotations

import argparse
import copy
import dataclasses
import json
from collections import OrderedDict
from typing import Any

import pytest

from sdk.errors import UsageError
from sdk.fields import BeforeInit, Fields, as_mapping


@dataclasses.dataclass
class Options:
    lr: float = 0.1


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (None, {}),
        ({"a": 1}, {"a": 1}),
        (OrderedDict(a=1), {"a": 1}),
        ({1: 2}, {"1": 2}),
        (argparse.Namespace(lr=0.1), {"lr": 0.1}),
        (Options(), {"lr": 0.1}),
        ([("a", 1)], {"a": 1}),
    ],
)
def test_what_can_be_a_config(given: Any, expected: dict[str, Any]) -> None:
    assert as_mapping(given) == expected


@pytest.mark.parametrize("given", [5, "text", Options])
def test_what_cannot(given: Any) -> None:
    with pytest.raises(TypeError, match="a config is"):
        as_mapping(given)


@pytest.fixture
def told() -> list[Any]:
    return []


@pytest.fixture
def fields(told: list[Any]) -> Fields:
    return Fields(lambda changes, gone: told.append(gone if gone else changes), {"a": 1, "b": 2})


def test_every_change_is_told(fields: Fields, told: list[Any]) -> None:
    fields["c"] = 3
    fields.d = 4
    fields.update({"a": 5}, e=6)
    fields.update(argparse.Namespace(f=7), allow_val_change=True)
    fields.setdefault("a", 9)
    fields.setdefault("g", 8)
    fields.setdefaults({"g": 0, "h": 9})
    fields["i"] = None
    fields |= {"j": 10}
    assert fields.pop("a") == 5
    assert fields.pop("absent", "default") == "default"
    del fields["b"]
    del fields.c
    assert told == [
        {"c": 3},
        {"d": 4},
        {"a": 5, "e": 6},
        {"f": 7},
        {"g": 8},
        {"h": 9},
        {"i": None},
        {"j": 10},
        ["a"],
        ["b"],
        ["c"],
    ]
    assert fields == fields.as_dict() == {"d": 4, "e": 6, "f": 7, "g": 8, "h": 9, "i": None, "j": 10}
    fields.popitem()
    fields.clear()
    assert told[-2:] == [["j"], ["d", "e", "f", "g", "h", "i"]]


def test_attributes_and_errors(fields: Fields, told: list[Any]) -> None:
    assert (fields.a, fields["b"]) == (1, 2)
    with pytest.raises(AttributeError, match="'absent'"):
        fields.absent  # noqa: B018
    with pytest.raises(KeyError):
        fields.pop("absent")
    with pytest.raises(KeyError):
        del fields["absent"]
    fields.follow({"a": 7})
    assert fields.a == 7
    assert told == []
    assert json.dumps(fields) == '{"a": 7, "b": 2}'
    assert copy.copy(fields.as_dict()) == {"a": 7, "b": 2}


def test_before_init_every_use_says_what_to_do() -> None:
    config: Any = BeforeInit("config")
    assert repr(config) == "<sdk.config: no run yet>"
    uses = [
        lambda: config.lr,
        lambda: config["lr"],
        lambda: config.update({}),
        lambda: list(config),
        lambda: "lr" in config,
        lambda: setattr(config, "lr", 1),
    ]
    for use in uses:
        with pytest.raises(UsageError, match=r"You must call sdk.init\(\) before sdk.config"):
            use()
