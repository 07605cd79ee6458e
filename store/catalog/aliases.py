"""Queries for aliases: names like "latest" beside a collection's versions. A moved alias is a new row."""

import re

from store.catalog import collections, select
from store.catalog.rows import Alias
from store.catalog.session import Session
from store.catalog.sqlite import Transaction
from store.catalog.topics import Topic
from store.errors import Absent, Refused
from store.names import check_name


async def by_id(db: Session, alias_id: int) -> Alias | None:
    """The alias of that id, or None."""
    return await select.one(db, Alias, "WHERE id = ?", alias_id)


async def by_name(db: Session, collection_id: int, name: str) -> Alias | None:
    """The alias of that name, or None."""
    return await select.one(db, Alias, "WHERE collection_id = ? AND name = ?", collection_id, name)


async def page(db: Session, collection_id: int, after_id: int, limit: int) -> list[Alias]:
    """At most `limit` of the collection's aliases with an id above `after_id`, in the order of ids."""
    return await select.every(
        db, Alias, "WHERE collection_id = ? AND id > ? ORDER BY id LIMIT ?", collection_id, after_id, limit
    )


async def count(db: Session, collection_id: int) -> int:
    """How many aliases the collection has."""
    return await select.number(db, "SELECT count(*) FROM aliases WHERE collection_id = ?", collection_id)


async def of_artifact(db: Session, artifact_id: int) -> list[Alias]:
    """The aliases that point at one version, oldest first."""
    return await select.every(db, Alias, "WHERE artifact_id = ? ORDER BY id", artifact_id)


def check_alias(name: str) -> str:
    """The name itself, when it can be an alias; else Refused. v3 cannot: that is a version's own name."""
    check_name(name, "alias")
    if re.fullmatch(r"v[0-9]+", name):
        raise Refused(f"the alias {name} would hide a version: version numbers are given by the server")
    return name


async def point(tx: Transaction, collection_id: int, name: str, artifact_id: int) -> Alias:
    """Let an alias mean that version. An alias that meant another one goes, a new one appears.

    Errors: Refused, Absent unless it is a version of the collection.
    """
    old = await by_name(tx, collection_id, check_alias(name))
    if old is not None:
        if old.artifact_id == artifact_id:
            return old
        await remove(tx, old)
    row = await tx.one(
        "SELECT 1 FROM artifacts WHERE id = ? AND collection_id = ?", artifact_id, collection_id
    )
    if row is None:
        raise Absent(f"there is no artifact version {artifact_id}, or not any more")
    alias_id = await tx.run(
        "INSERT INTO aliases (collection_id, artifact_id, name, created_ns) VALUES (?, ?, ?, ?)",
        *(collection_id, artifact_id, name, tx.now_ns),
    )
    await _changed(tx, Alias(alias_id, collection_id, artifact_id, name, tx.now_ns))
    return Alias(alias_id, collection_id, artifact_id, name, tx.now_ns)


async def remove(tx: Transaction, alias: Alias) -> None:
    """Let an alias mean nothing any more."""
    await tx.run("DELETE FROM aliases WHERE id = ?", alias.id)
    await _changed(tx, alias)


async def _changed(tx: Transaction, alias: Alias) -> None:
    tx.changed(Topic.ALIAS, alias.id, alias.collection_id)
    await tx.run(
        "UPDATE artifacts SET changed_ns = max(?, changed_ns + 1) WHERE id = ?", tx.now_ns, alias.artifact_id
    )
    tx.changed(Topic.ARTIFACT, alias.artifact_id, alias.collection_id)  # its metadata.json lists its aliases
    await collections.touch(tx, alias.collection_id)
