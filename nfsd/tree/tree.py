"""The tree: one cache of nodes, its one owner, and one way to invalidate.

What is remembered has one budget in bytes: nodes, what directories know of their names, and the pages of
listings that a protocol encoded. Beyond it the oldest nodes go. A page holds attributes of its entries, so
it is dropped when any node of its directory is.

The catalog's sessions for this side never suspend, so that nothing can change between a query and the
keeping of what it gave. Where one does suspend (a remote catalog), `forgotten` tells: what was read before
the last change is used, but not kept.
"""

from __future__ import annotations

import errno
from collections.abc import Awaitable, Callable, Iterable
from typing import Protocol, TypeVar

from nfsd.tree import follow
from nfsd.tree.handle import KIND_BITS, KIND_MASK, Handles
from nfsd.tree.node import COOKIE_MAX, KINDS, Directory, Entry, File, Node, gone
from store.catalog import Catalog, Session, projects
from store.catalog.rows import Change
from store.catalog.topics import Topic
from store.errors import Absent, NoSpace, StoreError, Unavailable

BUDGET_BYTES = 96 << 20
"""What nodes, names and pages may take together, by estimate."""

NAME_BYTES = 120
"""About what a directory pays to remember a name: 117 bytes were measured for one of 15 letters."""

N = TypeVar("N", bound=Node)
T = TypeVar("T")


class Content(Protocol):
    """The bytes of files, as `store.uploads.Content` gives them."""

    async def only_blob(self, version_id: int, size: int) -> str | None:
        """The key of the one blob of `size` bytes that is all of a version; None where there is none such."""

    def at_hand(self, key: str, offset: int, count: int) -> memoryview | None:
        """Bytes of a blob that can be had without waiting; None where they cannot."""

    async def fetch(self, key: str, offset: int, count: int, size: int) -> bytes:
        """Bytes of a blob of `size` bytes, off the loop."""

    async def read(self, version_id: int, offset: int, count: int) -> bytes | memoryview:
        """At most `count` bytes of a version from `offset` on, fewer only at its end."""


