"""Archives that others can read."""

import io
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from httpapi import zip_stream
from httpapi.zip_stream import Archive

MTIME_NS = 1_700_000_001 * 10**9  # 2023-11-14 22:13:21 UTC


def archive_of(members: dict[str, bytes]) -> bytes:
    parts = []
    with Archive() as archive:
        for path, data in members.items():
            parts.append(archive.begin(path, len(data), MTIME_NS))
            for at in range(0, len(data), 3):
                archive.take(data[at : at + 3])
                parts.append(data[at : at + 3])
            parts.append(archive.finish())
        parts += archive.end()
    return b"".join(parts)


def contents(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        return {each.filename: archive.read(each) for each in archive.infolist()}


@given(
    st.dictionaries(
        st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=20),
        st.binary(max_size=50),
        max_size=5,
    )
)
@settings(max_examples=40, deadline=None)
def test_what_goes_in_comes_out(members: dict[str, bytes]) -> None:
    assert contents(archive_of(members)) == members


def test_times_and_modes() -> None:
    with zipfile.ZipFile(io.BytesIO(archive_of({"a/b.txt": b"x"}))) as archive:
        (member,) = archive.infolist()
    assert member.date_time == (2023, 11, 14, 22, 13, 20)
    assert member.external_attr >> 16 == 0o100444


def test_times_that_zip_has_not() -> None:
    with Archive() as archive:
        early = archive.begin("a", 0, 0)
    assert early[10:14] == b"\x00\x00\x21\x00"  # 1980-01-01 00:00


def test_many_members_use_zip64() -> None:
    members = {f"f{number}": b"x" for number in range(zip_stream.LIMIT_16 + 2)}
    data = archive_of(members)
    assert data[-22 - 20 : -22 - 16] == b"PK\6\7"
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert len(archive.infolist()) == len(members)


def test_a_member_over_four_gibibytes(tmp_path: Path) -> None:
    """Written sparsely: the archive's numbers are checked, and its 5 GiB of zeros are never read."""
    size = 5 << 30
    path = tmp_path / "big.zip"
    with Archive() as archive, path.open("wb") as file:
        file.write(archive.begin("big", size, MTIME_NS))
        # What `take` would have come to after 5 GiB of zeros.
        archive._size, archive._crc = size, 0
        archive._offset += size
        file.seek(size, io.SEEK_CUR)
        file.write(archive.finish())
        file.write(archive.begin("small", 3, MTIME_NS))
        archive.take(b"abc")
        file.write(b"abc")
        file.write(archive.finish())
        file.writelines(archive.end())
    with zipfile.ZipFile(path) as read:
        assert [(each.filename, each.file_size) for each in read.infolist()] == [("big", size), ("small", 3)]
        assert read.read("small") == b"abc"


def test_the_directory_waits_on_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zip_stream, "DIRECTORY_IN_MEMORY_MAX_BYTES", 10)
    assert contents(archive_of({"a": b"1", "b": b"2"})) == {"a": b"1", "b": b"2"}


def test_another_reader_agrees(tmp_path: Path) -> None:
    path = tmp_path / "x.zip"
    path.write_bytes(archive_of({"größe/ü.txt": b"hello", "empty": b""}))
    program = shutil.which("unzip")
    if program is None:
        pytest.skip("unzip is not installed")
    checked = subprocess.run([program, "-t", path], capture_output=True, text=True, check=True)
    assert "No errors detected" in checked.stdout
