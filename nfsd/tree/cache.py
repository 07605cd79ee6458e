"""What a tree remembers: nodes by fileid, within one budget in bytes, and one way to forget.

A listing of files leaves rows in their place: most are listed only, and a node takes longer to make than all
else of an entry. `known` makes the node when somebody asks for it.

Counted are nodes, what directories know of their names, and the pages that a protocol encoded. Beyond the
budget the oldest nodes go, but not those that are asked for. A node whose turn it is loses its place in
`by_handle`; if it had one, a client has shown its handle since its last turn, and it stays for another. That
costs nothing while there is room, and a walk through a million other names leaves a directory that is in use
where it is.

A page holds attributes of its entries, so it is dropped when any node of its directory is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from itertools import islice
from typing import Protocol, TypeAlias, TypeVar

from nfsd.tree.handle import KIND_BITS, KIND_MASK, OPAQUE, Handles
from nfsd.tree.node import NODE_BYTES, Directory, File, Node
from store.catalog.session import Row

BUDGET_BYTES = 96 << 20
"""What nodes, names and pages may take together, by estimate."""

NAME_BYTES = 120
"""About what a directory pays to remember a name: 117 bytes were measured for one of 15 letters."""

PAGE_BYTES = 200
"""About what a directory pays to remember a page besides its bytes: its key, and the places of both. 140 were
measured for LOOKUP, 190 for READDIR, 225 for READDIRPLUS. A client that asks for what is behind the end, from
one cookie after the other, is given a page of 16 bytes each time."""

ROOM_SHARE = 256
"""Making room frees this part of the budget at once. A dict walks past all that was deleted before its
first: one node at a time that took 300 us each at 140,000 nodes."""

SPARED_AT_ONCE = 1024
"""How many nodes may stay for another turn while room is made once: the loop waits for it, half a ms."""

N = TypeVar("N", bound=Node)


class Place(Protocol):
    """What rows need of the directory that they were listed in. Not the directory: rows outlive it."""

    @property
    def fileid(self) -> int:
        """The directory's."""

    def made(self, row: Row) -> Node:
        """The node of a row."""


Listed: TypeAlias = tuple[Place, Row]
"""What a listing read of an entry, of which its node is made when somebody asks for it. It is counted as
that node."""


