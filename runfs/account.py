"""Whom the daemon becomes when root started it: root binds the ports, a plain account owns the data."""

from __future__ import annotations

import os
import pwd
import sys
from collections.abc import Mapping
from pathlib import Path

from runfs.errors import CommandError


def chosen(user: str | None, data: Path, environ: Mapping[str, str]) -> pwd.struct_passwd | None:
    """The account to become; None to stay as we are.

    Root becomes `user`, else the account behind sudo, else the owner of the data folder. Anybody else stays,
    and may name no other. Raises CommandError.
    """
    if os.geteuid() != 0:
        if user is not None and pwd.getpwnam(user).pw_uid != os.geteuid():
            raise CommandError(f"only root can become {user}; leave out --user, or start it with sudo")
        return None
    name = user or environ.get("SUDO_USER")
    try:
        account = pwd.getpwnam(name) if name else pwd.getpwuid(_owner(data))
    except KeyError:
        whom = name or f"the owner of {data}"
        raise CommandError(f"{whom} is no account here; choose one with --user NAME") from None
    return account if account.pw_uid != 0 else None


def become(account: pwd.struct_passwd) -> None:
    """Give up root for good: groups, group and user, and the environment's idea of home.

    Raises CommandError where that account cannot read the program that it is to run.
    """
    os.initgroups(account.pw_name, account.pw_gid)
    os.setgid(account.pw_gid)
    os.setuid(account.pw_uid)
    os.environ.update(HOME=account.pw_dir, USER=account.pw_name, LOGNAME=account.pw_name)
    for needed in (Path(__file__), Path(sys.prefix)):
        if not os.access(needed, os.R_OK):
            raise CommandError(
                f"{account.pw_name} cannot read {needed.parent}; install runfs where it can, or choose --user"
            )


def _owner(data: Path) -> int:
    """Who owns the data folder; root, who will make it, where there is none yet."""
    return data.stat().st_uid if data.exists() else 0
