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


KEYS = st.sampled_from("abc")
VALUES = st.integers() | st.none()


@given(
    st.dictionaries(st.text("abc", max_size=3), VALUES, max_size=8),
    st.dictionaries(st.text("abc", max_size=3), st.integers(), max_size=8),
    st.lists(st.text("def", min_size=1, max_size=3), unique=True, max_size=8),
    st.integers(1, 60),
)
def test_pieces_do_what_the_whole_does(
    config: dict[str, Any], summary: dict[str, Any], gone: list[str], limit: int
) -> None:
    patch = {"notes": "n", "config": config, "summary": summary, "summary_remove": gone}
    together: dict[str, Any] = {}
    for piece in pieces(patch, limit):
        assert len(json.dumps(piece)) <= limit + 120  # one key may be longer than the limit
        merge(together, piece)
    assert {name: value for name, value in together.items() if value} == {
        name: value for name, value in patch.items() if value
    }


patches = st.fixed_dictionaries(
    {},
    optional={
        "config": st.dictionaries(KEYS, VALUES),
        "config_remove": st.lists(KEYS, unique=True),
        "summary": st.dictionaries(KEYS, VALUES),
        "summary_remove": st.lists(KEYS, unique=True),
        "notes": st.text(max_size=2),
    },
)


def applied(run: dict[str, Any], patch: dict[str, Any]) -> dict[str, Any]:
    """What the server makes of a run: keys go, then keys are set."""
    changed = {"notes": patch.get("notes", run["notes"])}
    for name in ("config", "summary"):
        left = {key: value for key, value in run[name].items() if key not in patch.get(f"{name}_remove", ())}
        changed[name] = left | patch.get(name, {})
    return changed


@given(st.dictionaries(KEYS, VALUES), st.lists(patches, max_size=5), st.integers(1, 60))
def test_merged_patches_do_what_they_did_one_by_one(
    before: dict[str, Any], given_patches: list[dict[str, Any]], limit: int
) -> None:
    one_by_one = in_pieces = {"config": before, "summary": {}, "notes": ""}
    merged: dict[str, Any] = {}
    for patch in given_patches:
        one_by_one = applied(one_by_one, patch)
        merge(merged, json.loads(json.dumps(patch)))
    for piece in pieces(merged, limit):
        in_pieces = applied(in_pieces, piece)
    assert in_pieces == one_by_one
