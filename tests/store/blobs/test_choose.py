from pathlib import Path

import pytest

from store.blobs import LocalBlobs, open_blobs
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
