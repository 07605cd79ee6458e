"""Glob patterns on whole paths: * and ? stay within a component, ** crosses them, [...] is a set.

`**/` also matches no directory at all, so `**/*.pt` finds `a.pt` as well as `b/c/a.pt`. [!...] excludes. A
set never matches a slash; a [ without its ] stands for itself.

Patterns come from strangers, and both regular expressions and SQLite's GLOB try every way to share a text out
among the stars: with n characters and k stars n^k ways. With more than a few stars the states of the pattern
are followed all at once instead, which costs no more than pattern times path.
"""

import re
from collections.abc import Iterator
from functools import lru_cache

BACKTRACKING_STARS_MAX = 2

_TOKEN = re.compile(r"(\*\*/)|(\*\*+)|(\*)|(\?)|\[([!^]?\]?[^]]*)\]|(.)", re.DOTALL)


def matches(path: str, pattern: str) -> bool:
    """Whether the path matches the pattern as a whole."""
    if is_simple(pattern):
        return _compiled(pattern).fullmatch(path) is not None
    return _walk(_steps(pattern), path)


def is_simple(pattern: str) -> bool:
    """Whether the pattern has so few stars that trying every way is quick."""
    return sum(kind in ("dirs", "all", "any") for kind, _ in _tokens(pattern)) <= BACKTRACKING_STARS_MAX


def slashes(pattern: str) -> int | None:
    """How many slashes each path that matches has; None when the pattern has a `**`."""
    tokens = list(_tokens(pattern))
    if any(kind in ("dirs", "all") for kind, _ in tokens):
        return None
    return sum(text == "/" for kind, text in tokens if kind == "text")


def as_sqlite(pattern: str) -> str:
    """A pattern for SQLite's GLOB, whose * crosses slashes: it lets through all that matches, and more."""
    out = []
    for kind, text in _tokens(pattern):
        if kind == "set":
            out.append(f"[{'^' if text[0] in '!^' else ''}{text.lstrip('!^')}]")
        elif kind == "text":
            out.append(f"[{text}]" if text in "[*?" else text)
        else:
            out.append("?" if kind == "one" else "*")
    return "".join(out)


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> re.Pattern[str]:
    out = []
    for kind, text in _tokens(pattern):
        if kind == "set":
            body = text.lstrip("!^").replace("\\", r"\\").replace("[", r"\[")
            body = r"\]" + body[1:] if body.startswith("]") else body
            out.append(f"(?!/)[{'^' if text[0] in '!^' else ''}{body}]")
        else:
            out.append(_EXPRESSIONS.get(kind) or re.escape(text))
    try:
        return re.compile("".join(out), re.DOTALL)
    except re.error:  # a set like [z-a]: nothing is in it
        return re.compile(r"(?!)")


@lru_cache(maxsize=256)
def _steps(pattern: str) -> tuple[tuple[str, str], ...]:
    return tuple(_tokens(pattern))


def _walk(steps: tuple[tuple[str, str], ...], path: str) -> bool:
    """Follow all places in the pattern that the path so far can have led to.

    A place is the number of the next step; within the directories of a **/ it is that step's number,
    inverted.
    """
    places = _with_skips({0}, steps)
    for character in path:
        after = set()
        for place in places:
            if place < 0:  # within the directories: only a slash ends them
                after.add(place)
                if character == "/":
                    after.add(~place + 1)
            elif place < len(steps):
                kind, text = steps[place]
                if kind == "all" or (kind == "any" and character != "/"):
                    after.add(place)
                elif kind == "dirs":
                    after.add(~place)
                    if character == "/":
                        after.add(place + 1)
                elif (
                    (kind == "text" and character == text)
                    or (kind == "one" and character != "/")
                    or (kind == "set" and _compiled(f"[{text}]").fullmatch(character))
                ):
                    after.add(place + 1)
        if not after:
            return False
        places = _with_skips(after, steps)
    return len(steps) in places


def _with_skips(places: set[int], steps: tuple[tuple[str, str], ...]) -> set[int]:
    """The places, and those reached by letting stars stand for nothing."""
    reached = set(places)
    for place in places:
        while 0 <= place < len(steps) and steps[place][0] in ("all", "any", "dirs"):
            place += 1
            reached.add(place)
    return reached


_EXPRESSIONS = {"dirs": "(?:.*/)?", "all": ".*", "any": "[^/]*", "one": "[^/]"}


def _tokens(pattern: str) -> Iterator[tuple[str, str]]:
    """The pattern's parts: dirs (**/ at a component's start), all (**), any (*), one (?), set, or text."""
    start = True  # of a component
    for match in _TOKEN.finditer(pattern):
        dirs, crossing, star, one, chosen, text = match.groups()
        if dirs is not None and start:
            yield "dirs", dirs
        elif dirs is not None:
            yield "all", "**"
            yield "text", "/"
        elif crossing is not None:
            yield "all", crossing
        elif star is not None:
            yield "any", star
        elif one is not None:
            yield "one", one
        elif chosen is not None and chosen not in ("", "!", "^"):
            yield "set", chosen
        else:
            for character in match[0] if text is None else text:
                yield "text", character
        start = match[0].endswith("/")
