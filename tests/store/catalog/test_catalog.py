"""The promises of a catalog, whichever database it stands on."""

import asyncio
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from store.catalog import Catalog, Topic, Transaction, entities
from store.catalog.rows import Change
from store.errors import Conflict, NoSpace, Refused, Unavailable


async def add(catalog: Catalog, name: str) -> int:
    async def work(tx: Transaction) -> int:
        return (await entities.ensure(tx, name)).id

    return await catalog.write(work)


async def names(catalog: Catalog) -> set[str]:
    return {name for (name,) in await catalog.direct.all("SELECT name FROM entities")}


async def test_a_write_is_seen_by_both_sessions_at_once(catalog: Catalog) -> None:
    entity_id = await add(catalog, "team")
    for session in (catalog.direct, catalog.read):
        found = await entities.by_id(session, entity_id)
        assert found is not None
        assert found.name == "team"


async def test_what_a_transaction_raises_undoes_it_alone(catalog: Catalog) -> None:
    async def failing(tx: Transaction) -> None:
        await entities.ensure(tx, "lost")
        raise Conflict("no")

    async def broken(tx: Transaction) -> None:
        await entities.ensure(tx, "lost too")
        await tx.run("INSERT INTO entities (id) VALUES (1, 2)")

    results = await asyncio.gather(
        add(catalog, "first"),
        catalog.write(failing),
        add(catalog, "second"),
        catalog.write(broken),
        add(catalog, "third"),
        return_exceptions=True,
    )
    assert [type(result) for result in results] == [int, Conflict, int, sqlite3.OperationalError, int]
    assert await names(catalog) == {"first", "second", "third"}


async def test_many_writers_share_commits(catalog: Catalog) -> None:
    commits = 0
    commit = catalog._database.commit

    def counted(*args: Any) -> Any:
        nonlocal commits
        commits += 1
        return commit(*args)

    catalog._database.commit = counted  # type: ignore[method-assign]
    ids = await asyncio.gather(*[add(catalog, f"e{number}") for number in range(300)])
    assert len(set(ids)) == 300
    assert 2 <= commits <= 4  # one may start before the rest is queued; 256 go into a group


async def test_a_statement_that_takes_the_group_down_hurts_only_its_own(catalog: Catalog) -> None:
    """SQLite answers a full disk by rolling back everything; ROLLBACK inside a transaction is just that."""

    async def takes_down(tx: Transaction) -> None:
        await tx.run("ROLLBACK")
        raise NoSpace("full")

    results = await asyncio.gather(
        add(catalog, "first"), catalog.write(takes_down), add(catalog, "second"), return_exceptions=True
    )
    assert isinstance(results[1], NoSpace)
    assert await names(catalog) == {"first", "second"}
    assert await add(catalog, "after") > 0


async def test_a_commit_that_fails_is_acknowledged_to_nobody(catalog: Catalog) -> None:
    async def dangling(tx: Transaction) -> None:
        await tx.run("PRAGMA defer_foreign_keys = 1")  # the fault comes out at COMMIT
        await tx.run("INSERT INTO collections VALUES (1, 1, 1, 'c', '', 0, 1, 1)")

    results = await asyncio.gather(
        add(catalog, "first"), catalog.write(dangling), add(catalog, "second"), return_exceptions=True
    )
    assert [type(result) for result in results] == [sqlite3.IntegrityError] * 3
    assert await names(catalog) == set()
    assert await add(catalog, "after") > 0


async def test_a_transaction_may_await_only_its_session(catalog: Catalog) -> None:
    async def sleeping(tx: Transaction) -> None:
        await entities.ensure(tx, "lost")
        await asyncio.sleep(0)

    with pytest.raises(RuntimeError, match="nothing but its own session"):
        await catalog.write(sleeping)
    assert await names(catalog) == set()


async def test_time_never_stands_still(catalog: Catalog, monkeypatch: pytest.MonkeyPatch) -> None:
    async def now(tx: Transaction) -> int:
        return tx.now_ns

    first = await catalog.write(now)
    monkeypatch.setattr("time.time_ns", lambda: first - 3_600_000_000_000)  # an hour back
    assert first < await catalog.write(now) < await catalog.write(now)


