from types import SimpleNamespace
from typing import Any

import pytest

from store.blobs import Stored
from store.catalog.rows import Upload
from store.errors import Absent, Conflict
from store.uploads import state

ROW = Upload("u", 1, None, "a", "t", None, None, None, "open", "k", None, None, None, None, None, None, 1, 2)


@pytest.mark.parametrize("name", ["open", "stored"])
def test_under_way(name: str) -> None:
    row = ROW._replace(state=name)
    assert state.under_way(row) is row


@pytest.mark.parametrize("name", ["registered", "aborted"])
def test_over(name: str) -> None:
    with pytest.raises(Conflict, match=f"a is {name}"):
        state.under_way(ROW._replace(state=name))


def test_unknown() -> None:
    with pytest.raises(Absent):
        state.under_way(None)


def test_expiry_is_an_hour_from_now() -> None:
    tx: Any = SimpleNamespace(now_ns=5)
    assert state.expiry(tx) == 5 + 3600 * 10**9


def test_as_stored() -> None:
    row = state.as_stored(ROW, Stored("key", 3, b"s", None))
    assert (row.state, row.blob_key, row.stored_size, row.stored_sha256, row.stored_md5) == (
        "stored",
        "key",
        3,
        b"s",
        None,
    )
