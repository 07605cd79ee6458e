"""The JSON of collecting what nobody needs."""

from pydantic import Field

from httpapi.models.fields import Document, Given
from store.uploads.collect import Collected as Counts


class Collecting(Given):
    """How to collect."""

    now: bool = Field(False, description="Give no grace: wait neither for readers nor for orphans to be old.")


class Collected(Document):
    """How many of each were dealt with."""

    crashed: int = Field(description="Runs that were not heard of for too long.")
    uploads: int = Field(description="Uploads that were over.")
    versions: int
    merged: int = Field(description="Versions that grew, and are one piece now.")
    blobs: int
    bytes: int
    orphans: int = Field(description="Blobs that no file and no upload under way has.")
    unfinished: int = Field(description="What writers left that died.")

    @classmethod
    def of(cls, counts: Counts) -> "Collected":
        """The document of one round."""
        return cls.model_construct(**counts._asdict())
