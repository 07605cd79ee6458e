from __future__ import annotations

import argparse
import asyncio
import logging
from pathlib import Path
from typing import Any

import pytest

from runfs import chores, settings
from runfs.settings import Settings
from store.catalog import Catalog, keys, projects


def settings_for(data: Path, **changes: Any) -> Settings:
    parser = argparse.ArgumentParser()
    settings.add_arguments(parser)
    arguments = parser.parse_args(["--data", str(data)])
    for name, value in changes.items():
        setattr(arguments, name, value)
    return settings.from_arguments(arguments, {})


@pytest.fixture
async def catalog(tmp_path: Path) -> Any:
    opened = await Catalog.open(tmp_path / settings.CATALOG_FILE, poll_s=None)
    yield opened
    await opened.close()


async def test_the_first_key_is_made_once(catalog: Catalog, tmp_path: Path) -> None:
    await chores.first_start(catalog, settings_for(tmp_path))
    text = (tmp_path / "key").read_text().strip()
    key = await keys.by_text(catalog.read, text)
    assert key is not None
    assert (key.access, key.project_id) == ("admin", None)
    await chores.first_start(catalog, settings_for(tmp_path))
    assert (tmp_path / "key").read_text().strip() == text
    assert await keys.count(catalog.read) == 1


async def test_a_lost_or_revoked_key_is_made_anew(catalog: Catalog, tmp_path: Path) -> None:
    await chores.first_start(catalog, settings_for(tmp_path))
    first = (tmp_path / "key").read_text()
    (tmp_path / "key").unlink()
    await chores.first_start(catalog, settings_for(tmp_path))
    second = (tmp_path / "key").read_text()
    assert second != first
    key = await keys.by_text(catalog.read, second.strip())
    assert key is not None
    await catalog.write(lambda tx: keys.revoke(tx, key.id))
    await chores.first_start(catalog, settings_for(tmp_path))
    assert (tmp_path / "key").read_text() != second


async def test_the_named_project_is_the_default(catalog: Catalog, tmp_path: Path) -> None:
    for path in ("a/one", "a/two", "a/one"):
        await chores.first_start(catalog, settings_for(tmp_path, project=path))
        project = await projects.default(catalog.read)
        assert project is not None
        assert project.name == path.partition("/")[2]


class Failing:
    def __init__(self) -> None:
        self.calls = 0
        self.twice = asyncio.Event()

    async def collect(self) -> None:
        self.calls += 1
        if self.calls == 2:
            self.twice.set()
        raise RuntimeError("no luck")


async def test_chores_go_on_after_a_failure(catalog: Catalog, caplog: pytest.LogCaptureFixture) -> None:
    uploads: Any = Failing()
    with caplog.at_level(logging.ERROR), chores.kept_up(catalog, uploads, every_s=0):
        async with asyncio.timeout(20):
            await uploads.twice.wait()
    assert "collecting failed" in caplog.text
    calls = uploads.calls
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert uploads.calls == calls
