"""Terminal output as HTML: colours become classes, everything else that steers a terminal goes."""

from __future__ import annotations

import re
from html import escape

# ECMA-48 s5.4: a control sequence is ESC [, parameters, intermediates, one final byte. Only SGR ("m",
# s8.3.117) means anything here. OSC strings (titles, links) and the two-byte escapes are dropped.
_ESCAPE = re.compile(r"\x1b(?:\[([0-9;:]*)[ -/]*([@-~])|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_NAMES = ("black", "red", "green", "yellow", "blue", "magenta", "cyan", "white")


def to_html(line: str) -> str:
    """One line's HTML. Of a line that returns to its start (a progress bar) the last state is kept."""
    line = line.rstrip("\r").rpartition("\r")[2]
    if "\x1b" not in line:
        return escape(_CONTROL.sub("", line))
    out: list[str] = []
    classes: dict[str, str] = {}
    end = 0
    for match in _ESCAPE.finditer(line):
        _add(out, line[end : match.start()], classes)
        end = match.end()
        if match[2] == "m":
            _select(classes, match[1])
    _add(out, line[end:], classes)
    return "".join(out)


def _add(out: list[str], text: str, classes: dict[str, str]) -> None:
    text = escape(_CONTROL.sub("", text))
    if text and classes:
        out.append(f'<span class="{" ".join(sorted(classes.values()))}">{text}</span>')
    elif text:
        out.append(text)


def _select(classes: dict[str, str], parameters: str) -> None:
    """Apply one SGR sequence to the classes in force."""
    codes = [int(code) if code.isdigit() and len(code) < 4 else 0 for code in re.split("[;:]", parameters)]
    position = 0
    while position < len(codes):
        code = codes[position]
        position += 1
        if code == 0:
            classes.clear()
        elif code == 1:
            classes["weight"] = "ansi-bold"
        elif code == 3:
            classes["slant"] = "ansi-italic"
        elif code == 22:
            classes.pop("weight", None)
        elif code == 23:
            classes.pop("slant", None)
        elif 30 <= code <= 37 or 90 <= code <= 97:
            classes["colour"] = f"ansi-{_NAMES[code % 10]}"
        elif code == 39:
            classes.pop("colour", None)
        elif code in (38, 48):
            # 256 colours (5;n) or RGB (2;r;g;b): skipped, as our two themes have eight names only.
            position += {5: 2, 2: 4}.get(codes[position] if position < len(codes) else 0, 0)
