"""The bytes of files, over HTTP: which version, a signed URL, an archive."""

import io
import os
import zipfile
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from httpapi.routes import content


@pytest.fixture(autouse=True)
async def run(api: Any) -> None:
    await api.good("POST", "/runs", {"project": "team/a", "id": "r1"})


async def test_any_kept_version(api: Any) -> None:
    await api.save("r1", "a.txt", b"one")
    file = await api.save("r1", "a.txt", b"two")
    where = f"/runs/files/{file['id']}/content"
    assert await (await api.raw("GET", where)).read() == b"two"
    assert await (await api.raw("GET", where, params={"version": 2})).read() == b"two"
    assert await (await api.raw("GET", where, params={"version": 1})).read() == b"one"
    assert (await api.ask("GET", where, params={"version": 3}))[0] == 404


async def test_a_signed_url_is_good_without_a_key(api: Any, make_key: Any) -> None:
    file = await api.save("r1", "größe.txt", b"hello")
    document = await api.good("GET", f"/runs/files/{file['id']}/download-url")
    assert (document["method"], document["headers"]) == ("GET", {})
    parts = urlsplit(document["download_url"])
    stranger = api.with_key(None)
    answer = await stranger.raw("GET", f"{parts.path}?{parts.query}", headers={"Range": "bytes=1-2"})
    assert (answer.status, await answer.read()) == (206, b"el")
    assert "gr%C3%B6%C3%9Fe.txt" in answer.headers["Content-Disposition"]
    assert (await stranger.raw("HEAD", f"{parts.path}?{parts.query}")).headers["Content-Length"] == "5"
    again = {"If-None-Match": answer.headers["ETag"]}
    assert (await stranger.raw("GET", f"{parts.path}?{parts.query}", headers=again)).status == 304
    wrong = parts.query[:-1] + ("0" if parts.query[-1] != "0" else "1")
    assert (await stranger.ask("GET", f"{parts.path}?{wrong}"))[0] == 403
    other = await api.save("r1", "other.txt", b"other")
    version = await api.good("GET", f"/runs/files/{other['id']}/download-url")
    elsewhere = urlsplit(version["download_url"]).path
    assert (await stranger.ask("GET", f"{elsewhere}?{parts.query}"))[0] == 403
    await api.ask("DELETE", f"/runs/files/{file['id']}")
    assert (await stranger.ask("GET", f"{parts.path}?{parts.query}"))[0] == 404


async def archive(api: Any, **params: str) -> dict[str, bytes]:
    answer = await api.raw("GET", "/runs/r1/files.zip", params=params)
    assert (answer.status, answer.content_type) == (200, "application/zip")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="r1.zip"'
    with zipfile.ZipFile(io.BytesIO(await answer.read())) as opened:
        assert opened.testzip() is None
        return {each.filename: opened.read(each) for each in opened.infolist()}


async def test_an_archive(api: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(content, "LISTED_AT_ONCE", 2)
    files = {"a.txt": b"1", "d/größe.bin": b"x" * 3_000_000, "d/e/c.txt": b"", "z": b"\x00"}
    for path, data in files.items():
        await api.save("r1", path, data)
    assert await archive(api) == files
    assert await archive(api, glob="**/*.txt") == {"a.txt": b"1", "d/e/c.txt": b""}
    assert await archive(api, glob="nothing") == {}
    assert (await api.raw("HEAD", "/runs/r1/files.zip")).status == 200


async def test_an_archive_that_cannot_be_finished_is_broken_off(api: Any, blobs: Any) -> None:
    await api.save("r1", "a", b"x" * 100)
    await api.save("r1", "b", b"y" * 100)
    await lose(blobs, b"y" * 100)
    with pytest.raises(Exception, match=r"payload|closed|reset|disconnect"):
        await (await api.raw("GET", "/runs/r1/files.zip")).read()


async def lose(blobs: Any, content: bytes) -> None:
    """Delete the blob that holds this."""
    for found in [found async for found in blobs.keys()]:  # noqa: SIM118
        if bytes(await blobs.read(found.key, 0, found.size)) == content:
            await blobs.delete(found.key)


async def test_an_archive_that_cannot_be_begun_is_refused(api: Any, blobs: Any) -> None:
    await api.save("r1", "a", b"x" * 100)
    await api.save("r1", "b", b"y" * 100)
    await lose(blobs, b"x" * 100)
    status, problem = await api.ask("GET", "/runs/r1/files.zip")
    assert (status, problem["type"].rpartition(":")[2]) == (500, "damaged")
    assert await archive(api, glob="b") == {"b": b"y" * 100}


@pytest.mark.parametrize("size", [10, 300_000])
async def test_lost_bytes(api: Any, tmp_path: Path, size: int) -> None:
    """A blob that is cut or gone is no missing file and nothing to wait for; its place is told to nobody."""
    file = await api.save("r1", "a.bin", b"x" * size)
    [blob] = [
        each for each in (tmp_path / "blobs").rglob("*") if each.is_file() and each.stat().st_size == size
    ]
    where = f"/runs/files/{file['id']}/content"
    blob.chmod(0o600)
    os.truncate(blob, size - 4)
    for _ in range(2):
        for headers in ({}, {"Range": f"bytes={size - 3}-"}):
            status, problem = await api.ask("GET", where, headers=headers)
            assert (status, problem["type"].rpartition(":")[2]) == (500, "damaged")
            assert "runfs fsck" in problem["detail"]
            assert str(tmp_path) not in problem["detail"]
        blob.unlink(missing_ok=True)
