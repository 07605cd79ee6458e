from __future__ import annotations

import argparse
import asyncio
import os
import pwd
import sqlite3
import subprocess
import sys
from contextlib import closing
from importlib import resources
from pathlib import Path

import pytest
from daemon_process import start

from runfs import account, opened
from runfs.__main__ import main
from runfs.errors import CommandError
from runfs.settings import CATALOG_FILE
from store.catalog import Catalog


def arguments(**given: object) -> argparse.Namespace:
    return argparse.Namespace(**{"data": None, "catalog": None, **given})


async def test_the_catalog_of_the_data_folder(tmp_path: Path) -> None:
    for name in (CATALOG_FILE, "other"):
        await (await Catalog.open(tmp_path / name)).close()
    async with opened.catalog(arguments(data=tmp_path)) as first:
        identity = first.id
    async with opened.catalog(arguments(data=tmp_path)) as second:
        assert second.id == identity
    async with opened.catalog(arguments(catalog=tmp_path / "other")) as third:
        assert third.id != identity


@pytest.mark.parametrize("command", ["fsck", "gc", "key list"])
def test_a_folder_without_a_catalog_gets_none(
    command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*command.split(), "--data", str(tmp_path)]) == 2
    assert f"there is no catalog in {tmp_path}" in capsys.readouterr().err
    assert not (tmp_path / CATALOG_FILE).exists()


def test_no_catalog_is_made_where_one_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    absent = tmp_path / "absent"
    assert main(["fsck", "--data", str(tmp_path), "--catalog", str(absent)]) == 1
    assert f"cannot open the catalog {absent}: No such file" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


async def opened_once(data: Path, blobs: str) -> None:
    async with opened.store(str(data / CATALOG_FILE), blobs, 0, 1):
        pass


@pytest.mark.parametrize(
    "command", ["serve --http 127.0.0.1:0 --nfs 127.0.0.1:0 --portmap off", "gc --now", "fsck"]
)
def test_blobs_of_another_catalog_are_left_alone(command: str, tmp_path: Path) -> None:
    data, blobs = tmp_path / "data", (tmp_path / "blobs").as_uri()
    data.mkdir()
    asyncio.run(opened_once(tmp_path, blobs))
    asyncio.run(opened_once(data, str(tmp_path / "own")))
    argv = [sys.executable, "-m", "runfs", *command.split(), "--data", str(data), "--blobs", blobs]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=60)
    assert done.returncode in (1, 2)
    assert f"the blobs at {blobs} are another catalog's" in done.stderr
    assert "Traceback" not in done.stderr


async def test_what_the_store_refuses_is_the_commands_error(tmp_path: Path) -> None:
    with pytest.raises(CommandError) as refused:
        async with opened.catalog(arguments(catalog="gopher://x/y")):
            pass
    assert refused.value.status == 1
    with pytest.raises(CommandError, match="no data folder"):
        opened.data_folder(arguments(data=tmp_path / "absent"))


async def test_the_whole_store(tmp_path: Path) -> None:
    blobs = (tmp_path / "blobs").as_uri()
    async with opened.store(str(tmp_path / "catalog"), blobs, 60, 3, poll_s=None) as made:
        assert (made.uploads.grace_s, made.uploads.versions_kept) == (60, 3)
        assert made.uploads.catalog is made.catalog


def test_root_becomes_the_owner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    became: list[pwd.struct_passwd] = []
    nobody = pwd.getpwnam("nobody")
    monkeypatch.setattr(account, "chosen", lambda user, data, environ: nobody)
    monkeypatch.setattr(account, "become", became.append)
    assert opened.data_folder(arguments(data=tmp_path)) == tmp_path
    assert became == [nobody]


def test_the_default_data_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RUNFS_DATA", str(tmp_path))
    assert opened.data_folder(arguments()) == tmp_path
    assert os.environ["RUNFS_DATA"] == str(tmp_path)


def test_only_the_daemon_upgrades_a_catalog(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An older daemon may be serving it, or it is a backup."""
    data = tmp_path / "data"
    data.mkdir()
    first = resources.files("store.catalog").joinpath("migrations", "0001_initial.sql").read_text("utf-8")

    def asked(question: str) -> list[tuple[object, ...]]:
        with closing(sqlite3.connect(data / CATALOG_FILE)) as connection:
            return connection.execute(question).fetchall()

    with closing(sqlite3.connect(data / CATALOG_FILE)) as connection, connection:
        connection.executescript(first + "PRAGMA user_version = 1;")
        connection.execute("INSERT INTO catalog VALUES (7, zeroblob(32), NULL, 1)")
    schema = asked("SELECT sql FROM sqlite_schema ORDER BY name")
    commands = [["fsck"], ["gc", "--now"], ["key", "list"], ["key", "create", "x"]]
    elsewhere = ["--catalog", str(data / CATALOG_FILE)]
    for command in [*commands, *([*each, *elsewhere] for each in commands)]:
        assert main([*command, "--data", str(data)]) == 1
        complaint = capsys.readouterr().err
        assert "the catalog has schema 1" in complaint
        assert "`runfs serve` brings it up to date" in complaint
        assert complaint.count("\n") == 1
        assert asked("PRAGMA user_version") == [(1,)]
        assert asked("SELECT sql FROM sqlite_schema ORDER BY name") == schema
    assert main(["backup", str(tmp_path / "kept"), "--data", str(data)]) == 0
    assert start(data).stop() == 0
    assert asked("PRAGMA user_version") > [(1,)]
    for command in commands:
        assert main([*command, "--data", str(data)]) == 0
