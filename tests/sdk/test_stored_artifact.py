"""Artifacts made by one run and used by another, over the real server."""

from __future__ import annotations

from pathlib import Path

import pytest

import sdk
from sdk.api import Api

from .conftest import Server
from .faults import Proxy


def make(path: str, text: str) -> None:
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_text(text)


@pytest.fixture
def project(server: object) -> str:
    """A project with the artifact "set", versions v0 and v1."""
    make("data/a.txt", "one")
    make("data/sub/b.txt", "two")
    with sdk.init(id="maker") as run:
        first = run.log_artifact("data", name="set", type="dataset", aliases=["first"])
        assert first.version == "v0"
        make("data/a.txt", "three")
        second = sdk.log_artifact("data", name="set", type="dataset")
        assert second.version == "v1"
    return run.path.rpartition("/")[0]


def test_what_is_logged_without_a_name_is_found(server: object) -> None:
    make("a:b.txt", "x")
    with sdk.init(id="un:named") as run:
        made = run.log_artifact("a:b.txt").wait()
        assert made.name == "run-un-named-a-b.txt"
        assert run.use_artifact(f"{made.name}:{made.version}").name == f"{made.name}:v0"


def test_a_version_is_used_and_downloaded(project: str) -> None:
    with sdk.init(id="user") as run:
        found = run.use_artifact("set:first")
        assert (found.name, found.type, found.project) == ("set:v0", "dataset", project)
        folder = found.download()
        assert folder == str(Path("artifacts/set:v0").absolute())
        assert Path(folder, "a.txt").read_text() == "one"
        assert Path(folder, "sub/b.txt").read_text() == "two"
        assert sdk.use_artifact("set", type="dataset").version == "v1"
        with pytest.raises(sdk.UsageError, match="is of type dataset, not model"):
            run.use_artifact("set", type="model")
        with pytest.raises(sdk.Absent):
            run.use_artifact("set:v9")
        with pytest.raises(sdk.UsageError, match="names no artifact"):
            run.use_artifact("a/b:v1")
    latest = Api().artifact(f"{project}/set:latest")
    assert latest.aliases == ["latest"]
    assert [file.name for file in latest.files()] == ["a.txt", "sub/b.txt"]
    assert latest.size == len("three") + len("two")


@pytest.mark.parametrize("mode", ["offline", "disabled"])
def test_only_a_run_that_is_online_asks_for_one(server: Server, mode: str) -> None:
    with Proxy(lambda: server.url) as proxy, sdk.init(mode=mode, url=proxy.url) as run:
        with pytest.raises(sdk.UsageError, match=rf"is {mode} asks no server: take sdk.Api\(\).artifact"):
            run.use_artifact("set")
        assert proxy.seen == []


def test_what_is_there_and_right_is_kept(project: str) -> None:
    found = Api().artifact(f"{project}/set:v1")
    folder = Path(found.download("copy"))
    kept = (folder / "sub/b.txt").stat().st_ino
    (folder / "a.txt").write_text("wrong")
    found.download("copy")
    assert (folder / "a.txt").read_text() == "three"
    assert (folder / "sub/b.txt").stat().st_ino == kept


def test_the_same_content_is_the_same_version(project: str) -> None:
    with sdk.init() as run:
        again = run.log_artifact("data", name="set", type="dataset", aliases=["again"])
        assert again.version == "v1"
    assert set(Api().artifact(f"{project}/set:again").aliases) == {"latest", "again"}
