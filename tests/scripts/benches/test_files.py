"""The files bench: one round asks everyone once, and every promised figure is judged."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from benches import dataset, files, peers
from benches.absences import Absences
from benches.api import Api
from benches.cli import Plan
from benches.daemons import BenchError


class Told:
    """Our side, which says how long each action took."""

    def __init__(self, daemon: files.Side) -> None:
        self.data, self.http_port = daemon.data, daemon.http_port
        self.words: list[tuple[str, ...]] = []

    def sdk(self, *words: str) -> dict[str, Any]:
        """One action."""
        self.words.append(words)
        times = {"save": 0.5, "download": 0.25}
        return {"seconds": times[words[0]], "files": 1}


class Bucket:
    """An S3 client, as boto3's; it may fail."""

    def __init__(self, fails: bool = False) -> None:
        self.names: list[str] = []
        self.read: list[str] = []
        self.deleted: list[str] = []
        self.fails = fails

    def upload_file(self, source: str, bucket: str, name: str) -> None:
        """Takes a file."""
        if self.fails:
            raise BenchError("the bucket is gone")
        assert Path(source).stat().st_size in (1 << 20, files.SMALL_BYTES)
        self.names.append(name)

    def get_object(self, **named: str) -> dict[str, Any]:
        """Gives it whole."""
        assert named["Key"] in self.names
        self.read.append(named["Key"])
        return {"Body": self}

    def iter_chunks(self, size: int) -> list[bytes]:
        """The body of every object."""
        return [b"a", b"bc"]

    def delete_object(self, **named: str) -> None:
        """Forgets it."""
        self.deleted.append(named["Key"])

    def download_file(self, bucket: str, name: str, target: str) -> None:
        """Gives it back."""
        assert name in self.names


class Artifacts:
    """MLflow, which logs in 2 s and fetches in 4 s."""

    def transfer(self, source: Path, target: Path) -> tuple[float, float]:
        """Seconds up and down."""
        assert any(source.iterdir())
        return 2.0, 4.0


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[files.Side]:
    """A running daemon of ours, for the three steps."""
    peer, http_port = peers.runfs(tmp_path, tmp_path / "data")
    with peer.daemon:
        peer.start()
        yield files.Side(peer, tmp_path / "data", http_port)


@pytest.fixture
def pattern(programs: Path) -> Iterator[dataset.Pattern]:
    """Contents."""
    writer = dataset.Pattern(programs)
    yield writer
    writer.close()