async def test_followers_are_told_before_the_writer(catalog: Catalog) -> None:
    told: list[Change] = []
    catalog.follow(told.extend)
    entity_id = await add(catalog, "team")
    assert told == [Change(1, Topic.ENTITY, entity_id, 0)]


async def test_one_change_is_told_once_in_a_transaction(catalog: Catalog) -> None:
    told: list[Change] = []
    catalog.follow(told.extend)

    async def work(tx: Transaction) -> None:
        tx.changed(Topic.RUN, 4, 2)
        tx.changed(Topic.SWEEP, 1, 2)
        tx.changed(Topic.RUN, 4, 2)

    await catalog.write(work)
    assert told == [Change(1, Topic.RUN, 4, 2), Change(2, Topic.SWEEP, 1, 2)]


async def test_a_failing_follower_does_not_harm(catalog: Catalog, caplog: pytest.LogCaptureFixture) -> None:
    told: list[Change] = []

    def failing(changes: list[Change]) -> None:
        raise ValueError("a follower's fault")

    catalog.follow(failing)
    catalog.follow(told.extend)
    await add(catalog, "team")
    assert len(told) == 1
    assert "a follower's fault" in caplog.text


async def test_undone_changes_are_not_told(catalog: Catalog) -> None:
    told: list[Change] = []
    catalog.follow(told.extend)

    async def failing(tx: Transaction) -> None:
        tx.changed(Topic.RUN, 1, 1)
        raise Conflict("no")

    await asyncio.gather(catalog.write(failing), add(catalog, "team"), return_exceptions=True)
    assert [change.topic for change in told] == [Topic.ENTITY]


async def test_other_processes_changes_are_told_once(catalog: Catalog, tmp_path: Path) -> None:
    other = await Catalog.open(tmp_path / "catalog.sqlite", poll_s=None)
    told: list[Change] = []
    catalog.follow(told.extend)
    theirs = await add(other, "theirs")
    assert told == []
    await catalog.poll()
    await catalog.poll()
    assert told == [Change(1, Topic.ENTITY, theirs, 0)]
    await add(other, "more")
    await add(catalog, "ours")  # tells what came before as well, in order
    assert [change.seq for change in told] == [1, 2, 3]
    await catalog.poll()
    assert len(told) == 3
    await other.close()


async def test_it_polls_by_itself(tmp_path: Path) -> None:
    catalog = await Catalog.open(tmp_path / "c", poll_s=0.001)
    other = await Catalog.open(tmp_path / "c", poll_s=None)
    heard = asyncio.Event()
    catalog.follow(lambda changes: heard.set())
    await add(other, "theirs")
    await asyncio.wait_for(heard.wait(), 10)
    await other.close()
    await catalog.close()


async def test_a_follower_learns_that_it_missed_changes(catalog: Catalog, tmp_path: Path) -> None:
    other = await Catalog.open(tmp_path / "catalog.sqlite", poll_s=None)
    told: list[Change] = []
    catalog.follow(told.extend)
    for number in range(5):
        await add(other, f"e{number}")
    await other.prune(keep=2)
    await catalog.poll()
    assert [(change.seq, change.topic) for change in told] == [
        (3, Topic.EVERYTHING),
        (4, Topic.ENTITY),
        (5, Topic.ENTITY),
    ]
    await other.close()


async def test_close_finishes_what_was_asked(tmp_path: Path) -> None:
    catalog = await Catalog.open(f"sqlite:///{tmp_path}/c", poll_s=None)
    writing = [asyncio.create_task(add(catalog, f"e{number}")) for number in range(20)]
    await asyncio.sleep(0)
    await catalog.close()
    assert len(await asyncio.gather(*writing)) == 20
    with pytest.raises(Unavailable, match="closed"):
        await add(catalog, "late")
    again = await Catalog.open(tmp_path / "c", poll_s=None)
    assert len(await names(again)) == 20
    await again.close()


async def test_other_urls_are_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="sqlite:///path"):
        await Catalog.open("mysql://localhost/db")
