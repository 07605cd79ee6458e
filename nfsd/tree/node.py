"""Nodes: the objects of the tree, as protocols see them.

A node is a snapshot: what the catalog said of one object when it was loaded. It never changes. When the
object does, the tree forgets the node, and whoever asks next loads another one. So a protocol may keep what
it encoded of a node in the node itself: it goes with it.

A kind of node is a small class that names its number, `class Runs(Listing, kind=6)`. The numbers are in
file handles, so they are for ever.
"""

from __future__ import annotations

import errno
from collections.abc import Sequence
from enum import IntEnum
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, TypeAlias

from nfsd.tree import names
from nfsd.tree.handle import KIND_BITS, KIND_MASK

if TYPE_CHECKING:
    from nfsd.tree.tree import Tree

KINDS: dict[int, type[Node]] = {}
"""Every kind of node, by its number."""

DIRECTORY_BYTES = 4096
"""The size that a directory shows."""

FIRST_COOKIE = 16
"""Cookies below are for ".", ".." and names that a kind of directory always has; an entry's is its id above
this."""

COOKIE_MAX = 2**63 - 1
NODE_BYTES = 600
"""About what a node costs in memory, tables and encoding included; a file's was measured at 510 bytes."""

_SEARCH_PAGE = 1000


class Type(IntEnum):
    """What a node is to a protocol."""

    FILE = 0
    DIRECTORY = 1
    LINK = 2


ROOT = 1
"""The root's fileid: kind 1, number 0."""


Attributes: TypeAlias = tuple[int, Type, int, int, int]
"""What protocols show of a node: its fileid, type, links, size and changed_ns, as `Node` has them. Plain
tuples, for a listing makes thousands."""

Entry: TypeAlias = tuple[int, str, Attributes]
"""A name in a directory: the cookie that says where a listing goes on after it, the name, and what is shown
of its node."""


class Node:
    """One object of the tree."""

    kind: ClassVar[int]
    type: ClassVar[Type]
    __slots__ = (
        "changed_ns",  # its modification time; moves forward with each change
        "fileid",
        "links",  # how many names it has; a directory counts its "." and its subdirectories' ".."
        "parent",  # the fileid of the directory that it is in
        "settled",  # whether it belongs to something that is over, so that it hardly ever changes
        "shown",  # its key in `Cache.by_handle`, where a client has shown its handle
        "size",  # in bytes
        "wire",  # for the protocol's use
    )

    def __init__(
        self, number: int, parent: int, changed_ns: int, size: int = 0, links: int = 1, settled: bool = False
    ) -> None:
        self.fileid = number << KIND_BITS | self.kind
        self.parent = parent
        self.changed_ns = changed_ns
        self.size = size
        self.links = links
        self.settled = settled
        self.shown: bytes | None = None
        self.wire: Any = None

    def __init_subclass__(cls, kind: int | None = None) -> None:
        if kind is None:
            return
        if kind in KINDS or not 0 < kind <= KIND_MASK:
            raise TypeError(f"{cls.__name__}: kind {kind} is taken or out of range")
        cls.kind = kind
        KINDS[kind] = cls

    @classmethod
    def at(cls, number: int) -> int:
        """The fileid of this kind's node for the object with that id."""
        return number << KIND_BITS | cls.kind

    @property
    def number(self) -> int:
        """The id of the object in the catalog."""
        return self.fileid >> KIND_BITS

    @property
    def weight(self) -> int:
        """About how many bytes of memory it takes."""
        return NODE_BYTES

    @property
    def attributes(self) -> Attributes:
        """What protocols show of it."""
        return self.fileid, self.type, self.links, self.size, self.changed_ns

    @classmethod
    async def load(cls, tree: Tree, number: int) -> Node | None:
        """The node of the object with that id; None where there is no such object, or not any more."""
        raise NotImplementedError


class File(Node):
    """A regular file; `body` is all its bytes where the node has them."""

    type = Type.FILE
    __slots__ = ("body",)

    def __init__(
        self, number: int, parent: int, changed_ns: int, size: int = 0, links: int = 1, settled: bool = False
    ) -> None:
        super().__init__(number, parent, changed_ns, size, links, settled)
        self.body: bytes | None = None

    @property
    def weight(self) -> int:
        return NODE_BYTES + (len(self.body) if self.body else 0)

    async def read(self, tree: Tree, offset: int, count: int) -> bytes | memoryview:
        """At most `count` bytes from `offset` on, fewer only at the end. Never called from the end on."""
        raise NotImplementedError


