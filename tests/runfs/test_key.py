from __future__ import annotations

import asyncio
import re
from pathlib import Path

import pytest

from runfs.__main__ import main
from runfs.settings import CATALOG_FILE
from store.catalog import Catalog, keys, projects
from store.catalog.rows import Key


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder with a catalog in it, and one project in that."""

    async def make() -> None:
        catalog = await Catalog.open(tmp_path / CATALOG_FILE)
        await catalog.write(lambda tx: projects.ensure(tx, "team", "vision"))
        await catalog.close()

    asyncio.run(make())
    return tmp_path


def found(data: Path, text: str) -> Key | None:
    async def ask() -> Key | None:
        catalog = await Catalog.open(data / CATALOG_FILE)
        try:
            return await keys.by_text(catalog.read, text)
        finally:
            await catalog.close()

    return asyncio.run(ask())


def test_a_key_is_made_listed_without_its_text_and_revoked(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["key", "create", "laptop", "--access", "read", "--data", str(data)]) == 0
    text = capsys.readouterr().out.strip()
    assert re.fullmatch(r"runfs_[A-Za-z0-9_-]{43}", text)
    key = found(data, text)
    assert key is not None
    assert (key.name, key.access, key.project_id) == ("laptop", "read", None)

    assert main(["key", "list", "--data", str(data)]) == 0
    listed = capsys.readouterr().out
    assert text not in listed
    assert f"...{text[-4:]}" in listed
    assert "laptop" in listed
    assert "all projects" in listed

    assert main(["key", "revoke", str(key.id), "--data", str(data)]) == 0
    assert found(data, text) is None
    main(["key", "list", "--data", str(data)])
    assert "revoked" in capsys.readouterr().out


def test_a_key_for_one_project(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["key", "create", "ci", "--project", "team/vision", "--data", str(data)]) == 0
    key = found(data, capsys.readouterr().out.strip())
    assert key is not None
    assert key.project_id == 1
    main(["key", "list", "--data", str(data)])
    assert "  team/vision  " in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [(["create", "x", "--project", "team/none"], "no project team/none"), (["revoke", "99"], "no key 99")],
)
def test_what_is_absent_is_status_1(
    arguments: list[str], said: str, data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["key", *arguments, "--data", str(data)]) == 1
    complaint = capsys.readouterr().err
    assert said in complaint
    assert complaint.count("\n") == 1


def test_no_data_folder_yet(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["key", "list", "--data", str(tmp_path / "absent")]) == 2
    assert "no data folder" in capsys.readouterr().err
