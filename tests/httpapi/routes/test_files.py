"""Files of runs, over HTTP."""

import base64
import hashlib
from typing import Any

import pytest

from httpapi.routes import files


@pytest.fixture(autouse=True)
async def run(api: Any) -> None:
    await api.good("POST", "/runs", {"project": "team/a", "id": "r1"})


async def every(api: Any, **params: Any) -> list[str]:
    """All pages of two, put together."""
    found: list[str] = []
    cursor: str | None = None
    while True:
        query = {"limit": 2, **params} | ({"cursor": cursor} if cursor else {})
        page = await api.good("GET", "/runs/r1/files", params=query)
        found += [file["path"] for file in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            return found


async def test_listing(api: Any) -> None:
    for path, size in (("b/x.txt", 3), ("a.png", 1), ("b/y.txt", 2), ("c.txt", 5)):
        await api.save("r1", path, b"x" * size)
    assert await every(api) == ["a.png", "b/x.txt", "b/y.txt", "c.txt"]
    assert await every(api, order="desc") == ["c.txt", "b/y.txt", "b/x.txt", "a.png"]
    assert await every(api, sort="size") == ["a.png", "b/y.txt", "b/x.txt", "c.txt"]
    assert await every(api, sort="name") == ["a.png", "c.txt", "b/x.txt", "b/y.txt"]
    assert await every(api, sort="created") == ["b/x.txt", "a.png", "b/y.txt", "c.txt"]
    assert await every(api, glob="**/*.txt") == ["b/x.txt", "b/y.txt", "c.txt"]
    assert await every(api, glob="*.txt") == ["c.txt"]
    assert await every(api, type="image/*") == ["a.png"]
    assert await every(api, text="Y.T") == ["b/y.txt"]
    page = await api.good("GET", "/runs/r1/files", params={"limit": 1, "glob": "*.png"})
    assert (page["total_count"], page["total_bytes"], page["next_cursor"]) == (4, 11, None)


async def test_a_cursor_is_for_its_order(api: Any) -> None:
    for path in ("a", "b"):
        await api.save("r1", path, b"x")
    cursor = (await api.good("GET", "/runs/r1/files", params={"limit": 1}))["next_cursor"]
    for other in ({"sort": "size"}, {"order": "desc"}):
        assert (await api.ask("GET", "/runs/r1/files", params={"cursor": cursor, **other}))[0] == 422


async def test_describing(api: Any) -> None:
    file = await api.save("r1", "a", b"x")
    where = f"/runs/files/{file['id']}"
    changed = await api.good("PATCH", where, {"description": "the best", "tags": ["b", "a"]})
    assert (changed["description"], changed["tags"], changed["version"]) == ("the best", ["b", "a"], 1)
    assert (await api.good("PATCH", where, {"tags": []}))["description"] == "the best"
    assert await every(api, text="BEST") == ["a"]
    newer = await api.save("r1", "a", b"y")
    assert (newer["id"], newer["description"], newer["version"]) == (file["id"], "the best", 2)
    assert await api.good("GET", where) == newer


async def test_versions_and_restore(api: Any) -> None:
    for data in (b"one", b"two", b"three"):
        file = await api.save("r1", "a", data)
    where = f"/runs/files/{file['id']}"
    listed = (await api.good("GET", f"{where}/versions"))["items"]
    assert [(each["number"], each["size"], each["is_current"]) for each in listed] == [
        *((3, 5, True), (2, 3, False), (1, 3, False)),
    ]
    restored = await api.good("POST", f"{where}/versions/1:restore")
    assert (restored["version"], restored["sha256"]) == (4, hashlib.sha256(b"one").hexdigest())
    assert (await api.good("GET", "/runs/r1"))["bytes"] == 3
    assert (await api.ask("POST", f"{where}/versions/99:restore"))[0] == 404


def tail(offset: int, data: bytes, **more: str) -> dict[str, Any]:
    return {"offset": offset, "bytes": base64.b64encode(data).decode(), **more}


async def test_appending(api: Any) -> None:
    file = await api.save("r1", "log", b"one\n")
    where = f"/runs/files/{file['id']}"
    sha256 = hashlib.sha256(b"two\n").hexdigest()
    grown = await api.good("POST", f"{where}:append", tail(4, b"two\n", sha256=sha256))
    assert (grown["id"], grown["size"], grown["version"], grown["sha256"]) == (file["id"], 8, 1, None)
    status, problem = await api.ask("POST", f"{where}:append", tail(4, b"two\n"))
    assert (status, problem["type"]) == (409, "urn:runfs:problem:conflict")
    status, problem = await api.ask("POST", f"{where}:append", tail(8, b"x", sha256=sha256))
    assert (status, problem["type"]) == (422, "urn:runfs:problem:mismatch")
    assert (await api.ask("POST", f"{where}:append", {"offset": 8, "bytes": "no base64!"}))[0] == 422
    assert await (await api.raw("GET", f"{where}/content")).read() == b"one\ntwo\n"
    assert (await api.good("GET", "/runs/r1"))["bytes"] == 8


async def test_deleting_one(api: Any) -> None:
    file = await api.save("r1", "d/a", b"xyz")
    where = f"/runs/files/{file['id']}"
    assert await api.ask("DELETE", where) == (204, None)
    assert (await api.ask("DELETE", where))[0] == 404
    assert (await api.ask("GET", where))[0] == 404
    assert (await api.ask("GET", f"{where}/content"))[0] == 404
    run = await api.good("GET", "/runs/r1")
    assert (run["files"], run["bytes"]) == (0, 0)


async def test_deleting_many(api: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "DELETED_AT_ONCE", 2)
    ids = [(await api.save("r1", f"d/{number}.txt", b"xx"))["id"] for number in range(5)]
    await api.save("r1", "keep.png", b"x")
    gone = await api.good("POST", "/runs/r1/files:delete", {"ids": [ids[0], ids[0], 999_999]})
    assert gone == {"deleted": 1, "bytes": 2}
    assert await api.good("POST", "/runs/r1/files:delete", {"glob": "**/*.txt"}) == {"deleted": 4, "bytes": 8}
    assert await every(api) == ["keep.png"]
    for wrong in ({}, {"ids": [1], "glob": "*"}, {"ids": ["x"]}):
        assert (await api.ask("POST", "/runs/r1/files:delete", wrong))[0] == 422


async def test_other_runs_files_are_not_deleted(api: Any) -> None:
    await api.good("POST", "/runs", {"project": "team/a", "id": "r2"})
    ours, theirs = await api.save("r1", "a", b"x"), await api.save("r2", "a", b"x")
    status, _ = await api.ask("POST", "/runs/r1/files:delete", {"ids": [ours["id"], theirs["id"]]})
    assert status == 404
    for file in (ours, theirs):
        assert (await api.ask("GET", f"/runs/files/{file['id']}"))[0] == 200


async def test_ids_tell_nothing_of_other_projects(api: Any, make_key: Any) -> None:
    await api.good("POST", "/runs", {"project": "team/b", "id": "theirs"})
    theirs = await api.save("theirs", "a", b"x")
    ours = api.with_key(await make_key("write", "team/a"))
    for file_id in (theirs["id"], 999_999):  # as if there were none
        gone = await ours.good("POST", "/runs/r1/files:delete", {"ids": [file_id]})
        assert gone == {"deleted": 0, "bytes": 0}
    assert (await api.ask("GET", f"/runs/files/{theirs['id']}"))[0] == 200


async def test_directories_are_no_files(api: Any, catalog: Any) -> None:
    await api.save("r1", "d/a", b"x")
    row = await catalog.direct.one("SELECT id FROM entries WHERE path = 'd'")
    assert (await api.ask("GET", f"/runs/files/{row[0]}"))[0] == 404
    assert (await api.ask("DELETE", f"/runs/files/{row[0]}"))[0] == 404
    assert (await api.ask("POST", "/runs/r1/files:delete", {"ids": [row[0]]}))[0] == 404
