from __future__ import annotations

import argparse
import os
import pwd
from pathlib import Path

import pytest

from runfs import account, opened
from runfs.errors import CommandError


def arguments(**given: object) -> argparse.Namespace:
    return argparse.Namespace(**{"data": None, "catalog": None, **given})


async def test_the_catalog_of_the_data_folder(tmp_path: Path) -> None:
    async with opened.catalog(arguments(data=tmp_path)) as first:
        identity = first.id
    async with opened.catalog(arguments(data=tmp_path)) as second:
        assert second.id == identity
    async with opened.catalog(arguments(catalog=tmp_path / "other")) as third:
        assert third.id != identity


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
