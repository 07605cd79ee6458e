"""Files on their way into a run, over HTTP."""

import hashlib
from typing import Any
from urllib.parse import urlsplit

import pytest

from httpapi import intake

DATA = b"hello"
SHA256 = hashlib.sha256(DATA).hexdigest()
MD5 = hashlib.md5(DATA).hexdigest()


@pytest.fixture(autouse=True)
async def run(api: Any) -> None:
    await api.good("POST", "/runs", {"project": "team/a", "id": "r1"})


async def send(api: Any, url: str, data: bytes) -> tuple[int, Any]:
    """PUT to a signed URL as a client does: without a key."""
    parts = urlsplit(url)
    return await api.with_key(None).ask("PUT", f"{parts.path}?{parts.query}", data=data)  # type: ignore[no-any-return]


async def totals(api: Any) -> tuple[int, int]:
    run = await api.good("GET", "/runs/r1")
    return run["files"], run["bytes"]


async def test_three_steps(api: Any) -> None:
    upload = await api.good(
        "POST", "/runs/r1/files/upload-url", {"path": "a/b.txt", "size": 5, "sha256": SHA256, "md5": MD5}
    )
    assert (upload["already_stored"], upload["method"], upload["headers"], upload["parts"]) == (
        False,
        "PUT",
        {},
        None,
    )
    assert 0 < upload["expires_in"] <= 3600
    assert await totals(api) == (0, 0)
    status, received = await send(api, upload["upload_url"], DATA)
    assert (status, received) == (200, {"size": 5, "sha256": SHA256, "md5": MD5})
    assert (await api.good("GET", "/runs/r1/files"))["items"] == []
    registration = {
        "upload_id": upload["upload_id"],
        "path": "a/b.txt",
        "size": 5,
        "sha256": SHA256,
        "tags": ["t"],
    }
    status, file = await api.ask("POST", "/runs/r1/files", registration)
    assert status == 201
    assert (file["path"], file["name"], file["size"], file["sha256"]) == ("a/b.txt", "b.txt", 5, SHA256)
    assert (file["run_id"], file["artifact_id"], file["version"], file["versions"]) == ("r1", None, 1, 1)
    assert (file["content_type"], file["md5"], file["tags"]) == ("text/plain", MD5, ["t"])
    assert await totals(api) == (1, 5)
    # The answer may have been lost: asking again gives the same.
    status, again = await api.ask("POST", "/runs/r1/files", registration)
    assert (status, again["id"], again["version"]) == (200, file["id"], 1)


async def test_a_used_url_is_used_up(api: Any) -> None:
    upload = await api.good("POST", "/runs/r1/files/upload-url", {"path": "a", "size": 5})
    await send(api, upload["upload_url"], DATA)
    file = await api.good("POST", "/runs/r1/files", {"upload_id": upload["upload_id"]})
    assert (await send(api, upload["upload_url"], b"HELLO"))[0] == 409
    assert (await api.good("GET", f"/runs/files/{file['id']}"))["sha256"] == SHA256
    assert await api.ask("DELETE", f"/runs/files/{file['id']}") == (204, None)
    assert (await send(api, upload["upload_url"], DATA))[0] == 409
    assert await totals(api) == (0, 0)


async def test_lies(api: Any, blobs: Any) -> None:
    announced = {"path": "a", "size": 5, "sha256": SHA256, "md5": MD5}
    for lie in ({"size": 4}, {"size": 6}, {"sha256": "0" * 64}, {"md5": "0" * 32}):
        upload = await api.good("POST", "/runs/r1/files/upload-url", announced | lie)
        status, problem = await send(api, upload["upload_url"], DATA)
        assert (status, problem["type"]) == (422, "urn:runfs:problem:mismatch"), lie
        status, problem = await api.ask("POST", "/runs/r1/files", {"upload_id": upload["upload_id"]})
        assert (status, problem["type"]) == (409, "urn:runfs:problem:conflict"), lie
    upload = await api.good("POST", "/runs/r1/files/upload-url", announced)
    await send(api, upload["upload_url"], DATA)
    for lie in ({"size": 4}, {"sha256": "0" * 64}, {"path": "b"}):
        status, problem = await api.ask("POST", "/runs/r1/files", {"upload_id": upload["upload_id"]} | lie)
        assert (status, problem["type"]) == (422, "urn:runfs:problem:mismatch"), lie
    assert await totals(api) == (0, 0)
    assert [found.size async for found in blobs.keys()] == [5]  # noqa: SIM118, the one that waits for its registration


