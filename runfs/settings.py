"""What `runfs serve` was asked to do: flags and environment, checked and turned into values."""

from __future__ import annotations

import argparse
import ipaddress
import os
import pwd
from argparse import ArgumentTypeError
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from runfs.errors import CommandError
from runfs.folder import noted_blobs
from store.errors import Refused
from store.names import check_name

HTTP_PORT = 8080
NFS_PORT = 2049
PORTMAP_PORT = 111
GRACE_S = 600
VERSIONS_KEPT = 5
LOOPBACK = "127.0.0.1"
CATALOG_FILE = "catalog.sqlite3"
BLOBS_FOLDER = "blobs"
CACHE_FOLDER = "cache"  # of what S3 gave

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
LOOPBACK_NETWORKS = (ipaddress.ip_network("127.0.0.0/8"), ipaddress.ip_network("::1/128"))


class Address(NamedTuple):
    """A host and a port to listen on or connect to; port 0 lets the system choose."""

    host: str
    port: int

    @classmethod
    def parse(cls, text: str, default_port: int) -> Address:
        """Read `HOST:PORT`, `HOST`, `:PORT` or `[IPV6]:PORT`.

        Raises ValueError, saying what is wrong.
        """
        host, port = text, ""
        if text.startswith("["):
            host, closed, rest = text[1:].partition("]")
            if not closed or (rest and not rest.startswith(":")):
                raise ValueError(f"{text!r} is not [IPV6]:PORT")
            port = rest[1:]
        elif text.count(":") == 1:
            host, _, port = text.partition(":")
        elif ":" in text:
            raise ValueError(f"{text!r}: write an IPv6 address in brackets, as [::1]:{default_port}")
        elif text.isdigit():
            raise ValueError(f"{text!r} is no address; for a port write :{text}")
        if port and not (port.isascii() and port.isdigit() and int(port) < 65536):
            raise ValueError(f"{port!r} is not a port; ports are 0 to 65535")
        return cls(host or LOOPBACK, int(port) if port else default_port)

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach the address."""
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything `runfs serve` needs to know.

    `portmap` None means off; `portmap_required` that it was asked for by name, so that its port must be had.
    `user` None means whoever started the daemon.
    """

    data: Path
    catalog: str
    blobs: str
    http: Address
    nfs: Address
    portmap: Address | None
    portmap_required: bool
    allow: tuple[Network, ...]
    allow_hosts: frozenset[str] = frozenset()
    public_url: str | None = None
    project: str | None = None
    user: str | None = None
    audit: Path | None = None
    grace_s: float = GRACE_S
    versions_kept: int = VERSIONS_KEPT
    verbose: bool = False


