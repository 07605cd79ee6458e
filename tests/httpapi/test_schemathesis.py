"""Requests made from our OpenAPI document by a fuzzer.

None may fail with a traceback, each answer is as described.
"""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from httpapi import app as apps
from httpapi.operations import Operation
from httpapi.serving import serving
from store.blobs import open_blobs
from store.catalog import Catalog, artifacts, collections, keys, projects, runs, sweeps
from store.uploads import Uploads

CHECKS = (
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
)
EXAMPLES = 3  # of each route; there are some 65
# What the server is filled with: half of the requests name it, the others name anything.
KNOWN = {
    "entity": "team",
    "project": "a",
    "run_id": "r1",
    "sweep_id": "s1",
    "file_id": 1,
    "number": 1,
    "artifact_id": 1,
    "collection": "c1",
    "version": "v0",
    "alias": "latest",
    "version_id": 1,
    "key_id": 1,
}
# What takes away what the others ask for comes last; the fuzzer may not revoke its own key before all else
# is done.
LAST = ("delete", "remove", "revoke")


def in_order() -> list[Operation]:
    """All routes, those that delete at the end."""
    return sorted(apps.all_operations(), key=lambda operation: operation.name.startswith(LAST))


async def serve(folder: Path, ready: threading.Event, found: dict[str, Any], stop: asyncio.Event) -> None:
    """A server with a few things in it, until `stop`."""
    catalog = await Catalog.open(folder / "catalog.sqlite3", poll_s=None)
    blobs = open_blobs(f"file://{folder}/blobs")
    uploads = Uploads(catalog, blobs)

    async def fill(tx: Any) -> int:
        project = await projects.ensure(tx, "team", "a")
        run = await runs.create(tx, project.id, "r1")
        await sweeps.create(tx, project.id, "s1")
        collection = await collections.ensure(tx, project.id, "model", "c1")
        await artifacts.commit(tx, (await artifacts.create(tx, collection)).id)
        found["key"] = (await keys.create(tx, "fuzzer", "admin", project.id))[1]
        return run.fileset_id

    async def data() -> AsyncIterator[bytes]:
        yield b"hello"

    await uploads.put(await catalog.write(fill), "a.txt", data())
    bound = socket.create_server(("127.0.0.1", 0))
    async with serving(apps.build(catalog, blobs, uploads), bound):
        found["url"] = f"http://127.0.0.1:{bound.getsockname()[1]}"
        ready.set()
        await stop.wait()
    await catalog.close()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """Where it is and a key for it. In a thread of its own: the fuzzer's client blocks."""
    ready, found = threading.Event(), {}
    loop = asyncio.new_event_loop()
    stop = asyncio.Event()
    folder = tmp_path_factory.mktemp("fuzzed")
    thread = threading.Thread(target=lambda: loop.run_until_complete(serve(folder, ready, found, stop)))
    thread.start()
    assert ready.wait(30)
    yield found
    loop.call_soon_threadsafe(stop.set)
    thread.join(30)
    loop.close()


@pytest.fixture(scope="module")
def described(server: dict[str, Any]) -> Any:
    return schemathesis.openapi.from_url(
        f"{server['url']}/api/v1/openapi.json", headers={"Authorization": f"Bearer {server['key']}"}
    )


@pytest.mark.parametrize("operation", in_order(), ids=lambda operation: operation.name)
def test_every_answer_is_as_described(operation: Any, described: Any, server: dict[str, Any]) -> None:
    strategy = described[operation.full_path][operation.method].as_strategy()

    @given(case=strategy, known=st.booleans())
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate],
    )
    def check(case: Any, known: bool) -> None:
        if known:
            for name in case.path_parameters or ():
                case.path_parameters[name] = KNOWN.get(name, case.path_parameters[name])
        response = case.call(headers={"Authorization": f"Bearer {server['key']}"})
        case.validate_response(response, checks=CHECKS)

    check()
