"""The interface of every blob store: immutable bytes under keys that the server chooses.

A blob appears whole or not at all: `commit` gives only once its bytes and its name are durable. A key is
written once and never again with other bytes, so whoever read a blob may keep what it read for as long as it
likes.
"""

import secrets
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

from store.errors import Mismatch, Refused, StoreError

OWNER = "catalog"
"""The file or object beside the blobs that says whose they are."""


class Stored(NamedTuple):
    """A blob that is durable, as measured."""

    key: str
    size: int
    sha256: bytes
    md5: bytes | None  # None when it was not asked for


class Expected(NamedTuple):
    """What was announced of bytes to come; None where nothing was said."""

    size: int | None = None
    sha256: bytes | None = None
    md5: bytes | None = None

    def check(self, size: int, sha256: bytes | None, md5: bytes | None) -> None:
        """Mismatch unless what was measured is what was announced; a hash not measured is not compared."""
        if self.size is not None and size != self.size:
            raise Mismatch(f"{size} bytes came, {self.size} were announced; nothing was stored")
        for name, announced, measured in (("SHA-256", self.sha256, sha256), ("MD5", self.md5, md5)):
            if announced is not None and measured is not None and announced != measured:
                raise Mismatch(
                    f"the {name} of what came is {measured.hex()}, not {announced.hex()} as announced;"
                    " nothing was stored"
                )


ANYTHING = Expected()


class Whole(NamedTuple):
    """A small blob that is in memory, and what was announced of it."""

    key: str
    data: bytes | memoryview
    expected: Expected


class Signed(NamedTuple):
    """A URL for one purpose, and the headers that have to be sent with it just so."""

    url: str
    method: str
    headers: dict[str, str]


class Found(NamedTuple):
    """A blob that a store holds."""

    key: str
    size: int
    mtime_ns: int


class Piece(NamedTuple):
    """A part of a multipart upload that the store holds; numbers count from 1."""

    number: int
    size: int
    etag: str


class BlobWriter(Protocol):
    """A blob on its way in. After an error, and instead of commit, `abort` takes away what was written."""

    async def write(self, chunk: bytes | memoryview) -> None:
        """Take more bytes; they must not change afterwards. Errors: NoSpace, Unavailable."""

    async def commit(self, expected: Expected = ANYTHING) -> Stored:
        """Make it durable, then visible, if it is what was expected.

        Errors: Mismatch, NoSpace, Unavailable; after one of them nothing is stored.
        """

    async def abort(self) -> None:
        """Give up; nothing is left. Harmless after commit or a second time."""


class PieceWriter(Protocol):
    """One part of a multipart upload on its way in."""

    async def write(self, chunk: bytes | memoryview) -> None:
        """Take more bytes; they must not change afterwards. Errors: NoSpace, Unavailable."""

    async def commit(self, expected: Expected = ANYTHING) -> Piece:
        """Make the part durable, if it is what was expected. Errors: Mismatch, NoSpace, Unavailable."""

    async def abort(self) -> None:
        """Give up. Harmless after commit or a second time."""


class Blobs(Protocol):
    """A blob store. Any call may raise Unavailable; those that write, NoSpace too."""

    async def writer(self, key: str, *, size: int | None = None, md5: bool = True) -> BlobWriter:
        """Begin to write a blob; `size` is what is expected, to refuse early what has no room."""

    async def put_all(self, blobs: Sequence[Whole]) -> list[Stored | StoreError]:
        """Make many small blobs durable, with MD5; each has its own outcome, in the order given."""

    async def claim(self, owner: str) -> str:
        """Whose blobs these are: from the first claim on that owner's, durably."""

    async def check(self) -> None:
        """Unavailable, soon, while the store does not answer."""

    async def read(self, key: str, offset: int, count: int, size: int | None = None) -> bytes:
        """At most `count` bytes from `offset` on, fewer only at the end. Absent without such a blob.

        Whoever knows the blob's `size` says so: a remote store then asks for nothing beyond its end, and can
        verify a blob that it gives whole.
        """

    def view(self, key: str) -> memoryview | None:
        """The whole blob, mapped; None when it is not on this machine or not there. Valid for as long as
        held.
        """

    def path(self, key: str) -> Path | None:
        """Where the blob's file is, for sendfile; None when it is not on this machine."""

    async def size(self, key: str) -> int | None:
        """The blob's size in bytes, None when there is none."""

    async def delete(self, key: str) -> None:
        """Take the blob away; harmless when there is none."""

    def keys(self) -> AsyncIterator[Found]:
        """All blobs, in the order of their keys."""

    async def begin_pieces(self, key: str) -> str:
        """Begin a multipart upload that will become the blob `key`; its id."""

    async def piece_writer(self, key: str, multipart_id: str, number: int, offset: int) -> PieceWriter:
        """Begin to write part `number`, which starts at `offset` of the blob."""

    async def join(self, key: str, multipart_id: str, pieces: Sequence[Piece], *, md5: bool = True) -> Stored:
        """Make the blob of its parts, durably, reading all of it once to measure it.

        Joining what was joined gives the same. Absent when neither the parts nor the blob are there.
        """

    async def pieces(self, key: str, multipart_id: str) -> list[Piece] | None:
        """The parts that the store says it has; None when only the catalog knows. Absent without such an
        upload.
        """

    async def measure(self, key: str, expected: Expected) -> Stored | None:
        """A blob that a client put with a signed URL, for which `expected` was signed; None without one."""

    def sign_put(self, key: str, expected: Expected, expires_s: int) -> Signed | None:
        """A URL that takes just the expected bytes (size and SHA-256 are known), once.

        None when the store has no URLs of its own: then the sidecar takes them.
        """

    def sign_piece(
        self, key: str, multipart_id: str, number: int, size: int, expires_s: int
    ) -> Signed | None:
        """A URL that takes one part; None as above."""

    def sign_get(self, key: str, headers: Mapping[str, str], expires_s: int) -> Signed | None:
        """A URL that gives a blob with this Content-Type and Content-Disposition; None as above."""

    async def drop_pieces(self, key: str, multipart_id: str) -> None:
        """Give up a multipart upload; harmless when there is none."""

    async def clear_unfinished(self, before_ns: int, keep: Collection[str] = ()) -> int:
        """Take away what writers left that died before that time; how many.

        So too what a remote store has of multipart uploads, but for those that make the blobs in `keep`.
        """

    async def close(self) -> None:
        """Let go of files, threads and connections."""


def check_key(key: str) -> str:
    """The key itself; Refused unless `new_key` could have made it.

    The last door before a disk or a bucket.
    """
    if not is_key(key):
        raise Refused(f"{key!r} is no blob key")
    return key


def is_key(name: str) -> bool:
    """Whether `new_key` could have made it."""
    return len(name) == 32 and _HEX.issuperset(name)


_HEX = frozenset("0123456789abcdef")


def new_key() -> str:
    """A fresh key: 128 random bits in hexadecimal. It tells nothing about the content or who stored it."""
    return secrets.token_hex(16)
