"""The API's calls, as the real server takes them."""

from __future__ import annotations

import hashlib
import os

import pytest

from sdk.client import RunClient, Target, create_run, pages
from sdk.errors import Conflict
from sdk.transport import Transport, path

from .conftest import Server


@pytest.fixture
def transport(server: Server) -> Transport:
    return Transport(server.url, server.key)


@pytest.fixture
def run(transport: Transport) -> RunClient:
    project = os.environ["RUNFS_PROJECT"]
    create_run(transport, {"id": "r1", "project": project, "resume": "never"})
    return RunClient(transport, "r1", project)


def test_the_life_of_a_run(run: RunClient) -> None:
    assert run.history(0, [b'{"a":1}', b'{"a":2}']) == 2
    assert run.history(0, [b'{"a":1}', b'{"a":2}', b'{"a":3}']) == 3
    with pytest.raises(Conflict):
        run.history(7, [b"{}"])
    assert run.console(0, ["one", "two"]) == 2
    run.patch({"config": {"lr": 1}, "tags": ["t"]})
    run.heartbeat()
    run.finish(1, "failed")
    found = run.get()
    assert (found["state"], found["exit_code"], found["config"], found["tags"]) == (
        "failed",
        1,
        {"lr": 1},
        ["t"],
    )
    assert [row["a"] for row in run.history_pages()] == [1, 2, 3]
    assert list(run.history_pages("b")) == []
    assert list(run.console_pages()) == ["one", "two"]
    run.delete()


def test_lists_go_page_by_page(run: RunClient, transport: Transport) -> None:
    target = Target(transport, "runs", "r1", project=os.environ["RUNFS_PROJECT"])
    for number in range(5):
        target.put(f"f{number}", b"%d" % number)
    assert [file["path"] for file in run.files(per_page=2)] == ["f0", "f1", "f2", "f3", "f4"]
    assert [file["path"] for file in run.files("f[13]")] == ["f1", "f3"]
    query = {"project": os.environ["RUNFS_PROJECT"]}
    assert [each["id"] for each in pages(transport, path("runs"), query, 1)] == ["r1"]


def test_a_file_grows_at_its_end_only(run: RunClient, transport: Transport) -> None:
    target = Target(transport, "runs", "r1", project=os.environ["RUNFS_PROJECT"])
    file = target.put("log", b"one\n")
    digest = hashlib.sha256(b"two\n").hexdigest()
    assert target.append(file["id"], 4, b"two\n", digest)["size"] == 8
    with pytest.raises(Conflict):
        target.append(file["id"], 4, b"two\n", digest)
    assert not target.lacks(file["id"], "unknown, for it grew")
    transport.call("DELETE", path("runs", "files", file["id"]))
    assert target.lacks(file["id"], "")