async def test_signatures(api: Any) -> None:
    first = await api.good("POST", "/runs/r1/files/upload-url", {"path": "a", "size": 5})
    other = await api.good("POST", "/runs/r1/files/upload-url", {"path": "b", "size": 5})
    url = first["upload_url"]
    for wrong in (
        url.replace("signature=", "signature=0"),
        url[:-1] + ("0" if url[-1] != "0" else "1"),
        url.replace("expires=1", "expires=2"),
        url.replace(first["upload_id"], other["upload_id"]),
        url.replace(first["upload_id"], "0" * 32),
        url + "&part=1",
    ):
        assert (await send(api, wrong, DATA))[0] == 403, wrong
    assert (await send(api, url.split("&signature")[0], DATA))[0] == 422
    assert (await api.with_key(None).ask("GET", urlsplit(url).path))[0] == 405
    assert (await send(api, url, DATA))[0] == 200


async def test_already_stored_is_said_to_those_who_may_read_it(api: Any, make_key: Any) -> None:
    await api.save("r1", "a", DATA)
    asked = {"path": "copy", "size": 5, "sha256": SHA256}
    upload = await api.good("POST", "/runs/r1/files/upload-url", asked)
    assert (upload["already_stored"], upload["upload_url"]) == (True, None)
    copy = await api.good("POST", "/runs/r1/files", {"upload_id": upload["upload_id"]})
    assert (copy["path"], copy["sha256"]) == ("copy", SHA256)
    other = api.with_key(await make_key("write", "team/b"))
    await other.good("POST", "/runs", {"id": "r2"})
    assert not (await other.good("POST", "/runs/r2/files/upload-url", asked))["already_stored"]


async def test_another_runs_upload_cannot_be_registered_here(api: Any) -> None:
    await api.good("POST", "/runs", {"project": "team/a", "id": "r2"})
    upload = await api.good("POST", "/runs/r1/files/upload-url", {"path": "a", "size": 5})
    await send(api, upload["upload_url"], DATA)
    assert (await api.ask("POST", "/runs/r2/files", {"upload_id": upload["upload_id"]}))[0] == 404
    assert (await api.ask("POST", "/runs/r1/files", {"upload_id": "0" * 32}))[0] == 404


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/a",
        "a/",
        "a//b",
        "..",
        "a/../b",
        "./a",
        "a\x00",
        "a\nb",
        "x" * 256,
        "é" * 128,
        "\x7f",
        "a/" * 2050,
    ],
)
async def test_hostile_paths(api: Any, path: str) -> None:
    status, problem = await api.ask("POST", "/runs/r1/files/upload-url", {"path": path, "size": 1})
    assert status == 422
    assert problem["detail"]
    status, problem = await api.ask("PUT", "/runs/r1/files", params={"path": path}, data=b"x")
    assert status == 422
    assert await totals(api) == (0, 0)


@pytest.mark.parametrize(
    "path", ["..a", "a\\..\\b", "%2e%2e/a", "C:\\x", "größe ü.txt", "a'b\"c;--", "x" * 255, "😀/😀"]
)
async def test_odd_paths_that_are_fine(api: Any, path: str) -> None:
    assert (await api.save("r1", path, b"x"))["path"] == path


async def test_a_file_and_a_directory_of_one_name(api: Any) -> None:
    await api.save("r1", "a/b", b"x")
    for path in ("a", "a/b/c"):
        status, problem = await api.ask("POST", "/runs/r1/files/upload-url", {"path": path, "size": 1})
        assert (status, problem["type"]) == (409, "urn:runfs:problem:conflict")


