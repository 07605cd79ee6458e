from __future__ import annotations

import argparse
import ipaddress
import os
import pwd
from pathlib import Path

import pytest

from runfs import settings
from runfs.__main__ import Parser
from runfs.errors import CommandError
from runfs.folder import note_blobs
from runfs.settings import Address, Settings


def parse(*flags: str, **environ: str) -> Settings:
    parser = Parser(prog="runfs serve")
    settings.add_arguments(parser)
    return settings.from_arguments(parser.parse_args(flags), {"HOME": "/home/someone", **environ})


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("10.1.2.3:99", "10.1.2.3", 99),
        ("0.0.0.0", "0.0.0.0", 2049),
        (":0", "127.0.0.1", 0),
        ("[::1]:65535", "::1", 65535),
        ("[::]", "::", 2049),
        ("localhost:1", "localhost", 1),
    ],
)
def test_address(text: str, host: str, port: int) -> None:
    assert Address.parse(text, 2049) == Address(host, port)


@pytest.mark.parametrize("text", ["a:65536", "a:-1", "a:b", "::1", "[::1", "[::1]2", "a:٣"])
def test_address_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"port|IPV6|IPv6"):
        Address.parse(text, 2049)


def test_address_reads_what_it_writes() -> None:
    for address in (Address("::1", 80), Address("127.0.0.1", 0)):
        assert Address.parse(str(address), 1) == address
    assert Address("::1", 1).is_loopback
    assert Address("127.9.9.9", 1).is_loopback
    assert Address("localhost", 1).is_loopback
    assert not Address("0.0.0.0", 1).is_loopback
    assert not Address("example.org", 1).is_loopback


def test_defaults() -> None:
    made = parse()
    assert made.data == Path("/home/someone/.local/share/runfs")
    assert made.catalog == "/home/someone/.local/share/runfs/catalog.sqlite3"
    assert made.blobs == "file:///home/someone/.local/share/runfs/blobs"
    assert (made.http, made.nfs) == (Address("127.0.0.1", 8080), Address("127.0.0.1", 2049))
    assert (made.portmap, made.portmap_required) == (Address("127.0.0.1", 111), False)
    assert made.allow == (ipaddress.ip_network("127.0.0.0/8"), ipaddress.ip_network("::1/128"))
    assert (made.grace_s, made.versions_kept, made.verbose) == (600, 5, False)
    assert (made.project, made.user, made.audit) == (None, None, None)


def test_flags(tmp_path: Path) -> None:
    made = parse(
        *("--data", str(tmp_path), "--http", "0.0.0.0:1", "--nfs", "[::1]:2", "--portmap", "127.0.0.1:3"),
        *(
            "--allow",
            "10.0.0.0/8",
            "--allow",
            "fd00::1",
            "--project",
            "a/b",
            "--audit",
            str(tmp_path / "a"),
        ),
        *("--grace", "0", "--versions", "1", "--blobs", "s3://b/p", "--catalog", "/c", "-v"),
    )
    assert (made.data, made.catalog, made.blobs) == (tmp_path, "/c", "s3://b/p")
    assert (made.portmap, made.portmap_required) == (Address("127.0.0.1", 3), True)
    assert made.allow == (ipaddress.ip_network("10.0.0.0/8"), ipaddress.ip_network("fd00::1/128"))
    assert (made.project, made.grace_s, made.versions_kept) == ("a/b", 0, 1)
    assert made.audit == tmp_path / "a"
    assert made.verbose


def test_names_under_which_clients_come() -> None:
    assert (parse().allow_hosts, parse().public_url) == (frozenset(), None)
    made = parse(
        *("--allow-host", "Runs.Example", "--allow-host", "b"), *("--public-url", "https://r.example/")
    )
    assert (made.allow_hosts, made.public_url) == ({"runs.example", "b"}, "https://r.example")


def test_portmap_follows_the_nfs_address_or_is_off() -> None:
    assert parse("--nfs", "10.0.0.1:5").portmap == Address("10.0.0.1", 111)
    off = parse("--portmap", "off")
    assert (off.portmap, off.portmap_required) == (None, False)


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (("--nfs", "a:b"), "'b' is not a port"),
        (("--http", "9090"), "for a port write :9090"),
        (("--project", "alone"), "'alone' is not ENTITY/PROJECT"),
        (("--project", "a/b/c"), "is not ENTITY/PROJECT"),
        (("--project", "a/.."), "'a/..' is not ENTITY/PROJECT"),
        (("--allow", "10.0.0.1/8"), "is not a network"),
        (("--grace", "-1"), "is not a number of seconds"),
        (("--grace", "inf"), "is not a number of seconds"),
        (("--versions", "0"), "is not a count"),
        (("--public-url", "runs.example"), "is not an address"),
        (("--public-url", "ftp://runs.example"), "is not an address"),
        (("--user", "no such account"), "there is no account"),
        (("--nonsense",), "unrecognized arguments"),
    ],
)
def test_a_bad_flag_is_one_line_and_status_2(
    flags: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        parse(*flags)
    assert ended.value.code == 2
    complaint = capsys.readouterr().err
    assert said in complaint
    assert complaint.count("\n") == 1


def test_data_folder_of_the_account(monkeypatch: pytest.MonkeyPatch) -> None:
    assert settings.default_data({"RUNFS_DATA": "/x", "XDG_DATA_HOME": "/y", "HOME": "/z"}) == Path("/x")
    assert settings.default_data({"XDG_DATA_HOME": "/y", "HOME": "/z"}) == Path("/y/runfs")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    someone = next(user for user in pwd.getpwall() if user.pw_uid != 0)
    behind_sudo = settings.default_data({"SUDO_USER": someone.pw_name, "HOME": "/root"})
    assert behind_sudo == Path(someone.pw_dir, ".local/share/runfs")
    with pytest.raises(CommandError, match="SUDO_USER"):
        settings.default_data({"SUDO_USER": "no such account"})


def test_sudo_user_counts_for_root_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert settings.default_data({"SUDO_USER": "daemon", "HOME": "/z"}) == Path("/z/.local/share/runfs")


def test_parser_is_argparse() -> None:
    assert issubclass(Parser, argparse.ArgumentParser)


def test_blobs_stay_where_they_were(tmp_path: Path) -> None:
    """Who forgets the flag would else find every file missing."""
    assert parse("--data", str(tmp_path)).blobs == (tmp_path / "blobs").as_uri()
    note_blobs(tmp_path, "s3://b/p")
    assert parse("--data", str(tmp_path)).blobs == "s3://b/p"
    assert parse("--data", str(tmp_path), "--blobs", "s3://c").blobs == "s3://c"
