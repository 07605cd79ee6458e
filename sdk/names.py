"""The names that a run, a project or a saved file may have: each must be able to be a path component.

The server has the last word; these checks let a wrong name fail in the line that gives it.
"""

from __future__ import annotations

COMPONENT_MAX_BYTES = 255
PATH_MAX_BYTES = 4096


def check_component(name: str) -> None:
    """Raise ValueError with the reason if `name` cannot be one component of a path."""
    if name in ("", ".", ".."):
        raise ValueError(f"{name!r} is not a name")
    if "/" in name:
        raise ValueError(f"{name!r} contains a slash")
    if any(ord(character) < 32 or 127 <= ord(character) < 160 for character in name):
        raise ValueError(f"{name!r} contains a control character")
    try:
        encoded = name.encode()
    except UnicodeEncodeError:
        raise ValueError(f"{name!r} is not valid UTF-8") from None
    if len(encoded) > COMPONENT_MAX_BYTES:
        raise ValueError(f"{name[:40]!r}... is longer than {COMPONENT_MAX_BYTES} bytes")


def check_path(path: str) -> None:
    """Raise ValueError with the reason if `path` cannot be the path of a file in a run."""
    for component in path.split("/"):
        check_component(component)
    if len(path.encode()) > PATH_MAX_BYTES:
        raise ValueError(f"{path[:40]!r}... is longer than {PATH_MAX_BYTES} bytes")
