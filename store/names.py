"""Which names may come in: one component for a run, a project, an artifact; a path of them for a file.

Components are compared byte by byte as UTF-8; nothing is normalised, so two spellings of one accent are two
names. What other doors brought in already is shown by the tree, encoded; this is about what we let in.
"""

import unicodedata

from store.errors import Refused

COMPONENT_MAX_BYTES = 255  # what a mounted file system shows as one name
PATH_MAX_BYTES = 4096


def check_name(name: str, what: str = "name") -> str:
    """The name itself, when it can be one component of a path; else Refused, saying what is wrong with it."""
    if not name:
        raise Refused(f"the {what} is empty")
    if name in (".", ".."):
        raise Refused(f'the {what} is "{name}", which means a directory')
    if "/" in name:
        raise Refused(f'the {what} {name!r} has a "/" in it')
    for character in name:
        # Cc are the control characters, NUL too; Cs lone surrogates, which no UTF-8 can hold.
        if unicodedata.category(character) in ("Cc", "Cs"):
            raise Refused(f"the {what} {name!r} has the character {character!a} in it, which names may not")
    if len(name.encode()) > COMPONENT_MAX_BYTES:
        raise Refused(f"the {what} {name[:40]!r}... is longer than {COMPONENT_MAX_BYTES} bytes of UTF-8")
    return name


def check_path(path: str) -> list[str]:
    """The components of a relative path, "logs/a.txt"; else Refused, saying what is wrong with it."""
    if not path:
        raise Refused("the path is empty")
    if path.startswith("/"):
        raise Refused(f"the path {path[:80]!r} is absolute: give it relative to the run's files")
    if len(path.encode(errors="surrogatepass")) > PATH_MAX_BYTES:
        raise Refused(f"the path {path[:40]!r}... is longer than {PATH_MAX_BYTES} bytes of UTF-8")
    components = path.split("/")
    if "" in components:
        raise Refused(f'the path {path[:80]!r} has an empty component: no "//" and no "/" at the end')
    if ".." in components or "." in components:
        raise Refused(f'the path {path[:80]!r} has a "." or ".." component')
    return [check_name(component, "path's component") for component in components]
