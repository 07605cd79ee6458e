"""How each HTTP server of the bench takes one large file, gives it back and forgets it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from benches import http_peers, transfer
from benches.api import Api


class Door(Protocol):
    """How one server takes a file, gives it back and forgets it."""

    def put(self, name: str, source: Path, digest: str) -> None:
        """Sends it; returns when readers see it."""

    def where(self, name: str) -> tuple[str, Mapping[str, str]]:
        """The URL to GET it from, and the headers to ask with."""

    def delete(self, name: str) -> None:
        """Frees its bytes."""


@dataclass(frozen=True, slots=True)
class Ours:
    """A run for each file."""

    api: Api

    def put(self, name: str, source: Path, digest: str) -> None:
        """A run made, its file asked for, sent and registered."""
        self.api.create_run(name)
        upload = self.api.request_upload(name, "large.bin", source.stat().st_size, digest)
        for part in upload["parts"] or []:
            transfer.put(part["upload_url"], source, part["headers"], part["offset"], part["size"])
        if not upload["parts"]:
            transfer.put(upload["upload_url"], source, upload["headers"])
        self.api.register(name, upload)

    def where(self, name: str) -> tuple[str, Mapping[str, str]]:
        """As `Door.where`."""
        return self.api.content_url(name), self.api.headers

    def delete(self, name: str) -> None:
        """As `Door.delete`."""
        self.api.delete_run(name)


@dataclass(frozen=True, slots=True)
class Weed:
    """Signed URLs of S3."""

    server: http_peers.SeaweedFS

    def put(self, name: str, source: Path, digest: str) -> None:
        """As `Door.put`."""
        transfer.put(self.server.signed("PUT", name), source, {})

    def where(self, name: str) -> tuple[str, Mapping[str, str]]:
        """As `Door.where`."""
        return self.server.signed("GET", name), {}

    def delete(self, name: str) -> None:
        """As `Door.delete`."""
        self.server.client().delete_object(Bucket=http_peers.BUCKET, Key=name)


@dataclass(frozen=True, slots=True)
class Nginx:
    """Plain WebDAV."""

    server: http_peers.HttpPeer

    def put(self, name: str, source: Path, digest: str) -> None:
        """As `Door.put`."""
        transfer.put(self.where(name)[0], source, {})

    def where(self, name: str) -> tuple[str, Mapping[str, str]]:
        """As `Door.where`."""
        return f"http://127.0.0.1:{self.server.port}/{name}", {}

    def delete(self, name: str) -> None:
        """As `Door.delete`."""
        transfer.delete(self.where(name)[0])