class Tree:
    """The namespace over one catalog. Its errors are OSErrors."""

    def __init__(self, catalog: Catalog, content: Content, budget_bytes: int = BUDGET_BYTES) -> None:
        self.id = catalog.id
        self.db: Session = catalog.direct
        self.off_loop: Session = catalog.read
        self.content = content
        self.handles = Handles(catalog.id, catalog.secret)
        self.nodes: dict[int, Node] = {}
        self.by_handle: dict[bytes, Node] = {}
        self.bytes = 0
        self.forgotten = 0
        """Counts the facts that came in: what was read before the last one is not kept."""
        self.dropped = 0
        """Counts nodes that went, for whatever reason: a page that was made meanwhile is not kept."""
        self.kept: Callable[[Node], None] | None = None
        """Is told of every node that is kept, if anybody wants to know."""
        self._budget_bytes = budget_bytes
        self._default: int | None = None
        catalog.follow(self._follow)

    async def node(self, fileid: int) -> Node:
        """The node of a fileid. ESTALE where the object is gone, EAGAIN where the catalog cannot be asked
        now."""
        found = self.nodes.get(fileid)
        if found is not None:
            return found
        since = self.forgotten
        kind = KINDS.get(fileid & KIND_MASK)
        loaded = await self._asked(kind.load(self, fileid >> KIND_BITS)) if kind else None
        if loaded is None:
            raise gone()
        return self.keep(loaded, since)

    async def resolve(self, handle: bytes) -> Node:
        """The node that a file handle names. EBADF and ESTALE as `Handles.fileid`, the rest as `node`."""
        found = self.by_handle.get(handle)
        if found is None:
            found = await self.node(self.handles.fileid(handle))
            if found.handle is None and self.nodes.get(found.fileid) is found:
                found.handle = bytes(handle)
                self.by_handle[found.handle] = found
        return found

    async def lookup(self, directory: Node, name: str) -> Node:
        """The node that a component stands for. ENOTDIR, ENOENT, and as `node`."""
        if not isinstance(directory, Directory):
            raise OSError(errno.ENOTDIR, "not a directory")
        if name == ".":
            return directory
        if name == "..":
            return await self.node(directory.parent)
        known = directory.names.get(name)
        if known is not None:
            return await self.node(known)
        found = await self._asked(directory.child(self, name))
        if found is None:
            raise OSError(errno.ENOENT, f"no {name!r} in this directory")
        if self.nodes.get(directory.fileid) is directory and found.fileid in self.nodes:
            directory.names[name] = found.fileid
            self._charge(NAME_BYTES)
        return found

    async def page(self, directory: Node, after: int, limit: int) -> list[Entry]:
        """Up to `limit` entries of a directory with cookies above `after`, in order, without "." and "..".

        An empty list is the end. ENOTDIR, and as `node`.
        """
        if not isinstance(directory, Directory):
            raise OSError(errno.ENOTDIR, "not a directory")
        if after > COOKIE_MAX:
            return []
        since = self.forgotten
        entries = await self._asked(directory.page(self, max(after, 2), limit))
        if since == self.forgotten and self.nodes.get(directory.fileid) is directory:
            # Who lists looks up next: `find` asks for most names again, one by one.
            before = len(directory.names)
            directory.names.update({name: node.fileid for _, name, node in entries})
            self._charge(NAME_BYTES * (len(directory.names) - before))
        return entries

    def remember_names(self, directory: Directory, entries: list[Entry]) -> None:
        """Have a directory remember what names stand for, so that to look them up asks nobody."""
        if self.nodes.get(directory.fileid) is not directory:
            return
        names, nodes, known = directory.names, self.nodes, len(directory.names)
        for _, name, node in entries:
            if node.fileid in nodes:
                names[name] = node.fileid
        self._charge(NAME_BYTES * (len(names) - known))

    async def read(self, file: Node, offset: int, count: int) -> bytes | memoryview:
        """The bytes of a file from `offset` on, `count` or as many as there are.

        EISDIR, EINVAL for a link, EIO where the store holds less than it promised, and as `node`.
        """
        if not isinstance(file, File):
            directory = isinstance(file, Directory)
            raise OSError(errno.EISDIR if directory else errno.EINVAL, "not a regular file")
        count = min(count, file.size - offset)
        if count <= 0:
            return b""
        data = await self._asked(file.read(self, offset, count))
        if not data:
            raise OSError(errno.EIO, f"nothing to read at {offset} of {file.size} bytes")
        return data

    async def default(self) -> int:
        """The id of the project that the root shows, 0 while there is none."""
        if self._default is None:
            since = self.forgotten
            project = await projects.default(self.db)
            found = project.id if project else 0
            if since != self.forgotten:
                return found
            self._default = found
        return self._default

    async def born_ns(self) -> int:
        """When the catalog was made: the time of what has no other."""
        return await projects.catalog_created_ns(self.db)

    async def view(self, project_id: int) -> int:
        """What runs/, sweeps/ and artifacts/ of a project are numbered by: 0 where the root shows them."""
        return 0 if project_id == await self.default() else project_id

    def handle(self, node: Node) -> bytes:
        """The file handle of a node."""
        return node.handle or self.handles.make(node.fileid)

    def keep(self, node: N, since: int) -> N:
        """The node to use for its fileid: the one that is kept, else `node`, kept from now on.

        `since` is `forgotten` from before the catalog was asked for it.
        """
        kept = self.nodes.get(node.fileid)
        if kept is not None:
            return kept  # type: ignore[return-value]  # a fileid has one kind
        if since == self.forgotten:
            self.nodes[node.fileid] = node
            if self.kept is not None:
                self.kept(node)
            self._charge(node.weight)
        return node

    def keep_page(self, directory: Directory, key: object, page: bytes, since: int) -> None:
        """Have a directory remember an encoded page; `since` is `dropped` from before the page was read."""
        if (
            since == self.dropped
            and self.nodes.get(directory.fileid) is directory
            and key not in directory.pages
        ):
            directory.pages[key] = page
            directory.page_bytes += len(page)
            self._charge(len(page))

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

    def forget_default(self) -> None:
        """Ask anew which project the root shows; another one leaves nothing true of what is kept."""
        self._default = None
        self.forget(KINDS)  # a kind's number is the fileid of its node 0, which is the root's

    def forget_everything(self) -> None:
        """Forget all: facts were missed, or the root shows another project."""
        self.forget(())
        self.nodes.clear()
        self.by_handle.clear()
        self.bytes = 0
        self._default = None

    def _follow(self, changes: list[Change]) -> None:
        stale: set[int] = set()
        for change in changes:
            if change.topic in (Topic.EVERYTHING, Topic.CATALOG):
                self.forget_everything()
                return
            stale.update(follow.stale(change, self._default))
        self.forget(stale)

    def _drop(self, fileid: int) -> None:
        node = self.nodes.pop(fileid, None)
        if node is None:
            return
        self.dropped += 1
        self.bytes -= node.weight
        if node.handle is not None:
            self.by_handle.pop(node.handle, None)
        if isinstance(node, Directory):
            self.bytes -= node.page_bytes + NAME_BYTES * len(node.names)
        parent = self.nodes.get(node.parent)
        if isinstance(parent, Directory) and parent.pages:
            parent.pages.clear()
            self.bytes -= parent.page_bytes
            parent.page_bytes = 0

    def _charge(self, size: int) -> None:
        self.bytes += size
        while self.bytes > self._budget_bytes and len(self.nodes) > 1:
            self._drop(next(iter(self.nodes)))

    async def _asked(self, answer: Awaitable[T]) -> T:
        """What the store answers, its troubles as OSErrors."""
        try:
            return await answer
        except Absent as error:
            raise gone() from error
        except (Unavailable, NoSpace) as error:
            raise OSError(errno.EAGAIN, str(error)) from error
        except StoreError as error:
            raise OSError(errno.EIO, str(error)) from error
