"""The tree: what is asked of it is answered from its cache or from the catalog, whose changes it follows.

The catalog's sessions for this side never suspend, so that nothing can change between a query and the
keeping of what it gave. Where one does suspend (a remote catalog), `forgotten` tells: what was read before
the last change is used, but not kept.
"""

from __future__ import annotations

import errno
from collections.abc import Awaitable
from typing import Protocol, TypeVar

from nfsd.tree import follow
from nfsd.tree.cache import BUDGET_BYTES, Cache
from nfsd.tree.handle import KIND_BITS, KIND_MASK, OPAQUE, Handles
from nfsd.tree.node import COOKIE_MAX, KINDS, Directory, Entry, File, Node, gone
from store.catalog import Catalog, Session, projects
from store.catalog.rows import Change
from store.catalog.topics import Topic
from store.errors import Absent, NoSpace, StoreError, Unavailable

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


class Tree(Cache):
    """The namespace over one catalog. Its errors are OSErrors."""

    def __init__(self, catalog: Catalog, content: Content, budget_bytes: int = BUDGET_BYTES) -> None:
        super().__init__(Handles(catalog.id, catalog.secret), budget_bytes)
        self.id = catalog.id
        self.db: Session = catalog.direct
        self.off_loop: Session = catalog.read
        self.content = content
        catalog.follow(self._follow)

    async def node(self, fileid: int) -> Node:
        """The node of a fileid. ESTALE where the object is gone, EAGAIN where the catalog cannot be asked
        now."""
        found = self.known(fileid)
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
        opaque = OPAQUE + handle
        found = self.by_handle.get(opaque)
        if found is None:
            found = await self.node(self.handles.fileid(handle))
            self.show(found, opaque)
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
        self.keep_names(directory, {name: found.fileid})
        return found

    async def page(self, directory: Node, after: int, limit: int) -> list[Entry]:
        """Up to `limit` entries of a directory with cookies above `after`, in order, without "." and "..".

        An empty list is the end. ENOTDIR, and as `node`.
        """
        if not isinstance(directory, Directory):
            raise OSError(errno.ENOTDIR, "not a directory")
        if after > COOKIE_MAX:
            return []
        entries = await self._asked(directory.page(self, max(after, 2), limit))
        # Who lists looks up next: `find` asks for most names again, one by one. A directory that was
        # forgotten meanwhile keeps none: one of them may stand for something else by now.
        self.keep_names(directory, {name: attributes[0] for _, name, attributes in entries})
        return entries

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

    def forget_default(self) -> None:
        """Ask anew which project the root shows; another one leaves nothing true of what is kept."""
        self._default = None
        self.forget(KINDS)  # a kind's number is the fileid of its node 0, which is the root's

    def _follow(self, changes: list[Change]) -> None:
        stale: set[int] = set()
        for change in changes:
            if change.topic in (Topic.EVERYTHING, Topic.CATALOG):
                self.forget_everything()
                return
            stale.update(follow.stale(change, self._default))
        self.forget(stale)

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
