"""The catalog's tables: made in a new file, and brought up to date in an older one."""

import secrets
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

from store.errors import Refused

_SCRIPTS = {  # importlib.resources would take 3 % of the start
    int(file.name[:4]): file for file in (Path(__file__).parent / "migrations").glob("*.sql")
}
"""The migrations, by their numbers."""


def version(connection: sqlite3.Connection) -> int:
    """The number of the last migration that the file has seen, 0 for a new one. Refused for one we do not
    know."""
    (found,) = connection.execute("PRAGMA user_version").fetchone()
    if found > max(_SCRIPTS):
        raise Refused(
            f"the catalog has schema {found} and this runfs knows {max(_SCRIPTS)}:"
            " use the newer runfs that made it"
        )
    return int(found)


def migrate(connection: sqlite3.Connection, upgrade: bool = True) -> None:
    """Apply every migration that the file has not seen, all in one transaction; make the catalog's row.

    PRAGMA user_version is the number of the last one applied. Foreign keys must be off on the connection: a
    migration may make a table anew that others refer to. Refused when the file is newer than we know; without
    `upgrade` also when it is older, and only a new file is given its tables.
    """
    connection.execute("BEGIN IMMEDIATE")  # two processes may open a new file at once
    try:
        there = version(connection)
        if 0 < there < max(_SCRIPTS) and not upgrade:
            raise Refused(
                f"the catalog has schema {there} and this runfs works with {max(_SCRIPTS)}:"
                " `runfs serve` brings it up to date; until then use the runfs that served it last"
            )
        for number in range(there + 1, max(_SCRIPTS) + 1):
            for statement in _statements(_SCRIPTS[number].read_text("utf-8")):
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {number}")
        if connection.execute("SELECT id FROM catalog").fetchone() is None:
            connection.execute(
                "INSERT INTO catalog (id, secret, created_ns) VALUES (?, ?, ?)",
                (secrets.randbits(62) + 1, secrets.token_bytes(32), time.time_ns()),
            )
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _statements(script: str) -> Iterator[str]:
    """The script's statements one by one: sqlite3's executescript would commit our transaction first."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
