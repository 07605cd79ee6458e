from __future__ import annotations

import os
import pwd
import subprocess
import sys
from pathlib import Path

import pytest

from runfs import account
from runfs.errors import CommandError

NOBODY = pwd.getpwnam("nobody")
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another account")


@pytest.fixture
def as_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)


def test_root_becomes_the_named_account(as_root: None, tmp_path: Path) -> None:
    assert account.chosen("nobody", tmp_path, {"SUDO_USER": "root"}) == NOBODY
    assert account.chosen("root", tmp_path, {"SUDO_USER": "nobody"}) is None


def test_root_becomes_the_account_behind_sudo(as_root: None, tmp_path: Path) -> None:
    assert account.chosen(None, tmp_path, {"SUDO_USER": "nobody"}) == NOBODY
    with pytest.raises(CommandError, match="--user"):
        account.chosen(None, tmp_path, {"SUDO_USER": "no such account"})


@needs_root
def test_root_becomes_the_owner_of_the_data(tmp_path: Path) -> None:
    assert account.chosen(None, tmp_path / "not made yet", {}) is None
    os.chown(tmp_path, NOBODY.pw_uid, NOBODY.pw_gid)
    assert account.chosen(None, tmp_path, {}) == NOBODY
    os.chown(tmp_path, 4_000_000, 4_000_000)
    with pytest.raises(CommandError, match="the owner of"):
        account.chosen(None, tmp_path, {})


def test_others_stay_who_they_are(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: NOBODY.pw_uid)
    assert account.chosen(None, tmp_path, {"SUDO_USER": "root"}) is None
    assert account.chosen("nobody", tmp_path, {}) is None
    with pytest.raises(CommandError, match="only root can become root"):
        account.chosen("root", tmp_path, {})


@needs_root
def test_become_is_for_good() -> None:
    code = "import os, pwd; from runfs import account; os.access = lambda path, mode: True\n"
    code += "account.become(pwd.getpwnam('nobody'))\n"
    code += "print(os.getresuid(), os.getresgid(), os.getgroups(), os.environ['USER'])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    uid, gid = NOBODY.pw_uid, NOBODY.pw_gid
    assert done.stdout.strip() == f"({uid}, {uid}, {uid}) ({gid}, {gid}, {gid}) [{gid}] nobody"


@needs_root
def test_an_account_that_cannot_read_the_program() -> None:
    code = "import os, pwd; from runfs import account; os.access = lambda path, mode: False\n"
    code += "account.become(pwd.getpwnam('nobody'))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "CommandError: nobody cannot read" in done.stderr
