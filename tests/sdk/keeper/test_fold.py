"""Many records come to few requests, and the order of changes is kept."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from sdk.keeper.fold import SUMMARY_DEPTH, SUMMARY_VALUE_BYTES, fold, merge, pieces


def event(name: str, **content: Any) -> bytes:
    return b"e" + json.dumps({"event": name, **content}).encode()


def test_a_batch() -> None:
    batch = fold(
        [
            event("run", run={"id": "r"}),
            b'h{"loss":2,"_step":0}',
            "cgrößer".encode(),
            b"c\xff",
            event("update", config={"lr": 1, "gone": 2}, tags=["a"]),
            event("update", config={"gone": None}, tags=["b"]),
            b'h{"loss":1,"_step":1}',
            event("save", files=[["a", "/a", 1]], policy="now"),
            event("finish", exit_code=0),
        ]
    )
    assert batch.history == [b'{"loss":2,"_step":0}', b'{"loss":1,"_step":1}']
    assert batch.console == ["größer", "\ufffd"]
    assert batch.patch == {
        "summary": {"loss": 1, "_step": 1},
        "config": {"lr": 1, "gone": None},
        "tags": ["b"],
    }
    assert [each["event"] for each in batch.events] == ["run", "save", "finish"]


def test_the_summary_follows_the_order_of_logging_and_setting() -> None:
    set_last = fold([b'h{"loss":1}', event("update", summary={"loss": 9})])
    logged_last = fold([event("update", summary={"loss": 9}), b'h{"loss":1}'])
    assert set_last.patch == {"summary": {"loss": 9}}
    assert logged_last.patch == {"summary": {"loss": 1}}


def test_long_values_stay_out_of_the_summary() -> None:
    line = json.dumps({"a": "x" * SUMMARY_VALUE_BYTES, "b": 1}).encode()
    batch = fold([b"h" + line])
    assert batch.history == [line]
    assert batch.patch == {"summary": {"b": 1}}


def test_deep_values_stay_out_of_the_summary() -> None:
    deep: Any = 1
    for _ in range(SUMMARY_DEPTH):
        deep = [deep]
    row = {"deep": deep, "deeper": {"x": deep}, "flat": [1]}
    assert fold([b"h" + json.dumps(row).encode()]).patch == {"summary": {"deep": deep, "flat": [1]}}


@given(
    st.dictionaries(st.text("abc", max_size=3), st.integers() | st.none(), max_size=8),
    st.dictionaries(st.text("abc", max_size=3), st.integers(), max_size=8),
    st.integers(1, 60),
)
def test_pieces_do_what_the_whole_does(config: dict[str, Any], summary: dict[str, Any], limit: int) -> None:
    patch = {"notes": "n", "config": config, "summary": summary}
    together: dict[str, Any] = {}
    for piece in pieces(patch, limit):
        assert len(json.dumps(piece)) <= limit + 80  # one key may be longer than the limit
        merge(together, piece)
    assert together == {name: value for name, value in patch.items() if value}


patches = st.fixed_dictionaries(
    {},
    optional={"config": st.dictionaries(st.sampled_from("abc"), st.integers()), "notes": st.text(max_size=2)},
)


def applied(run: dict[str, Any], patch: dict[str, Any]) -> dict[str, Any]:
    run = {"config": dict(run.get("config", {})), "notes": run.get("notes", "")}
    run["config"].update(patch.get("config", {}))
    run["notes"] = patch.get("notes", run["notes"])
    return run


@given(st.lists(patches, max_size=5))
def test_merged_patches_do_what_they_did_one_by_one(given_patches: list[dict[str, Any]]) -> None:
    one_by_one: dict[str, Any] = {}
    merged: dict[str, Any] = {}
    for patch in given_patches:
        one_by_one = applied(one_by_one, patch)
        merge(merged, patch)
    assert applied({}, merged) == applied(one_by_one, {})
