"""The pipes to the keeper: started, heard, restarted, and let go."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sdk.errors import Error
from sdk.link import Link
from sdk.spool import Spool

from .conftest import Server, until


class Said:
    """What a link said."""

    def __init__(self) -> None:
        self.lines: list[str] = []


@pytest.fixture
def spool(environment: object, tmp_path: Path) -> Spool:
    spool = Spool(str(tmp_path / "spools"), "r1", 1 << 30)
    spool.event(
        "run", run={"id": "r1", "project": os.environ["RUNFS_PROJECT"], "resume": "never", "host": ""}
    )
    return spool


@pytest.fixture
def said() -> list[str]:
    return []


def link_to(spool: Spool, server: Server, said: list[str], key: str | None = None) -> Link:
    return Link(spool.folder, server.url, key or server.key, 30.0, said.append)


def test_a_keeper_begins_works_and_ends(server: Server, spool: Spool, said: list[str]) -> None:
    link = link_to(spool, server, said)
    link.start()
    link.wait_begun(30)
    assert link.run is not None
    assert link.run["id"] == "r1"
    spool.event("finish", exit_code=0, state="finished")
    spool.close()
    link.finish()
    assert link.wait_done(30)
    link.close()
    assert link.outcome is not None
    assert link.outcome["complete"]
    assert not Path(spool.folder).exists()
    assert said == []


def test_a_refusal_is_heard(server: Server, spool: Spool, said: list[str]) -> None:
    link = link_to(spool, server, said, "runfs_" + "x" * 43)
    link.start()
    link.wait_begun(30)
    assert link.refused is not None
    assert "unknown or revoked" in link.refused
    link.finish()
    assert link.wait_done(30)
    link.close()
    assert link.outcome is None
    assert Path(spool.folder).exists()


def test_an_outage_is_said_when_it_begins(own_server: Server, spool: Spool, said: list[str]) -> None:
    link = link_to(spool, own_server, said)
    link.start()
    link.wait_begun(30)
    own_server.kill()
    spool.history(b"{}")
    until(lambda: said)
    assert "does not answer" in said[0]
    assert "kept on disk" in said[0]
    spool.history(b"{}")
    own_server.start()
    until(lambda: link.unreachable is None)
    assert len(said) == 1
    spool.close()
    link.finish()
    assert link.wait_done(30)
    link.close()


def test_a_server_that_is_not_there_is_known_at_once(spool: Spool, said: list[str]) -> None:
    link = Link(spool.folder, "http://127.0.0.1:9", None, 0.0, said.append)
    link.start()
    link.wait_begun(30)
    assert link.unreachable is not None
    assert "refused" in link.unreachable
    spool.close()
    link.finish()
    assert link.wait_done(30)
    assert link.outcome is not None
    assert not link.outcome["complete"]
    link.close()


def test_no_interpreter_no_keeper(spool: Spool, said: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.executable", "/nonexistent/python")
    link = Link(spool.folder, "http://127.0.0.1:9", None, 0.0, said.append)
    with pytest.raises(Error, match="cannot be started"):
        link.start()


def test_a_scripts_own_modules_do_not_reach_the_keeper(
    server: Server, spool: Spool, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("json", "sdk", "urllib3"):
        Path(f"{name}.py").write_text("raise SystemExit('the wrong module')")
    monkeypatch.syspath_prepend(str(Path.cwd()))
    monkeypatch.setenv("PYTHONPATH", "")
    link = link_to(spool, server, said)
    link.start()
    link.wait_begun(30)
    assert link.run is not None
    spool.close()
    link.finish()
    assert link.wait_done(30)
    link.close()