@pytest.fixture
def contest(daemon: files.Side, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> files.Contest:
    """1 MiB and ten small files."""
    monkeypatch.setattr(files, "QUICK_LARGE_MIB", 1)
    monkeypatch.setattr(files, "QUICK_SMALL", 10)
    plan = Plan(True, 1, tmp_path, tmp_path / "files.json")
    told: Any = Told(daemon)
    return files.Contest(plan, {files.OWN: told, files.ON_S3: told}, Bucket(), Artifacts(), Absences())  # type: ignore[arg-type]


def test_a_round_asks_everyone_once(contest: files.Contest, pattern: dataset.Pattern) -> None:
    contest.round(0, pattern)
    up, verified, down, many, *steps = contest.rows()
    assert (up.rounds["runfs"], up.rounds["runfs on S3"], up.rounds["mlflow"]) == ([2], [2], [0.5])
    assert (verified.rounds["runfs"], verified.rounds["runfs on S3"]) == ([2], [2])
    assert set(verified.rounds) == {"runfs", "runfs on S3", "boto3"}
    assert verified.rounds["boto3"][0] < up.rounds["boto3"][0]
    assert contest.s3.read == ["round-0"]
    assert (down.rounds["runfs"], down.rounds["mlflow"]) == ([4], [0.25])
    assert (many.rounds["runfs"], many.rounds["mlflow"]) == ([20], [5])
    assert set(up.rounds) == set(down.rounds) == set(many.rounds) == set(files.SERVERS)
    assert len(contest.s3.names) == 1 + 10
    assert contest.s3.deleted == ["round-0"]
    assert not (contest.plan.work / "round-0").exists()  # seven rounds of all would fill a disk
    assert all(len(row.rounds["runfs"]) == 1 for row in steps)
    told = contest.sides["runfs"].words  # type: ignore[attr-defined]
    large = [("save", "round-0-large"), ("download", "round-0-large")]
    assert [words[:2] for words in told] == [*large, *large, *[("save", "round-0-small")] * 2]
    side = contest.sides["runfs"]
    stored = Api(side.http_port, side.data).ask("GET", "/runs/round-0-steps-8/files")
    assert (stored["total_count"], stored["total_bytes"]) == (10, 10 * files.SMALL_BYTES)


def test_nobody_is_always_first(
    contest: files.Contest, pattern: dataset.Pattern, monkeypatch: pytest.MonkeyPatch
) -> None:
    turns: list[list[str]] = [[], []]
    add = files.Rates.add

    def noted(rates: files.Rates, server: str, value: float) -> None:
        add(rates, server, value)
        if rates is contest.up:
            turns[number].append(server)

    monkeypatch.setattr(files.Rates, "add", noted)
    for number in range(2):
        contest.round(number, pattern)
    assert turns[0] == list(files.SERVERS)
    assert turns[1] == turns[0][::-1]


def test_small_files_are_saved_in_the_first_rounds_only(
    contest: files.Contest, pattern: dataset.Pattern, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "SMALL_ROUNDS", 1)
    for number in range(2):
        contest.round(number, pattern)
    up, _, _, many, *steps = contest.rows()
    assert {len(rates) for rates in up.rounds.values()} == {2}
    assert {len(rates) for row in (many, *steps) for rates in row.rounds.values()} == {1}


def test_every_promised_figure_is_judged(contest: files.Contest) -> None:
    aims = {row.title: [(aim.peer, aim.bound, aim.want) for aim in row.aims] for row in contest.rows()}
    assert aims == {
        "save 1 MiB": [("boto3", 0.9, None)],
        "save 1 MiB, read back": [("boto3", 0.9, None)],
        "fetch 1 MiB": [("boto3", 0.9, None)],
        "save 10 files of 4 KiB": [("mlflow", 3.0, None)],
        "three steps, 1 at once": [(None, 2500, 4000)],
        "three steps, 8 at once": [(None, 2500, 4000)],
    }
    assert [row.own for row in contest.rows()[:4]] == [files.ON_S3] * 3 + [files.OWN]


def test_what_is_read_back_is_hashed() -> None:
    bucket = Bucket()
    bucket.names.append("n")
    assert files._read_back(bucket, "bench", "n") == hashlib.sha256(b"abc").hexdigest()


def test_a_peer_that_fails_is_left_out(contest: files.Contest, pattern: dataset.Pattern) -> None:
    contest.s3 = Bucket(fails=True)
    for number in range(2):
        contest.round(number, pattern)
    rows = contest.absences.strike(contest.rows())
    assert contest.absences.notes() == {"without boto3": "the bucket is gone"}
    assert all("boto3" not in row.rounds for row in rows)
    assert len(rows[0].rounds["mlflow"]) == 2


def test_the_sdks_own_figures_are_judged(
    daemon: files.Side, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "QUICK_LOG_CALLS", 20)
    monkeypatch.setattr(files, "LIVE_LINES", 1)
    rows = files._alone(daemon, Plan(True, 1, tmp_path, tmp_path / "files.json"))
    assert {row.title: [(aim.want, aim.better) for aim in row.aims] for row in rows} == {
        "log at 10,000 calls a second, median": [(50, "less")],
        "log at 10,000 calls a second, p99": [(50, "less")],
        "log as fast as it goes": [],
        "import sdk": [(80, "less")],
        "a line appended to a live file, seen": [(1, "less")],
    }
    assert all(len(row.rounds["runfs"]) == 1 for row in rows)
