"""The life of a file: requested, received, registered, grown, replaced, restored, deleted, collected."""

from store.uploads.content import Content
from store.uploads.many import Incoming
from store.uploads.multipart import PARTS_MAX
from store.uploads.uploads import Uploads

__all__ = ["PARTS_MAX", "Content", "Incoming", "Uploads"]
