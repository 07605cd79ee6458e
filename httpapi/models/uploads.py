"""The JSON of uploads: asked for, sent, registered; one at a time or many in one request."""

from typing import Any, Literal

from pydantic import Field, model_validator

from httpapi.models.fields import (
    ContentType,
    Document,
    FilePath,
    Given,
    Md5,
    ProjectPath,
    Sha256,
    Size,
    Tags,
    Text,
)
from httpapi.models.files import File

BATCH_MAX = 1000


class NewUpload(Given):
    """A file that is about to be sent."""

    path: FilePath | None = None
    name: FilePath | None = Field(None, description="The same as path.")
    size: Size | None = Field(None, description="Left out: measured; then the bytes go through this server.")
    content_type: ContentType | None = Field(None, description="Left out: by the name's extension.")
    md5: Md5 | None = None
    sha256: Sha256 | None = None

    @model_validator(mode="after")
    def _one_path(self) -> "NewUpload":
        if (self.path is None) == (self.name is None):
            raise ValueError("give path or name, one of the two")
        return self

    @property
    def where(self) -> str:
        """The path, by whichever name it was given."""
        return self.path or self.name or ""


class PutQuery(Given):
    """The query of a file that is sent and registered in one request."""

    path: FilePath
    content_type: ContentType | None = Field(None, description="Left out: by the name's extension.")
    md5: Md5 | None = None
    sha256: Sha256 | None = None


class RunPutQuery(PutQuery):
    """The same for a file of a run."""

    project: ProjectPath | None = Field(None, description="Needed only when the run's id is ambiguous.")


class PartUrl(Document):
    """Where one part of a large file goes."""

    number: int = Field(description="From 1.")
    offset: int
    size: int
    upload_url: str
    method: Literal["PUT"]
    headers: dict[str, str] = Field(description="To be sent as they are.")


class Upload(Document):
    """How a file is to be sent: one PUT to upload_url, or one for each of parts, or none at all."""

    upload_id: str = Field(description="The one to register.")
    already_stored: bool = Field(
        description="true: the bytes are here already; register without sending them."
    )
    upload_url: str | None
    method: Literal["PUT"] | None
    headers: dict[str, str] = Field(description="To be sent as they are.")
    expires_in: int = Field(description="Seconds.")
    part_size: int | None
    parts: list[PartUrl] | None = Field(description="The parts that have not arrived yet.")


class Told(Given):
    """The hash of a file that is being sent, which was not known when the upload was asked for."""

    sha256: Sha256


class Registration(Given):
    """An upload whose bytes were sent. What is given besides its id must agree with it."""

    upload_id: str = Field(pattern="^[0-9a-f]{32}$")
    path: FilePath | None = None
    size: Size | None = None
    sha256: Sha256 | None = None
    description: Text | None = None
    tags: Tags | None = None


class NewUploads(Given):
    """Many files that are about to be sent."""

    files: list[NewUpload] = Field(min_length=1, max_length=BATCH_MAX)


class SmallFile(Given):
    """A file whose bytes come with it."""

    path: FilePath
    size: Size
    sha256: Sha256
    md5: Md5 | None = None
    content_type: ContentType | None = Field(None, description="Left out: by the name's extension.")


class SmallFiles(Given):
    """Many files whose bytes come with them, in this order."""

    files: list[SmallFile] = Field(min_length=1, max_length=BATCH_MAX)


class Registrations(Given):
    """Many uploads whose bytes were sent."""

    uploads: list[Registration] = Field(min_length=1, max_length=BATCH_MAX)


class Refusal(Document):
    """Why one of many was refused: the members of a problem document."""

    type: str
    title: str
    status: int
    detail: str

    @classmethod
    def of(cls, document: dict[str, Any]) -> "Refusal":
        """The refusal that a problem document is."""
        return cls.model_validate({name: document[name] for name in cls.model_fields})


class UploadOutcome(Document):
    """One of many: the upload, or why not."""

    upload: Upload | None
    problem: Refusal | None


class FileOutcome(Document):
    """One of many: the registered file, or why not."""

    file: File | None
    problem: Refusal | None


class UploadOutcomes(Document):
    """In the order they were asked for."""

    items: list[UploadOutcome]


class FileOutcomes(Document):
    """In the order they were asked for."""

    items: list[FileOutcome]
