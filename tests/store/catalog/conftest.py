"""Catalogs to test with. Everything here runs against each kind of catalog that there is; SQLite so far."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from store.catalog import Catalog
from store.catalog.session import Value
from store.catalog.sqlite import Transaction

Put = Callable[..., Awaitable[int]]

REQUIRED: dict[str, dict[str, Value]] = {
    "entities": {"name": "team", "created_ns": 1, "changed_ns": 1},
    "projects": {
        "name": "vision",
        "created_ns": 1,
        "changed_ns": 1,
        "runs_changed_ns": 1,
        "sweeps_changed_ns": 1,
        "artifacts_changed_ns": 1,
    },
    "filesets": {"created_ns": 1, "changed_ns": 1},
    "sweeps": {"name": "s1", "created_ns": 1, "changed_ns": 1, "runs_changed_ns": 1},
    "runs": {
        "display_name": "",
        "state": "running",
        "created_ns": 1,
        "changed_ns": 1,
        "names_changed_ns": 1,
        "heartbeat_ns": 1,
    },
    "entries": {"created_ns": 1, "changed_ns": 1, "parent_id": 0},
    "versions": {"number": 1, "size": 0, "content_type": "text/plain", "created_ns": 1, "changed_ns": 1},
    "blobs": {"sha256": b"s", "created_ns": 1},
    "artifact_types": {"created_ns": 1, "changed_ns": 1},
    "collections": {"created_ns": 1, "changed_ns": 1},
    "artifacts": {"state": "committed", "created_ns": 1, "changed_ns": 1},
    "aliases": {"created_ns": 1},
}


@pytest.fixture(params=["sqlite"])
async def catalog(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Catalog]:
    """An empty catalog. It looks for other processes' changes only when polled."""
    opened = await Catalog.open(tmp_path / "catalog.sqlite", poll_s=None)
    yield opened
    await opened.close()


@pytest.fixture
def put(catalog: Catalog) -> Put:
    """Insert a row: `await put("runs", name="a", ...)` gives its id; columns left out get something plain."""

    async def insert(table: str, **columns: Value) -> int:
        row = REQUIRED.get(table, {}) | columns
        sql = f"INSERT INTO {table} ({', '.join(row)}) VALUES ({', '.join('?' * len(row))})"

        async def work(tx: Transaction) -> int:
            return await tx.run(sql, *row.values())

        return await catalog.write(work)

    return insert


@pytest.fixture
async def project_id(put: Put) -> int:
    """The project team/vision."""
    return await put("projects", entity_id=await put("entities"))


@pytest.fixture
async def fileset_id(put: Put, project_id: int) -> int:
    """An empty fileset of team/vision."""
    return await put("filesets", project_id=project_id)


@pytest.fixture
def told(catalog: Catalog) -> list[tuple[int, int, int]]:
    """What followers heard: (topic, object, parent), in order."""
    heard: list[tuple[int, int, int]] = []
    catalog.follow(lambda changes: heard.extend((c.topic, c.object_id, c.parent_id) for c in changes))
    return heard