def add_data_argument(parser: argparse.ArgumentParser) -> None:
    """Add --data."""
    parser.add_argument("--data", metavar="DIR", type=_path, help="the data folder (RUNFS_DATA)")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the flags of `runfs serve` to its parser."""
    add = parser.add_argument
    add_data_argument(parser)
    add(
        "--http",
        metavar="HOST:PORT",
        type=http_address,
        default=f"{LOOPBACK}:{HTTP_PORT}",
        help="the API and the pages; %(default)s",
    )
    add(
        "--nfs",
        metavar="HOST:PORT",
        type=nfs_address,
        default=f"{LOOPBACK}:{NFS_PORT}",
        help="NFS and MOUNT; %(default)s",
    )
    add(
        "--portmap",
        metavar="HOST:PORT|off",
        type=_portmap,
        default="auto",
        help=f"the portmapper, which a mount without options asks; port {PORTMAP_PORT} where it may be had",
    )
    add(
        "--allow",
        metavar="NETWORK",
        type=_network,
        action="append",
        help="clients that may mount, as 10.0.0.0/8; may be given again; this machine alone",
    )
    add(
        "--allow-host",
        metavar="NAME",
        type=str.lower,
        action="append",
        help="a name under which browsers may come, besides this machine's own; may be given again",
    )
    add(
        "--public-url",
        metavar="URL",
        type=_url,
        help="how clients reach --http when not directly, as https://runs.example behind a proxy",
    )
    add("--project", metavar="ENTITY/PROJECT", type=project_path, help="whose runs are at the mount's root")
    add("--user", metavar="NAME", type=_user, help="whom the daemon becomes when root started it")
    add("--catalog", metavar="URL", help="where the catalog is kept; a file in the data folder")
    add(
        "--blobs",
        metavar="URL",
        help="where files' bytes are kept, as s3://...; where they were; at first in the data folder",
    )
    add(
        "--grace",
        metavar="SECONDS",
        type=_seconds,
        default=GRACE_S,
        help="how long an open reader keeps a deleted or replaced file; %(default)s",
    )
    add("--versions", metavar="COUNT", type=_count, default=VERSIONS_KEPT, help="kept of a file; %(default)s")
    add(
        "--audit",
        metavar="FILE",
        type=_path,
        help="a JSON line for each mount, upload, deletion, refused call",
    )
    add("--verbose", "-v", action="store_true", help="log every call")


def from_arguments(arguments: argparse.Namespace, environ: Mapping[str, str]) -> Settings:
    """Make Settings of parsed flags; what was not said follows from the data folder and the NFS address.

    Raises CommandError where no data folder can be named.
    """
    data: Path = arguments.data or default_data(environ)
    nfs: Address = arguments.nfs
    portmap = Address(nfs.host, PORTMAP_PORT) if arguments.portmap == "auto" else arguments.portmap
    return Settings(
        data=data,
        catalog=arguments.catalog or str(data / CATALOG_FILE),
        blobs=blobs_of(data, arguments.blobs),
        http=arguments.http,
        nfs=nfs,
        portmap=portmap,
        portmap_required=arguments.portmap not in ("auto", None),
        allow=tuple(arguments.allow or LOOPBACK_NETWORKS),
        allow_hosts=frozenset(arguments.allow_host or ()),
        public_url=arguments.public_url,
        project=arguments.project,
        user=arguments.user,
        audit=arguments.audit,
        grace_s=arguments.grace,
        versions_kept=arguments.versions,
        verbose=arguments.verbose,
    )


def blobs_of(data: Path, asked: str | None) -> str:
    """Where the bytes are: as asked for, else as at the last start, else in the folder."""
    return asked or noted_blobs(data) or (data / BLOBS_FOLDER).as_uri()


def default_data(environ: Mapping[str, str]) -> Path:
    """The data folder when none was named: RUNFS_DATA, else `runfs` in the XDG data folder.

    Under sudo it is that of the account behind it, so that the SDK finds its key there.
    """
    if environ.get("RUNFS_DATA"):
        return _path(environ["RUNFS_DATA"])
    behind_sudo = environ.get("SUDO_USER") if os.geteuid() == 0 else None
    if behind_sudo and behind_sudo != "root":
        try:
            return Path(pwd.getpwnam(behind_sudo).pw_dir, ".local/share/runfs")
        except KeyError:
            raise CommandError(
                f"SUDO_USER is {behind_sudo}, which is no account here; give --data DIR"
            ) from None
    if environ.get("XDG_DATA_HOME"):
        return Path(environ["XDG_DATA_HOME"], "runfs")
    return Path(environ.get("HOME") or pwd.getpwuid(os.geteuid()).pw_dir, ".local/share/runfs")


def http_address(text: str) -> Address:
    """An argument that is an address of the HTTP side."""
    return _address(text, HTTP_PORT)


def nfs_address(text: str) -> Address:
    """An argument that is an address of the NFS side."""
    return _address(text, NFS_PORT)


def _address(text: str, default_port: int) -> Address:
    try:
        return Address.parse(text, default_port)
    except ValueError as wrong:
        raise ArgumentTypeError(str(wrong)) from None


def _portmap(text: str) -> Address | str | None:
    if text in ("off", "auto"):
        return None if text == "off" else text
    return _address(text, PORTMAP_PORT)


def _path(text: str) -> Path:
    return Path(text).expanduser().absolute()


def _network(text: str) -> Network:
    try:
        return ipaddress.ip_network(text)
    except ValueError:
        raise ArgumentTypeError(f"{text!r} is not a network such as 10.0.0.0/8 or 192.168.1.7") from None


def project_path(text: str) -> str:
    """An argument that is ENTITY/PROJECT."""
    try:
        entity, project = (check_name(name) for name in text.split("/"))
    except (ValueError, Refused):
        raise ArgumentTypeError(f"{text!r} is not ENTITY/PROJECT") from None
    return f"{entity}/{project}"


def _user(text: str) -> str:
    try:
        pwd.getpwnam(text)
    except KeyError:
        raise ArgumentTypeError(f"there is no account {text!r} here") from None
    return text


def _seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value < float("inf"):
        raise ArgumentTypeError(f"{text!r} is not a number of seconds, 0 or more")
    return value


def _count(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text) > 0):
        raise ArgumentTypeError(f"{text!r} is not a count, 1 or more")
    return int(text)


def _url(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.netloc or parts.query or parts.fragment:
        raise ArgumentTypeError(f"{text!r} is not an address like https://runs.example")
    return text.rstrip("/")
