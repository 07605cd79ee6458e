"""Names as a mount shows them: any text of the catalog becomes one path component, and back.

The catalog holds names as users gave them, and some doors let names in that no path can hold. Such a name
is shown encoded. Two names never look alike, and a name that needs nothing is shown as it is:

- "/", control characters and lone surrogates are written %XX, a byte of UTF-8 each, in upper case; so are
  the dots of "." and "..". A "%" is itself written %25, but only where two such digits follow it: "100%"
  stays "100%".
- A name without any character is shown as %E2%88%85, which no other name is.
- A name longer than 255 bytes is cut and ends in "~" and a hash of the whole. It cannot be read backwards,
  so whoever looks it up goes through the names of the directory. A shorter name of that very shape is given
  its own hash.
"""

import re
from collections.abc import Sequence
from hashlib import blake2b

LONGEST = 255
"""The longest component that is shown, in bytes of UTF-8."""

_HASH_DIGITS = 32
_PREFIX_MAX = LONGEST - _HASH_DIGITS - 1
# The shortest prefix that cutting leaves: a cut character takes three bytes with it at most, a cut %XX two.
_PREFIX_MIN = _PREFIX_MAX - 5
_EMPTY = "%E2%88%85"
_UNFIT = re.compile(r"[\x00-\x1f/\x7f-\x9f\ud800-\udfff]|%(?=[0-9A-F]{2})")
_PLAIN = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._ -]{0,53}\Z")  # nearly all names; one call settles them
_ALL_PLAIN = re.compile(r"(?:[A-Za-z0-9_-][A-Za-z0-9._ -]{0,53}\n)*\Z")
_ENCODED = re.compile(rb"%([0-9A-F]{2})")
_HASHED = re.compile(r"~[0-9a-f]{32}\Z")


def shown(name: str) -> str:
    """The component, of at most 255 bytes, that stands for `name`."""
    if _PLAIN.match(name):
        return name
    text = _encode(name) if _UNFIT.search(name) or name in ("", ".", "..") else name
    if len(text) <= _PREFIX_MIN // 4:  # four bytes are the most that a character takes
        return text
    size = len(text.encode())
    if size > LONGEST or (size > _PREFIX_MIN + _HASH_DIGITS and _HASHED.search(text)):
        return _shorten(text, name)
    return text


def all_shown(names: Sequence[str]) -> Sequence[str]:
    """What stands for each of the names, those of a listing: where all are plain, one search says so."""
    joined = "".join([name + "\n" for name in names])
    if _ALL_PLAIN.match(joined) and joined.count("\n") == len(names):
        return names
    return [shown(name) for name in names]


def is_shortened(text: str) -> bool:
    """Whether the name behind a component can only be found by going through those that are there."""
    return _HASHED.search(text) is not None and len(_bytes(text)) > _PREFIX_MIN + _HASH_DIGITS


def original(text: str) -> str | None:
    """The name that is shown as `text`, where `text` is not shortened; None if none is."""
    if text == _EMPTY:
        return ""
    try:
        name = _ENCODED.sub(lambda found: bytes((int(found[1], 16),)), _bytes(text)).decode(
            "utf-8", "surrogatepass"
        )
    except UnicodeDecodeError:
        return None
    return name if shown(name) == text else None


def _encode(name: str) -> str:
    if name in (".", ".."):
        return "%2E" * len(name)
    return _UNFIT.sub(lambda found: "".join(f"%{byte:02X}" for byte in _bytes(found[0])), name) or _EMPTY


def _shorten(text: str, name: str) -> str:
    prefix = text.encode()[:_PREFIX_MAX].decode("utf-8", "ignore")
    prefix = re.sub("%[0-9A-F]?\\Z", "", prefix)
    return f"{prefix}~{blake2b(_bytes(name), digest_size=_HASH_DIGITS // 2).hexdigest()}"


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
