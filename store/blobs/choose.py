"""Which blob store a URL means."""

from pathlib import Path
from urllib.parse import unquote, urlsplit

from store.blobs.blobs import Blobs
from store.blobs.local import LocalBlobs
from store.errors import Refused


def open_blobs(url: str) -> Blobs:
    """The store at file:///folder, or at a plain path. Blocking. Errors: Refused, Unavailable."""
    parts = urlsplit(url)
    if parts.scheme == "file" and parts.netloc in ("", "localhost") and parts.path:
        return LocalBlobs(Path(unquote(parts.path)))
    if "://" not in url and url:
        return LocalBlobs(Path(url))
    raise Refused(f"{url!r}: blobs live at file:///folder")
