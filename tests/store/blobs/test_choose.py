from pathlib import Path

import pytest

from store.blobs import LocalBlobs, open_blobs
from store.blobs.cached import CachedBlobs
from store.errors import Refused


@pytest.mark.parametrize("form", ["file://{}", "file://localhost{}", "{}"])
async def test_a_folder(tmp_path: Path, form: str) -> None:
    blobs = open_blobs(form.format(tmp_path / "blobs"))
    assert isinstance(blobs, LocalBlobs)
    assert (tmp_path / "blobs" / "tmp").is_dir()
    await blobs.close()


async def test_a_name_with_a_space(tmp_path: Path) -> None:
    blobs = open_blobs(f"file://{tmp_path}/my%20blobs")
    assert (tmp_path / "my blobs").is_dir()
    await blobs.close()


@pytest.mark.parametrize("url", ["", "http://host/x", "file://elsewhere/x", "gs://bucket"])
def test_what_is_no_store(url: str) -> None:
    with pytest.raises(Refused, match="blobs live at"):
        open_blobs(url)


def test_a_bucket(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    given = []
    monkeypatch.setattr("store.blobs.s3.S3Blobs.open", lambda *args: given.append(args))
    open_blobs("s3://bucket/some/prefix?endpoint=http://127.0.0.1:9&region=eu-1")
    open_blobs("s3://bucket")
    assert given[:2] == [
        ("bucket", "/some/prefix", "http://127.0.0.1:9", "eu-1"),
        ("bucket", "", None, None),
    ]
    with pytest.raises(Refused, match="cache_bytes is a number"):
        open_blobs("s3://bucket?cache_bytes=lots", tmp_path)
    cached = open_blobs("s3://bucket?cache_bytes=5", tmp_path / "cache")
    assert isinstance(cached, CachedBlobs)
    with pytest.raises(Refused, match="no option endpiont"):
        open_blobs("s3://bucket?endpiont=http://x")
