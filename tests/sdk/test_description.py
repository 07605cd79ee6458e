"""What a script says of a run after `init`."""

from __future__ import annotations

from typing import Any

import pytest

import sdk
from sdk import Api


def test_what_is_set_is_kept(server: object) -> None:
    run = sdk.init(name="first", tags=["a"], notes="before", group="g")
    run.name = "second"
    run.tags += ("b",)
    run.notes = None
    run.group, run.job_type = "h", "eval"
    run.config["lr"] = 1
    assert (run.name, run.tags, run.notes, run.group, run.job_type) == ("second", ("a", "b"), "", "h", "eval")
    run.finish()
    found = Api().run(run.path)
    assert (found.name, found.tags, found.notes) == ("second", ["a", "b"], "")
    assert (found.group, found.job_type, found.config) == ("h", "eval", {"lr": 1})


def test_a_resumed_run_goes_on_with_what_describes_it(server: object) -> None:
    with sdk.init(id="again", name="words", tags=["a"], notes="n", group="g", job_type="train"):
        pass
    with sdk.init(id="again", resume="must") as run:
        assert (run.name, run.tags, run.notes, run.group, run.job_type) == (
            "words",
            ("a",),
            "n",
            "g",
            "train",
        )
        run.tags = [*run.tags, "b"]
    assert Api().run(run.path).tags == ["a", "b"]


@pytest.mark.parametrize(
    ("name", "given", "error"),
    [
        ("name", 5, TypeError),
        ("name", "x" * 1001, ValueError),
        ("notes", "x" * 65_537, ValueError),
        ("group", b"g", TypeError),
        ("tags", ["a", ""], ValueError),
        ("tags", ["a", 5], TypeError),
        ("tags", ["x" * 201], ValueError),
        ("tags", [str(number) for number in range(201)], ValueError),
    ],
)
def test_what_cannot_be_is_an_error_and_changes_nothing(
    environment: object, name: str, given: Any, error: type[Exception]
) -> None:
    with sdk.init(mode="disabled", tags=["kept"], name="kept", notes="kept", group="kept") as run:
        before = getattr(run, name)
        with pytest.raises(error):
            setattr(run, name, given)
        assert getattr(run, name) == before


def test_one_tag_may_come_alone(environment: object) -> None:
    with sdk.init(mode="disabled") as run:
        run.tags = "one"
        assert run.tags == ("one",)


def test_a_finished_run_is_described_no_more(environment: object) -> None:
    run = sdk.init(mode="disabled", name="kept")
    run.finish()
    with pytest.raises(sdk.UsageError, match="`name = "):
        run.name = "late"
    assert run.name == "kept"


@pytest.mark.parametrize("name", ["config", "summary"])
def test_no_dictionary_takes_the_place_of_one_that_is_kept(environment: object, name: str) -> None:
    with sdk.init(mode="disabled") as run:
        with pytest.raises(AttributeError, match=rf"call {name}\.update"):
            setattr(run, name, {"lr": 1})
        run.config |= {"lr": 2}
        run.summary |= {"lr": 3}
        assert (run.config.lr, run.summary.lr) == (2, 3)
