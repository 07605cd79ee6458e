"""files/ of a run or of an artifact version: real directories, and files whose bytes are in the store."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from nfsd.tree import names
from nfsd.tree.handle import KIND_BITS
from nfsd.tree.node import FIRST_COOKIE, Entry, File, Listing, Node
from store.catalog import artifacts, entries, filesets, runs, versions
from store.catalog.entries import Listed
from store.catalog.rows import Entry as EntryRow
from store.errors import Absent

if TYPE_CHECKING:
    from nfsd.tree.tree import Tree

RUN = 7
"""The kind of the directory above files/ of a run, `nfsd.tree.nodes.run.RunDirectory`."""

ARTIFACT = 25
"""The kind of the directory above files/ of an artifact version,
`nfsd.tree.nodes.artifacts.ArtifactDirectory`."""


SMALL_BYTES = 16 << 10
"""Files up to this size are kept whole once they were read: cheaper than to map each of them."""


class Names(Listing):
    """A directory of entries."""

    fileset_id: int
    entry_id: int  # 0 for files/ itself
    __slots__ = ("entry_id", "fileset_id")

    async def rows(self, tree: Tree, after: int, limit: int) -> Sequence[Listed]:
        return await entries.page(tree.db, self.fileset_id, self.entry_id, after, limit)

    async def row(self, tree: Tree, name: str) -> Listed | None:
        return await entries.by_name(tree.db, self.fileset_id, self.entry_id, name)

    async def nodes(self, tree: Tree, rows: Sequence[Listed], since: int) -> list[Node]:
        parent, settled = self.fileid, self.settled
        return [
            tree.keep(
                Subdirectory(
                    entry.id, parent, entry.changed_ns, entry.subdirectories, settled, self.fileset_id
                )
                if version is None
                else StoredFile(version.id, parent, version.changed_ns, version.size, 1, settled),
                since,
            )
            for entry, version in rows
        ]

    async def page(self, tree: Tree, after: int, limit: int) -> list[Entry]:
        # The longest listings by far are of files, so this is `Listing.page` without its whole rows.
        since = tree.forgotten
        last = max(0, after - FIRST_COOKIE)
        rows = await entries.names(tree.db, self.fileset_id, self.entry_id, last, limit)
        known, parent, settled = tree.nodes.get, self.fileid, self.settled
        found: list[Entry] = []
        new: list[Node] = []
        node: Node | None
        for (number, _, version_id, size, changed_ns, subdirectories), name in zip(
            rows, names.all_shown([row[1] for row in rows]), strict=True
        ):
            if version_id is None:
                node = known(number << KIND_BITS | Subdirectory.kind)
                if node is None:
                    node = Subdirectory(number, parent, changed_ns, subdirectories, settled, self.fileset_id)
                    new.append(node)
            else:
                node = known(version_id << KIND_BITS | StoredFile.kind)
                if node is None:
                    node = StoredFile(version_id, parent, changed_ns, size, 1, settled)
                    new.append(node)
            found.append(Entry(number + FIRST_COOKIE, name, node))
        tree.keep_all(new, since)
        return found


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


class Subdirectory(Names, kind=12):
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


class StoredFile(File, kind=13):
    """One version of a file. An older one stays readable by its handle, but has no name left.

    Its link count is 0 then: a Linux client that opens a path again within the 30 s for which it believes in
    the name asks for the attributes alone, and looks the name up anew only if it sees that count.

    `blob` is the key of the one blob that is all of it, "" where that is not known or there is none such.
    """

    __slots__ = ("blob",)

    def __init__(
        self, number: int, parent: int, changed_ns: int, size: int, links: int, settled: bool = False
    ) -> None:
        # Written out, for a cold listing makes one an entry: three constructors took twice the time.
        self.fileid = number << KIND_BITS | self.kind
        self.parent = parent
        self.changed_ns = changed_ns
        self.size = size
        self.links = links
        self.settled = settled
        self.shown = self.wire = self.body = None
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
