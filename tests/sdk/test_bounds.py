"""What the server would refuse is refused in the line that gives it, also offline; nothing else is."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from httpapi.models.artifacts import Commit, NewArtifact
from httpapi.models.runs import NewRun
from sdk.artifact import Artifact
from sdk.bounds import ALIASES_MAX, LINE_MAX_CHARS, TAG_MAX_CHARS, TAGS_MAX, TEXT_MAX_CHARS, check_length
from sdk.errors import SettingsError
from sdk.names import COMPONENT_MAX_BYTES
from sdk.settings import resolve
from store.catalog.aliases import check_alias
from store.errors import Refused

LONG = {"name": "display_name", "notes": "notes", "group": "group", "job_type": "job_type"}
NAMES = ("id", "project", "entity", "sweep")


@pytest.mark.parametrize(
    ("setting", "value", "allowed"),
    [
        *((setting, "ß" * LINE_MAX_CHARS, True) for setting in ("name", "group", "job_type")),
        *((setting, "x" * (LINE_MAX_CHARS + 1), False) for setting in ("name", "group", "job_type")),
        ("notes", "ß" * TEXT_MAX_CHARS, True),
        ("notes", "x" * (TEXT_MAX_CHARS + 1), False),
        ("tags", ["ß" * TAG_MAX_CHARS], True),
        ("tags", ["x" * (TAG_MAX_CHARS + 1)], False),
        ("tags", ["a", ""], False),
        ("tags", [str(number) for number in range(TAGS_MAX)], True),
        ("tags", [str(number) for number in range(TAGS_MAX + 1)], False),
        *((setting, "x" * COMPONENT_MAX_BYTES, True) for setting in NAMES),
        *((setting, "ß" * (COMPONENT_MAX_BYTES // 2 + 1), False) for setting in NAMES),
        *((setting, "a\x85b", False) for setting in NAMES),
        *((setting, "..", False) for setting in NAMES),
    ],
)
def test_settings_have_the_servers_bounds(setting: str, value: Any, allowed: bool) -> None:
    answers = []
    for made, refusal in (
        (lambda: resolve({setting: value}, {}), SettingsError),
        (lambda: NewRun(**{LONG.get(setting, setting): value}), ValidationError),
    ):
        try:
            made()
        except refusal:
            answers.append(False)
        else:
            answers.append(True)
    assert answers == [allowed, allowed]


@pytest.mark.parametrize("size", [TEXT_MAX_CHARS, TEXT_MAX_CHARS + 1])
def test_a_description_has_the_servers_bound(size: int) -> None:
    if size <= TEXT_MAX_CHARS:
        assert (
            Artifact("n", "t", "x" * size).description
            == NewArtifact(name="n", type="t", description="x" * size).description
        )
        return
    with pytest.raises(ValueError, match="65536 are allowed"):
        Artifact("n", "t", "x" * size)
    with pytest.raises(ValidationError):
        NewArtifact(name="n", type="t", description="x" * size)


@pytest.mark.parametrize(
    ("aliases", "allowed"),
    [
        (["best", "v", "v3a", "V3"], True),
        ([str(number) for number in range(ALIASES_MAX)], True),
        ([str(number) for number in range(ALIASES_MAX + 1)], False),
        (["v3"], False),
        (["a/b"], False),
        ([""], False),
    ],
)
def test_aliases_have_the_servers_bounds(aliases: list[str], allowed: bool) -> None:
    try:
        for alias in Commit(aliases=aliases).aliases:
            check_alias(alias)
        taken = True
    except (ValidationError, Refused):
        taken = False
    assert taken is allowed
    if allowed:
        assert Artifact("n").as_event(aliases)["aliases"] == aliases
    else:
        with pytest.raises(ValueError, match=r"alias|slash|is not a name"):
            Artifact("n").as_event(aliases)


def test_an_error_is_short_and_says_the_bound() -> None:
    with pytest.raises(
        SettingsError, match=r"^RUNFS_NOTES cannot be used: 'x{40}'\.\.\. has 70000 char"
    ) as caught:
        resolve({}, {"RUNFS_NOTES": "x" * 70_000})
    assert len(str(caught.value)) < 200
    check_length("x" * 5, 5)
    with pytest.raises(ValueError, match="has 6 characters; 5 are allowed"):
        check_length("x" * 6, 5)
