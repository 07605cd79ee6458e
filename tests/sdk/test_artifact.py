"""Artifacts before they are sent."""

from __future__ import annotations

from pathlib import Path

import pytest

import sdk
from sdk.artifact import Artifact, base_name, of_path


@pytest.fixture(autouse=True)
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for path in ("data/a.txt", "data/sub/b.txt", "one.bin"):
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).write_text(path)


def test_files_and_folders() -> None:
    artifact = Artifact("set", type="dataset", metadata={"n": float("nan")})
    artifact.add_file("one.bin")
    artifact.add_file("one.bin", name="copies/two.bin")
    artifact.add_dir("data")
    artifact.add_dir("data", name="below")
    assert artifact.files == [
        "a.txt",
        "below/a.txt",
        "below/sub/b.txt",
        "copies/two.bin",
        "one.bin",
        "sub/b.txt",
    ]
    event = artifact.as_event("best")
    assert event["files"][0] == ["a.txt", str(Path("data/a.txt").absolute()), len("data/a.txt")]
    assert (event["name"], event["type"], event["metadata"]) == ("set", "dataset", {"n": "NaN"})
    assert (event["aliases"], artifact.as_event(("a", "b"))["aliases"]) == (["best"], ["a", "b"])
    assert repr(artifact) == "<runfs artifact set, dataset, 6 files>"


def test_a_path_is_an_artifact() -> None:
    assert of_path("one.bin", "n", None).files == ["one.bin"]
    assert of_path("data/", "n", "t").files == ["a.txt", "sub/b.txt"]
    assert base_name("data/") == "data"


def test_wrong_uses() -> None:
    artifact = Artifact("set")
    with pytest.raises(FileNotFoundError):
        artifact.add_file("absent")
    with pytest.raises(NotADirectoryError):
        artifact.add_dir("one.bin")
    with pytest.raises(IsADirectoryError):
        artifact.add_file("data")
    with pytest.raises(ValueError, match="not a name"):
        artifact.add_file("one.bin", name="../x")
    with pytest.raises(ValueError, match="slash"):
        Artifact("a/b")
    with pytest.raises(ValueError, match="aliases"):
        Artifact("set:best")
    with pytest.raises(sdk.UsageError, match="not logged yet"):
        artifact.wait()


def test_what_became_of_it() -> None:
    artifact = Artifact("set")
    outcomes = iter([None, {"version": None, "failed": "too large"}, {"version": "v3", "failed": None}])
    artifact.logged(lambda timeout_s: next(outcomes))
    with pytest.raises(sdk.Error, match="not on the server yet"):
        artifact.wait(0)
    with pytest.raises(sdk.Error, match="too large"):
        artifact.wait()
    assert artifact.wait() is artifact
    assert artifact.version == "v3"
    assert ":v3" in repr(artifact)
    with pytest.raises(sdk.UsageError, match="logged already"):
        artifact.add_file("one.bin")