class Document(File):
    """A small file whose bytes were made with the node, so that its size is theirs."""

    body: bytes
    __slots__ = ()

    def __init__(self, number: int, parent: int, changed_ns: int, body: bytes, settled: bool = False) -> None:
        super().__init__(number, parent, changed_ns, len(body), settled=settled)
        self.body = body

    async def read(self, tree: Tree, offset: int, count: int) -> bytes | memoryview:
        return self.body[offset : offset + count]


class Link(Node):
    """A symbolic link; `target` is relative to the directory that it is in."""

    type = Type.LINK
    __slots__ = ("target",)

    def __init__(self, number: int, parent: int, changed_ns: int, target: str, settled: bool = False) -> None:
        super().__init__(number, parent, changed_ns, len(target.encode()), settled=settled)
        self.target = target


class Directory(Node):
    """A directory; what the tree knows of its names goes with it."""

    type = Type.DIRECTORY
    __slots__ = (
        "names",  # fileids of names that were looked up
        "page_bytes",  # what they take, as the tree counts it
        "pages",  # encoded by a protocol, under keys of its own
    )

    def __init__(
        self, number: int, parent: int, changed_ns: int, subdirectories: int = 0, settled: bool = False
    ) -> None:
        super().__init__(number, parent, changed_ns, DIRECTORY_BYTES, 2 + subdirectories, settled)
        self.names: dict[str, int] = {}
        self.pages: dict[Any, bytes] = {}
        self.page_bytes = 0

    async def child(self, tree: Tree, name: str) -> Node | None:
        """The node that `name` stands for in this directory; None where it stands for nothing."""
        raise NotImplementedError

    async def page(self, tree: Tree, after: int, limit: int) -> list[Entry]:
        """Up to `limit` entries whose cookies are above `after`, in the order of cookies; none at the end.

        `after` is at least 2, the cookie of "..".
        """
        raise NotImplementedError


class Fixed(Directory):
    """A directory whose kind decides its names; `members` gives the fileid of each, in order."""

    __slots__ = ()

    async def members(self, tree: Tree) -> Sequence[tuple[str, int]]:
        """Name and fileid of all there is; 0 for a name that is not there now but keeps its place."""
        raise NotImplementedError

    async def child(self, tree: Tree, name: str) -> Node | None:
        fileid = dict(await self.members(tree)).get(name)
        return await tree.node(fileid) if fileid else None

    async def page(self, tree: Tree, after: int, limit: int) -> list[Entry]:
        entries: list[Entry] = []
        for cookie, (name, fileid) in enumerate(await self.members(tree), 3):
            if fileid and cookie > after and len(entries) < limit:
                entries.append((cookie, name, (await tree.node(fileid)).attributes))
        return entries


class Row(Protocol):
    """What a listing needs of a catalog's row."""

    @property
    def id(self) -> int:
        """Never reused, so a place to go on from."""

    @property
    def name(self) -> str:
        """As the user gave it."""


class Listing(Directory):
    """A directory of the catalog's rows, in the order of their ids."""

    __slots__ = ()

    async def rows(self, tree: Tree, after: int, limit: int) -> Sequence[Any]:
        """Up to `limit` rows with an id above `after`, in the order of ids."""
        raise NotImplementedError

    async def row(self, tree: Tree, name: str) -> Any:
        """The row of that name, or None."""
        raise NotImplementedError

    async def nodes(self, tree: Tree, rows: Sequence[Any], since: int) -> list[Node]:
        """A node for each row; `since` is the tree's count of facts before the rows were read."""
        raise NotImplementedError

    async def child(self, tree: Tree, name: str) -> Node | None:
        since = tree.forgotten
        if names.is_shortened(name):
            row = await self._search(tree, name)
        else:
            original = names.original(name)
            row = None if original is None else await self.row(tree, original)
        return None if row is None else (await self.nodes(tree, [row], since))[0]

    async def page(self, tree: Tree, after: int, limit: int) -> list[Entry]:
        since = tree.forgotten
        rows = await self.rows(tree, max(0, after - FIRST_COOKIE), limit)
        nodes = await self.nodes(tree, rows, since)
        return [
            (row.id + FIRST_COOKIE, names.shown(row.name), node.attributes)
            for row, node in zip(rows, nodes, strict=True)
        ]

    async def _search(self, tree: Tree, name: str) -> Any:
        """The row whose over-long name is shown as `name`: the rows are read one after the other."""
        after = 0
        while rows := await self.rows(tree, after, _SEARCH_PAGE):
            for row in rows:
                if names.shown(row.name) == name:
                    return row
            after = rows[-1].id
        return None


def gone() -> OSError:
    """The error for a handle whose object is no more."""
    return OSError(errno.ESTALE, "the object is gone")
