"""API keys: made, looked up, revoked. The key's text is given once, when it is made; we keep its hash.

A key is `runfs_` and 43 characters (256 random bits), so a plain SHA-256 is as good as a slow hash: nobody
can try them out.
"""

import hashlib
import secrets

from store.catalog import projects, select
from store.catalog.rows import Key
from store.catalog.session import Session
from store.catalog.sqlite import Transaction
from store.errors import Absent, Refused

ACCESSES = ("read", "write", "admin")  # each may do what those before it may


async def create(
    tx: Transaction, name: str, access: str = "write", project_id: int | None = None
) -> tuple[Key, str]:
    """A new key for one project, or for all with None, and its text, which cannot be had again.

    Errors: Refused, Absent without such a project.
    """
    if project_id is not None:
        await projects.path(tx, project_id)
    if access not in ACCESSES:
        raise Refused(f"a key's access is one of {', '.join(ACCESSES)}, not {access!r}")
    text = "runfs_" + secrets.token_urlsafe(32)
    key_id = await tx.run(
        "INSERT INTO keys (hash, hint, name, access, project_id, created_ns) VALUES (?, ?, ?, ?, ?, ?)",
        *(_hash(text), text[-4:], name, access, project_id, tx.now_ns),
    )
    return Key(key_id, _hash(text), text[-4:], name, access, project_id, tx.now_ns, None), text


async def by_text(db: Session, text: str) -> Key | None:
    """The key with that text, unless there is none or it is revoked."""
    return await select.one(db, Key, "WHERE hash = ? AND revoked_ns IS NULL", _hash(text))


async def by_id(db: Session, key_id: int) -> Key | None:
    """The key of that id, or None."""
    return await select.one(db, Key, "WHERE id = ?", key_id)


async def page(db: Session, after_id: int, limit: int, project_id: int | None = None) -> list[Key]:
    """At most `limit` keys with an id above `after_id`, revoked ones too; with a project, only its own."""
    return await select.every(
        db,
        Key,
        "WHERE id > ? AND (? IS NULL OR project_id = ?) ORDER BY id LIMIT ?",
        *(after_id, project_id, project_id, limit),
    )


async def count(db: Session, project_id: int | None = None) -> int:
    """How many keys are not revoked; with a project, only its own."""
    return await select.number(
        db,
        "SELECT count(*) FROM keys WHERE revoked_ns IS NULL AND (? IS NULL OR project_id = ?)",
        *(project_id, project_id),
    )


async def revoke(tx: Transaction, key_id: int) -> Key:
    """Let a key open nothing any more. Absent without such a key; revoking twice keeps the first time."""
    await tx.run("UPDATE keys SET revoked_ns = coalesce(revoked_ns, ?) WHERE id = ?", tx.now_ns, key_id)
    key = await by_id(tx, key_id)
    if key is None:
        raise Absent(f"there is no key {key_id}")
    return key


def _hash(text: str) -> bytes:
    # The look-up by hash cannot tell by its time how much of a guess is right.
    return hashlib.sha256(text.encode("utf-8", "replace")).digest()
