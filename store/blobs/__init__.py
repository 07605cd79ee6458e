"""The bytes: a small interface, and the stores that have it."""

from store.blobs.blobs import (
    ANYTHING,
    OWNER,
    Blobs,
    BlobWriter,
    Expected,
    Found,
    Piece,
    PieceWriter,
    Signed,
    Stored,
    Whole,
    new_key,
)
from store.blobs.choose import open_blobs
from store.blobs.local import LocalBlobs

__all__ = [
    "ANYTHING",
    "OWNER",
    "BlobWriter",
    "Blobs",
    "Expected",
    "Found",
    "LocalBlobs",
    "Piece",
    "PieceWriter",
    "Signed",
    "Stored",
    "Whole",
    "new_key",
    "open_blobs",
]