class Cache:
    """Nodes, and whatever was encoded of them; `handles` tells what a handle names."""

    def __init__(self, handles: Handles, budget_bytes: int) -> None:
        self.handles = handles
        self.nodes: dict[int, Node | Listed] = {}
        self.by_handle: dict[bytes, Node] = {}
        """Nodes by their handles with the length before them, as XDR has opaque data in a call."""
        self.bytes = 0
        self.forgotten = 0
        """Counts the facts that came in: what was read before the last one is not kept."""
        self.dropped = 0
        """Counts nodes that went, for whatever reason: a page that was made meanwhile is not kept."""
        self.kept: Callable[[Node], None] | None = None
        """Is told of every node that is kept, if anybody wants to know."""
        self._budget_bytes = budget_bytes
        self._room_bytes = budget_bytes // ROOM_SHARE
        self._default: int | None = None
        """The project that the root shows, 0 for none; None while that is not known."""

    def handle(self, node: Node) -> bytes:
        """The file handle of a node."""
        return node.shown[4:] if node.shown else self.handles.make(node.fileid)

    def met(self, opaque: bytes) -> Node | None:
        """The node that is kept for a handle with its length before it, in `by_handle` from now on; None for
        any other bytes, and where nothing is kept.

        Who listed a directory comes back with handles that nobody has shown yet.
        """
        if opaque[:4] != OPAQUE:
            return None
        try:
            found = self.known(self.handles.fileid(opaque[4:]))
        except OSError:
            return None
        if found is not None:
            self.show(found, opaque)
        return found

    def known(self, fileid: int) -> Node | None:
        """The node that is kept for a fileid, made now where only a row is."""
        found = self.nodes.get(fileid)
        if isinstance(found, tuple):
            place, row = found
            found = self.nodes[fileid] = place.made(row)
        return found

    def show(self, node: Node, opaque: bytes) -> None:
        """Have a node found by its handle, which a client has shown."""
        if node.shown is None and self.nodes.get(node.fileid) is node:
            node.shown = opaque
            self.by_handle[opaque] = node

    def keep(self, node: N, since: int) -> N:
        """The node to use for its fileid: the one that is kept, else `node`, kept from now on.

        `since` is `forgotten` from before the catalog was asked for it.
        """
        # Somebody may have been first: a listing, or who asked a remote catalog at the same time. Handles
        # lead to that one already.
        kept = self.known(node.fileid)
        if kept is not None:
            return kept  # type: ignore[return-value]  # a fileid has one kind
        if since == self.forgotten:
            self.nodes[node.fileid] = node
            if self.kept is not None:
                self.kept(node)
            self._charge(node.weight)
        return node

    def keep_rows(self, place: Place, fileids: Iterable[int], rows: Iterable[Row], since: int) -> None:
        """Keep rows that a listing read, for `known` to make their nodes; `since` as for `keep`."""
        if since != self.forgotten:
            return
        nodes, entries = self.nodes, zip(fileids, rows, strict=True)
        new = {fileid: (place, row) for fileid, row in entries if fileid not in nodes}
        nodes.update(new)
        if self.kept is not None:
            for fileid, (_, row) in new.items():
                self.nodes[fileid] = node = place.made(row)
                self.kept(node)
        self._charge(NODE_BYTES * len(new))

    def keep_names(self, directory: Directory, names: Mapping[str, int]) -> None:
        """Have a directory remember the fileids that names stand for, so that to look them up asks nobody."""
        if self.nodes.get(directory.fileid) is directory:
            known = len(directory.names)
            directory.names.update(names)
            self._charge(NAME_BYTES * (len(directory.names) - known))

    def keep_page(self, directory: Directory, key: object, page: bytes, since: int) -> None:
        """Have a directory remember an encoded page; `since` is `dropped` from before the page was read."""
        if (
            since == self.dropped
            and self.nodes.get(directory.fileid) is directory
            and key not in directory.pages
        ):
            size = PAGE_BYTES + len(page)
            directory.pages[key] = page
            directory.page_bytes += size
            self._charge(size)

    def keep_body(self, file: File, body: bytes) -> None:
        """Have a file remember all its bytes."""
        if file.body is None and self.nodes.get(file.fileid) is file:
            file.body = body
            self._charge(len(body))

    def forget(self, fileids: Iterable[int]) -> None:
        """Forget these nodes, and what was encoded of the directories that they are in."""
        self.forgotten += 1
        self.dropped += 1
        for fileid in fileids:
            self._drop(fileid)

    def forget_everything(self) -> None:
        """Forget all: facts were missed, or the root shows another project."""
        self.forget(())
        self.nodes.clear()
        self.by_handle.clear()
        self.bytes = 0
        self._default = None

    def _drop(self, fileid: int) -> None:
        node = self.nodes.pop(fileid, None)
        if node is None:
            return
        self.dropped += 1
        if isinstance(node, tuple):
            self.bytes -= NODE_BYTES
            self._drop_pages(node[0].fileid)
            return
        self.bytes -= node.weight
        if node.shown is not None:
            self.by_handle.pop(node.shown, None)
        if isinstance(node, Directory):
            self.bytes -= node.page_bytes + NAME_BYTES * len(node.names)
        self._drop_pages(node.parent)
        if self._default and node.parent <= KIND_MASK:  # see nodes/view.py: the same entries are in two
            self._drop_pages(self._default << KIND_BITS | node.parent)

    def _drop_pages(self, fileid: int) -> None:
        directory = self.nodes.get(fileid)
        if isinstance(directory, Directory) and directory.pages:
            directory.pages.clear()
            self.bytes -= directory.page_bytes
            directory.page_bytes = 0

    def _charge(self, size: int) -> None:
        self.bytes += size
        if self.bytes > self._budget_bytes:
            self._make_room()

    def _make_room(self) -> None:
        """Drop the oldest nodes until the budget holds and there is room for some more."""
        goal, spared = self._budget_bytes - self._room_bytes, 0
        while self.bytes > goal and self.nodes:
            for fileid, node in list(islice(self.nodes.items(), SPARED_AT_ONCE)):
                if isinstance(node, Node) and node.shown is not None and spared < SPARED_AT_ONCE:
                    spared += 1
                    del self.by_handle[node.shown]
                    node.shown = None
                    self.nodes[fileid] = self.nodes.pop(fileid)
                else:
                    self._drop(fileid)
                if self.bytes <= goal:
                    break
