"""Programs that lock or map what they open, on the mount without options: SQLite, DuckDB, HDF5."""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Iterator
from pathlib import Path

import duckdb
import h5py
import pytest
from kernel_client import Machine
from kernel_content import PROJECT
from kernel_daemon import Daemon

ROWS = 20_000
TOTAL = sum(range(ROWS))

READERS = {
    "table.sqlite3": "import sqlite3; db = sqlite3.connect('file:' + path + '?mode=ro', uri=True);"
    " print(*db.execute('SELECT sum(n) FROM t').fetchone())",
    "table.duckdb": "import duckdb; db = duckdb.connect(path, read_only=True);"
    " print(*db.execute('SELECT sum(n) FROM t').fetchone())",
    "table.csv": "import duckdb; print(*duckdb.sql(f\"SELECT sum(n) FROM '{path}'\").fetchall()[0])",
    "table.h5": "import h5py; print(h5py.File(path, 'r')['n'][:].sum())",
}
"""Programs that print the sum of a table's column, by the file that holds the table."""


@pytest.fixture(scope="module")
def tables(daemon: Daemon, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A run that saved one table in each format."""
    folder = tmp_path_factory.mktemp("tables")
    numbers = list(range(ROWS))
    with sqlite3.connect(folder / "table.sqlite3") as db:
        db.execute("CREATE TABLE t (n INTEGER)")
        db.executemany("INSERT INTO t VALUES (?)", ((n,) for n in numbers))
    db.close()
    with duckdb.connect(str(folder / "table.duckdb")) as duck:
        duck.execute(f"CREATE TABLE t AS SELECT range AS n FROM range({ROWS})")
    with h5py.File(folder / "table.h5", "w") as file:
        file["n"] = numbers
    (folder / "table.csv").write_text("n\n" + "".join(f"{n}\n" for n in numbers))
    daemon.ask("POST", "/runs", {"project": PROJECT, "id": "tables"})
    for name in READERS:
        daemon.upload("tables", name, Path(folder / name).read_bytes())
    yield "runs/tables/files"
    daemon.ask("DELETE", "/runs/tables")


@pytest.mark.parametrize("name", READERS)
def test_opens_and_reads(name: str, machine: Machine, tables: str, mount: str) -> None:
    program = "import sys; path = sys.argv[1]; " + READERS[name]
    told = machine.sh(
        f'{sys.executable} -W ignore -c "$1" "$2"', program, f"{mount}/{tables}/{name}", limit_s=120
    )
    assert int(told) == TOTAL
