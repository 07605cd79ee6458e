from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from runfs import audit
from runfs.errors import CommandError


@pytest.fixture(autouse=True)
def _auditing_off_afterwards() -> Iterator[None]:
    yield
    audit.start(None)


def test_one_json_line_an_event(tmp_path: Path) -> None:
    path = tmp_path / "audit"
    audit.start(path)
    logger = logging.getLogger(audit.LOGGER)
    logger.info("mount", extra={"client": "127.0.0.1", "uid": 1000, "path": "/"})
    logger.info("refused", extra={"client": "10.0.0.1", "why": "runfs_" + "k" * 43})
    first, second = map(json.loads, path.read_text().splitlines())
    assert first.pop("time").endswith("Z")
    assert first == {"event": "mount", "client": "127.0.0.1", "uid": 1000, "path": "/"}
    assert second["why"] == "[hidden]"


def test_audit_lines_stay_out_of_the_log(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    audit.start(tmp_path / "audit")
    logging.getLogger(audit.LOGGER).info("mount")
    assert not caplog.records


def test_a_file_moved_away_is_made_again(tmp_path: Path) -> None:
    path = tmp_path / "audit"
    audit.start(path)
    logging.getLogger(audit.LOGGER).info("one")
    path.rename(tmp_path / "audit.1")
    logging.getLogger(audit.LOGGER).info("two")
    assert json.loads(path.read_text())["event"] == "two"


def test_off_by_default(tmp_path: Path) -> None:
    audit.start(tmp_path / "audit")
    audit.start(None)
    assert not logging.getLogger(audit.LOGGER).isEnabledFor(logging.INFO)


def test_a_file_that_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="--audit") as refused:
        audit.start(tmp_path / "no" / "folder")
    assert refused.value.status == 2
