"""A file as the server holds it: described, downloaded whole and verified, deleted."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from .download import Source, save
from .errors import FileExists
from .names import check_path

if TYPE_CHECKING:
    from .transport import Transport


class StoredFile:
    """One file of a run or an artifact; `name` is its whole path there."""

    def __init__(self, transport: Transport, fields: Mapping[str, Any]) -> None:
        self._transport = transport
        self.id: int = fields["id"]
        self.name: str = fields["path"]
        self.size: int = fields["size"]
        self.content_type: str = fields["content_type"]
        self.md5: str | None = fields["md5"]
        self.sha256: str | None = fields["sha256"]
        self.description: str = fields["description"]
        self.tags: list[str] = fields["tags"]
        self.version: int = fields["version"]
        self.created_at: str = fields["created_at"]
        self.updated_at: str = fields["updated_at"]

    def __repr__(self) -> str:
        return f"<runfs file {self.name}, {self.content_type}, {self.size} bytes>"

    @property
    def _content(self) -> str:
        from .transport import path

        return path("runs", "files", self.id, "content")

    @property
    def url(self) -> str:
        """Where its content is, for a request with the API key."""
        return self._transport.url + self._content

    def download(
        self, root: str | os.PathLike[str] = ".", replace: bool = False, exist_ok: bool = False
    ) -> str:
        """Write the content below `root`, in the folders that its name says; the absolute path of the copy.

        A file that is there raises FileExists, unless it may be replaced or, with `exist_ok`, is taken as it
        is. The copy appears only when it is whole and its SHA-256 is right (Mismatch otherwise).
        """
        check_path(self.name)  # a name from elsewhere never leads out of `root`
        local = os.path.abspath(os.path.join(root, *self.name.split("/")))
        if os.path.lexists(local) and not replace:
            if exist_ok:
                return local
            raise FileExists(
                f"{local} is there already: pass replace=True to overwrite it or exist_ok=True to keep it"
            )
        os.makedirs(os.path.dirname(local), exist_ok=True)
        save(Source(self._transport, self.id, self.version, self.size), self.sha256, local)
        return local

    def delete(self) -> None:
        """Delete the file from the server."""
        from .transport import path

        self._transport.call("DELETE", path("runs", "files", self.id))
