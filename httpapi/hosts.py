"""Who a browser may believe us to be: Host and Origin checks against DNS rebinding and cross-site requests.

A page of another site can make a browser send requests here. Rebinding its own name to 127.0.0.1 makes it
same-origin with us, so the Host must be a name of ours; a request that changes something must come from a
page of ours, or from no page at all.
"""

import ipaddress
import re
from collections.abc import Collection, Mapping

from multidict import CIMultiDictProxy

from httpapi.problems import Problem

LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
# Host = uri-host [ ":" port ] (RFC 9110 s7.2), with no user and nothing after it.
_HOST = re.compile(
    r"(?:\[(?P<six>[0-9A-Fa-f:.]{2,45})\]|(?P<name>[A-Za-z0-9._-]{1,253}))(?::(?P<port>[0-9]{1,5}))?"
)


def host_name(value: str) -> str | None:
    """The name or address in a Host header, in lower case and without its port; None when it is none."""
    match = _HOST.fullmatch(value)
    if match is None:
        return None
    return (match["six"] or match["name"]).lower()


def check_host(headers: CIMultiDictProxy[str], allowed: Collection[str], local_address: str | None) -> str:
    """The Host header's value; Problem unless there is exactly one, and its name is one of ours.

    `allowed` adds to the loopback names; "*" allows any. `local_address` is the address that the connection
    came in on: whoever reaches us under it by number has not been rebound.
    """
    values = headers.getall("Host", [])
    if len(values) != 1:
        raise Problem("malformed", f"The request has {len(values)} Host headers; it needs exactly one.")
    name = host_name(values[0])
    if name is None:
        raise Problem("malformed", "The Host header is not a host name.")
    if name in LOOPBACK_NAMES or name in allowed or "*" in allowed or _same_address(name, local_address):
        return values[0]
    raise Problem(
        "misdirected", "The Host header names another server. Allow the name with --allow-host NAME."
    )


def check_target(target: str, host: str) -> None:
    """Problem when a request's target names its server itself, and another than the Host header.

    Proxies are asked so (RFC 9112 s3.2.2); which of the two names was meant, nobody could say.
    """
    _, is_absolute, rest = target.partition("://")
    if is_absolute and not target.startswith("/") and re.split(r"[/?#]", rest)[0].lower() != host.lower():
        raise Problem("malformed", "The target of the request and its Host header name two servers.")


def check_origin(method: str, host: str, headers: Mapping[str, str]) -> None:
    """Problem when a request that may change something was made by a page of another site.

    Programs send neither Origin nor Sec-Fetch-Site; browsers cannot leave them out.
    """
    if method in SAFE_METHODS:
        return
    origin = headers.get("Origin")
    if origin is not None and origin.lower() not in (f"http://{host.lower()}", f"https://{host.lower()}"):
        raise Problem("forbidden", "Requests from pages of other sites are refused.")
    if headers.get("Sec-Fetch-Site", "none") not in ("none", "same-origin"):
        raise Problem("forbidden", "Requests from pages of other sites are refused.")


def _same_address(name: str, local_address: str | None) -> bool:
    try:
        return local_address is not None and ipaddress.ip_address(name) == ipaddress.ip_address(local_address)
    except ValueError:
        return False
