"""An artifact version as the server holds it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from .errors import UsageError
from .hashing import Hasher, hash_range
from .stored_file import StoredFile

if TYPE_CHECKING:
    from .transport import Transport

FOLDER = "artifacts"


class StoredArtifact:
    """One version; its files never change."""

    def __init__(self, transport: Transport, fields: Mapping[str, Any]) -> None:
        self._transport = transport
        self.id: int = fields["id"]
        self.project: str = fields["project"]
        self.type: str = fields["type"]
        self.collection: str = fields["collection"]
        self.version: str = fields["version"]
        self.aliases: list[str] = fields["aliases"]
        self.digest: str = fields["digest"]
        self.description: str = fields["description"]
        self.metadata: dict[str, Any] = fields["metadata"]
        self.size: int = fields["bytes"]
        self.created_at: str = fields["created_at"]

    def __repr__(self) -> str:
        return f"<runfs artifact {self.project}/{self.name}, {self.type}>"

    @property
    def name(self) -> str:
        """COLLECTION:VERSION."""
        return f"{self.collection}:{self.version}"

    def files(self) -> Iterator[StoredFile]:
        """Its files, by path."""
        from .client import pages
        from .transport import path

        for fields in pages(self._transport, path("artifacts", self.id, "files"), {}):
            yield StoredFile(self._transport, fields)

    def download(self, root: str | os.PathLike[str] | None = None) -> str:
        """Write its files below `root` (default: ./artifacts/COLLECTION:VERSION); its absolute path.

        A file that is there with the right content is kept, another is replaced.
        """
        folder = os.path.abspath(os.path.join(FOLDER, self.name) if root is None else root)
        os.makedirs(folder, exist_ok=True)
        for file in self.files():
            if not _holds(os.path.join(folder, *file.name.split("/")), file):
                file.download(folder, replace=True)
        return folder


def _holds(local: str, file: StoredFile) -> bool:
    try:
        if os.path.getsize(local) != file.size:
            return False
        with open(local, "rb") as opened:
            return hash_range(opened, 0, file.size, Hasher(md5=False)).digest().sha256 == file.sha256
    except OSError:
        return False


def find(transport: Transport, name: str, project: str | None, type: str | None = None) -> StoredArtifact:
    """The version that "COLLECTION:VERSION", "COLLECTION:ALIAS" or "COLLECTION" (latest) means.

    "ENTITY/PROJECT/" may stand before it. UsageError for another form or another type.
    """
    from .transport import path

    *before, last = name.split("/")
    collection, _, version = last.partition(":")
    if len(before) not in (0, 2) or not collection:
        raise UsageError(f"{name!r} names no artifact: write NAME:VERSION or ENTITY/PROJECT/NAME:VERSION")
    where = path("artifacts", "collections", collection, "versions", version or "latest")
    fields = transport.call("GET", where, query={"project": "/".join(before) or project})
    if type is not None and fields["type"] != type:
        raise UsageError(f"{name!r} is of type {fields['type']}, not {type}")
    return StoredArtifact(transport, fields)
