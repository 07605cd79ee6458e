"""files/ of a run or of an artifact version: real directories, and files whose bytes are in the store."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from nfsd.tree import names
from nfsd.tree.handle import KIND_BITS
from nfsd.tree.node import DIRECTORY_BYTES, FIRST_COOKIE, Entry, File, Listing, Node, Type
from store.catalog import artifacts, entries, filesets, runs, versions
from store.catalog.entries import Name
from store.catalog.rows import Entry as EntryRow
from store.catalog.session import Row
from store.errors import Absent

if TYPE_CHECKING:
    from nfsd.tree.tree import Tree

RUN = 7
"""The kind of the directory above files/ of a run, `nfsd.tree.nodes.run.RunDirectory`."""

ARTIFACT = 25
"""The kind of the directory above files/ of an artifact version,
`nfsd.tree.nodes.artifacts.ArtifactDirectory`."""

SUBDIRECTORY, STORED_FILE = 12, 13
"""The kinds of what is in these directories."""

SMALL_BYTES = 16 << 10
"""Files up to this size are kept whole once they were read: cheaper than to map each of them."""


class Place(NamedTuple):
    """A directory of entries, as far as its entries' nodes depend on it (`nfsd.tree.cache.Place`)."""

    fileid: int
    fileset_id: int
    settled: bool

    def made(self, row: Row) -> Node:
        """The node of an entry, from the values of its Name."""
        number, _, version_id, size, changed_ns = row
        if version_id is None:
            return Subdirectory(number, self.fileid, changed_ns, size, self.settled, self.fileset_id)
        return StoredFile(version_id, self.fileid, changed_ns, size, settled=self.settled)


class Names(Listing):
    """A directory of entries."""

    fileset_id: int
    entry_id: int  # 0 for files/ itself
    __slots__ = ("entry_id", "fileset_id")

    @property
    def place(self) -> Place:
        """What its entries need of it."""
        return Place(self.fileid, self.fileset_id, self.settled)

    async def rows(self, tree: Tree, after: int, limit: int) -> Sequence[Name]:
        return [*map(Name._make, await self._names(tree, after, limit))]

    async def row(self, tree: Tree, name: str) -> Name | None:
        return await entries.named(tree.db, self.fileset_id, self.entry_id, name)

    async def nodes(self, tree: Tree, rows: Sequence[Name], since: int) -> list[Node]:
        place = self.place
        return [tree.keep(place.made(row), since) for row in rows]

    async def page(self, tree: Tree, after: int, limit: int) -> list[Entry]:
        # The longest listings by far are of files, so their rows become entries without nodes between.
        since = tree.forgotten
        rows = await self._names(tree, max(0, after - FIRST_COOKIE), limit)
        directory, file = Type.DIRECTORY, Type.FILE
        found: list[Entry] = []
        fileids = []
        for (number, _, version_id, size, changed_ns), name in zip(
            rows, names.all_shown([row[1] for row in rows]), strict=True
        ):
            if version_id is None:
                fileid = number << KIND_BITS | SUBDIRECTORY
                attributes = fileid, directory, 2 + size, DIRECTORY_BYTES, changed_ns
            else:
                fileid = version_id << KIND_BITS | STORED_FILE
                attributes = fileid, file, 1, size, changed_ns
            fileids.append(fileid)
            found.append((number + FIRST_COOKIE, name, attributes))
        tree.keep_rows(self.place, fileids, rows, since)
        return found

    async def _names(self, tree: Tree, after: int, limit: int) -> list[Row]:
        return await entries.names(tree.db, self.fileset_id, self.entry_id, after, limit)


class Files(Names, kind=11):
    """files/ itself."""

    __slots__ = ()

    @classmethod
    async def load(cls, tree: Tree, number: int) -> Node | None:
        fileset = await filesets.by_id(tree.db, number)
        run = await runs.by_fileset(tree.db, number)
        artifact = None if run else await artifacts.by_fileset(tree.db, number)
        if fileset is None or (run is None and artifact is None):
            return None
        parent = run.id << KIND_BITS | RUN if run else artifact.id << KIND_BITS | ARTIFACT if artifact else 0
        over = run is None or run.state in runs.ENDED
        node = cls(number, parent, fileset.changed_ns, fileset.subdirectories, over)
        node.fileset_id, node.entry_id = number, 0
        return node


class Subdirectory(Names, kind=SUBDIRECTORY):
    """A directory below files/."""

    __slots__ = ()

    def __init__(
        self, number: int, parent: int, changed_ns: int, subdirectories: int, settled: bool, fileset_id: int
    ) -> None:
        super().__init__(number, parent, changed_ns, subdirectories, settled)
        self.fileset_id, self.entry_id = fileset_id, number

    @classmethod
    async def load(cls, tree: Tree, number: int) -> Node | None:
        listed = await entries.by_id(tree.db, number)
        if listed is None or listed.version is not None:
            return None
        entry = listed.entry
        return cls(
            number, directory_of(entry), entry.changed_ns, entry.subdirectories, False, entry.fileset_id
        )


class StoredFile(File, kind=STORED_FILE):
    """One version of a file. An older one stays readable by its handle, but has no name left.

    Its link count is 0 then: a Linux client that opens a path again within the 30 s for which it believes in
    the name asks for the attributes alone, and looks the name up anew only if it sees that count.

    `blob` is the key of the one blob that is all of it, "" where that is not known or there is none such.
    """

    __slots__ = ("blob",)

    def __init__(
        self, number: int, parent: int, changed_ns: int, size: int, links: int = 1, settled: bool = False
    ) -> None:
        super().__init__(number, parent, changed_ns, size, links, settled)
        self.blob = ""

    @classmethod
    async def load(cls, tree: Tree, number: int) -> Node | None:
        version = await versions.by_id(tree.db, number)
        if version is None:
            return None
        listed = await entries.by_id(tree.db, version.entry_id)
        parent = directory_of(listed.entry) if listed else Files.at(version.fileset_id)
        is_current = listed is not None and listed.entry.version_id == number
        links = 1 if is_current and version.retired_ns is None else 0
        return cls(number, parent, version.changed_ns, version.size, links)

    async def read(self, tree: Tree, offset: int, count: int) -> bytes | memoryview:
        if self.body is not None:
            return self.body[offset : offset + count]
        content = tree.content
        if self.size <= SMALL_BYTES:
            whole = bytes(await content.read(self.number, 0, self.size))
            if len(whole) == self.size:
                tree.keep_body(self, whole)
            return whole[offset : offset + count]
        if not self.blob:
            self.blob = await content.only_blob(self.number, self.size) or ""
        if not self.blob:
            return await content.read(self.number, offset, count)
        data = content.at_hand(self.blob, offset, count)
        if data is not None:
            return data
        try:
            return await content.fetch(self.blob, offset, count, self.size)
        except Absent:  # moved since, or lost: the catalog knows where to look now
            return await content.read(self.number, offset, count)


def directory_of(entry: EntryRow) -> int:
    """The fileid of the directory that an entry is in."""
    return Subdirectory.at(entry.parent_id) if entry.parent_id else Files.at(entry.fileset_id)