async def test_one_put(api: Any) -> None:
    file = await api.save("r1", "a.csv", DATA, sha256=SHA256)
    assert (file["content_type"], file["size"], file["version"]) == ("text/csv", 5, 1)
    newer = await api.save("r1", "a.csv", b"", content_type="text/x-own")
    assert (newer["id"], newer["version"], newer["versions"], newer["size"]) == (file["id"], 2, 2, 0)
    assert newer["content_type"] == "text/x-own"
    status, problem = await api.ask("PUT", "/runs/r1/files", params={"path": "b", "md5": "0" * 32}, data=DATA)
    assert (status, problem["type"]) == (422, "urn:runfs:problem:mismatch")
    assert await totals(api) == (1, 0)

    async def pieces() -> Any:
        for _ in range(3):
            yield b"x" * 100_000

    assert (await api.save("r1", "long", pieces()))["size"] == 300_000


async def test_many_at_once(api: Any) -> None:
    wanted = [{"path": f"d/{number}", "size": 1} for number in range(20)]
    asked = await api.good(
        "POST", "/runs/r1/files:upload-urls", {"files": [*wanted, {"path": "../x", "size": 1}]}
    )
    *good, bad = asked["items"]
    assert (bad["upload"], bad["problem"]["status"]) == (None, 422)
    for number, item in enumerate(good):
        assert (await send(api, item["upload"]["upload_url"], b"%d" % (number % 10)))[0] == 200
    ids = [{"upload_id": item["upload"]["upload_id"]} for item in good]
    done = await api.good("POST", "/runs/r1/files:register", {"uploads": [*ids, {"upload_id": "0" * 32}]})
    *files, missing = done["items"]
    assert [item["file"]["path"] for item in files] == [each["path"] for each in wanted]
    assert (missing["file"], missing["problem"]["status"]) == (None, 404)
    assert await totals(api) == (20, 20)


async def test_parts_are_resumed(api: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intake, "ONE_PUT_MAX_BYTES", 4)
    monkeypatch.setattr(intake, "PART_BYTES", 2)
    asked = {"path": "big", "size": 5, "sha256": SHA256}
    upload = await api.good("POST", "/runs/r1/files/upload-url", asked)
    assert (upload["upload_url"], upload["part_size"]) == (None, 2)
    parts = [(part["number"], part["offset"], part["size"]) for part in upload["parts"]]
    assert parts == [(1, 0, 2), (2, 2, 2), (3, 4, 1)]
    assert (await send(api, upload["parts"][1]["upload_url"], b"ll"))[0] == 200
    assert (await send(api, upload["parts"][2]["upload_url"], b"oo"))[0] == 422
    # The client died and asks the same again, or asks about its upload: only what is missing is to be sent.
    again = await api.good("POST", "/runs/r1/files/upload-url", asked)
    assert again["upload_id"] == upload["upload_id"]
    assert [part["number"] for part in again["parts"]] == [1, 3]
    assert (await api.ask("POST", "/runs/r1/files", {"upload_id": upload["upload_id"]}))[0] == 409
    for part, data in zip(again["parts"], (b"he", b"o"), strict=True):
        assert (await send(api, part["upload_url"], data))[0] == 200
    assert (await api.good("GET", f"/uploads/{upload['upload_id']}"))["parts"] == []
    file = await api.good("POST", "/runs/r1/files", {"upload_id": upload["upload_id"]})
    assert (file["size"], file["sha256"]) == (5, SHA256)
    other = await api.good("POST", "/runs/r1/files/upload-url", asked | {"sha256": "0" * 64})
    assert other["upload_id"] != upload["upload_id"]


