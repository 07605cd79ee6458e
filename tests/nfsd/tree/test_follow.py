"""Which nodes a change leaves untrue."""

import pytest

from nfsd.tree.follow import OF_OBJECT, OF_PROJECT, stale
from store.catalog.rows import Change
from store.catalog.topics import Topic


def kinds(topic: Topic, number: int = 5, default: int | None = 9) -> set[tuple[int, int]]:
    """Number and kind of what goes."""
    return {(fileid >> 6, fileid & 63) for fileid in stale(Change(1, topic, number, 3), default)}


def test_every_topic_but_the_two_that_forget_all_is_known() -> None:
    known = OF_OBJECT.keys() | OF_PROJECT.keys()
    assert known == set(Topic) - {Topic.EVERYTHING, Topic.CATALOG}


@pytest.mark.parametrize(
    ("topic", "expected"),
    [
        (Topic.RUN, {(5, 8), (5, 18)}),
        (Topic.RUN_NAMES, {(5, 7), (5, 9), (5, 10)}),
        (Topic.HISTORY, {(5, 9)}),
        (Topic.CONSOLE, {(5, 10)}),
        (Topic.FILESET, {(5, 11)}),
        (Topic.DIRECTORY, {(5, 12)}),
        (Topic.VERSION, {(5, 13)}),
        (Topic.ENTITY, {(5, 3), (0, 2)}),
        (Topic.COLLECTION, {(5, 24), (5, 22)}),
        (Topic.ARTIFACT, {(5, 25), (5, 26)}),
    ],
)
def test_what_goes(topic: Topic, expected: set[tuple[int, int]]) -> None:
    assert kinds(topic) == expected


def test_the_root_shows_one_project() -> None:
    assert kinds(Topic.PROJECT_RUNS, 5, default=9) == {(5, 6)}
    assert kinds(Topic.PROJECT_RUNS, 9, default=9) == {(9, 6), (0, 6)}
    assert kinds(Topic.PROJECT_ARTIFACTS, 5, default=None) == {(5, 20), (5, 23), (0, 20), (0, 23)}
