"""What a preview is made of: the first bytes of a file, its name, and how large the whole is."""

from __future__ import annotations

import codecs
from dataclasses import dataclass

SNIFFED_BYTES = 8192
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


class Unreadable(Exception):
    """The bytes are not what the file's name says; the message is for the reader of the page."""


@dataclass(frozen=True, slots=True)
class Source:
    """The start of a file.

    `data` holds its first bytes, `size` is the size of the whole in bytes.
    """

    name: str
    data: bytes
    size: int

    @property
    def complete(self) -> bool:
        """Whether `data` is the whole file."""
        return len(self.data) >= self.size

    def text(self) -> str:
        """The bytes as text: UTF-8, or UTF-16 where a byte order mark says so. A wrong byte becomes U+FFFD.

        Raises Unreadable when it holds a NUL early, as no text does.
        """
        for mark, encoding in _MARKS:
            if self.data.startswith(mark):
                return self.data.decode(encoding, "replace")
        if b"\0" in self.data[:SNIFFED_BYTES]:
            raise Unreadable("This file is not text.")
        text = self.data.decode("utf-8", "replace")
        # A cut in the middle of a character is ours and not the file's.
        return text if self.complete else text.rstrip("\ufffd")

    def lines(self) -> list[str]:
        """The text's whole lines, without their ends; a line cut off by the limit is left out."""
        lines = self.text().splitlines()
        return lines if self.complete else lines[:-1]