async def test_a_hash_told_only_at_the_end_counts(api: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Parts may go before their file is hashed: what is said at registration is held against what came."""
    monkeypatch.setattr(intake, "ONE_PUT_MAX_BYTES", 4)
    upload = await api.good("POST", "/runs/r1/files/upload-url", {"path": "big", "size": 5})
    assert (await send(api, upload["parts"][0]["upload_url"], DATA))[0] == 200
    registration = {"upload_id": upload["upload_id"]}
    for wrong in ({"sha256": "0" * 64}, {"size": 4}):
        assert (await api.ask("POST", "/runs/r1/files", registration | wrong))[0] == 422
        assert await totals(api) == (0, 0)
    file = await api.good("POST", "/runs/r1/files", registration | {"sha256": SHA256})
    assert (file["size"], file["sha256"]) == (5, SHA256)


async def test_a_hash_told_on_the_way(api: Any, monkeypatch: pytest.MonkeyPatch, make_key: Any) -> None:
    monkeypatch.setattr(intake, "ONE_PUT_MAX_BYTES", 4)
    monkeypatch.setattr(intake, "PART_BYTES", 3)
    asked = {"path": "big", "size": 5}
    upload = await api.good("POST", "/runs/r1/files/upload-url", asked)
    where, told = f"/uploads/{upload['upload_id']}", {"sha256": SHA256}
    first, second = upload["parts"]
    assert (await send(api, second["upload_url"], b"lo"))[0] == 200
    assert (await api.with_key(await make_key("write", "team/b")).ask("PATCH", where, told))[0] == 404
    assert (await api.ask("PATCH", where, {"sha256": "no hash"}))[0] == 422
    again = await api.good("PATCH", where, told)
    assert (again["upload_id"], again["already_stored"]) == (upload["upload_id"], False)
    assert [part["number"] for part in again["parts"]] == [1]
    assert (await api.ask("PATCH", where, {"sha256": "0" * 64}))[0] == 422
    assert (await send(api, first["upload_url"], b"hel"))[0] == 200  # its URL is as good as before
    assert (await api.good("POST", "/runs/r1/files", {"upload_id": upload["upload_id"]}))["sha256"] == SHA256
    # The next one with this content is here already.
    upload = await api.good("POST", "/runs/r1/files/upload-url", asked | {"path": "copy"})
    here = await api.good("PATCH", f"/uploads/{upload['upload_id']}", told)
    assert (here["already_stored"], here["parts"]) == (True, None)
    assert (await send(api, upload["parts"][0]["upload_url"], b"hel"))[0] == 409
    assert (await api.good("POST", "/runs/r1/files", {"upload_id": here["upload_id"]}))["path"] == "copy"


async def test_a_wrong_hash_told_on_the_way(api: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intake, "ONE_PUT_MAX_BYTES", 4)
    upload = await api.good("POST", "/runs/r1/files/upload-url", {"path": "big", "size": 5})
    await api.good("PATCH", f"/uploads/{upload['upload_id']}", {"sha256": "0" * 64})
    assert (await send(api, upload["parts"][0]["upload_url"], DATA))[0] == 200
    assert (await api.ask("POST", "/runs/r1/files", {"upload_id": upload["upload_id"]}))[0] == 422
    assert await totals(api) == (0, 0)
    assert (await api.ask("GET", f"/uploads/{upload['upload_id']}"))[0] == 409


async def test_giving_up(api: Any, make_key: Any) -> None:
    upload = await api.good("POST", "/runs/r1/files/upload-url", {"path": "a", "size": 5})
    where = f"/uploads/{upload['upload_id']}"
    stranger = api.with_key(await make_key("write", "team/b"))
    assert (await stranger.ask("GET", where))[0] == 404
    assert (await stranger.ask("DELETE", where))[0] == 404
    assert (await api.good("GET", where))["upload_id"] == upload["upload_id"]
    assert await api.ask("DELETE", where) == (204, None)
    assert (await send(api, upload["upload_url"], DATA))[0] == 409
    assert (await api.ask("GET", where))[0] in (404, 409)


async def test_a_broken_off_put_leaves_nothing(api: Any, blobs: Any) -> None:
    upload = await api.good("POST", "/runs/r1/files/upload-url", {"path": "a"})

    async def broken() -> Any:
        yield b"half"
        raise RuntimeError("the client dies")

    parts = urlsplit(upload["upload_url"])
    with pytest.raises(Exception):  # noqa: B017, PT011 (whatever the client's library makes of it)
        await api.with_key(None).raw("PUT", f"{parts.path}?{parts.query}", data=broken())
    assert (await api.ask("POST", "/runs/r1/files", {"upload_id": upload["upload_id"]}))[0] == 409
    assert [found async for found in blobs.keys()] == []  # noqa: SIM118
