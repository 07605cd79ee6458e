"""The JSON of files, as users see them: one a path, whatever version it has."""

import json
from typing import Literal

from pydantic import Field

from httpapi.models.fields import (
    Document,
    Given,
    Glob,
    Line,
    Paged,
    ProjectPath,
    Sha256,
    Size,
    Sought,
    Tags,
    Text,
    Time,
    hex_or_none,
    rfc3339,
)
from store.catalog import rows

IDS_MAX = 10_000
Sort = Literal["name", "path", "size", "created"]
Order = Literal["asc", "desc"]


class File(Document):
    """A file."""

    id: int = Field(description="Stays when the file is replaced.")
    run_id: str | None = Field(description="null: an artifact's file.")
    artifact_id: int | None
    name: str = Field(description="The last component of its path.")
    path: str
    size: int
    content_type: str
    md5: str | None
    sha256: str | None = Field(description="null: it grew by appends since it was last verified as a whole.")
    description: str
    tags: list[str]
    version: int = Field(description="The number of the current version.")
    versions: int = Field(description="How many versions can be downloaded.")
    created_at: Time
    updated_at: Time

    @classmethod
    def of(
        cls,
        entry: rows.Entry,
        version: rows.Version,
        versions: int,
        run_id: str | None,
        artifact_id: int | None,
    ) -> "File":
        """The document of an entry with its current version."""
        return cls.model_construct(
            id=entry.id,
            run_id=run_id,
            artifact_id=artifact_id,
            name=entry.name,
            path=entry.path,
            size=version.size,
            content_type=version.content_type,
            md5=hex_or_none(version.md5),
            sha256=hex_or_none(version.sha256),
            description=entry.description,
            tags=json.loads(entry.tags),
            version=version.number,
            versions=versions,
            created_at=rfc3339(entry.created_ns),
            updated_at=rfc3339(max(entry.changed_ns, version.changed_ns)),
        )


class FileList(Document):
    """A page of a run's files, with the totals of the whole run."""

    items: list[File]
    next_cursor: str | None
    total_count: int = Field(description="Files in the whole run, whatever the filter.")
    total_bytes: int


class ArtifactFileQuery(Paged):
    """Which files, in which order."""

    sort: Sort = "path"
    order: Order = "asc"
    glob: Glob | None = None
    type: Line | None = Field(None, description="image/png, or image/* for all of a kind.")
    text: Sought | None = Field(None, description="Found anywhere in path or description, whatever the case.")


class FileQuery(ArtifactFileQuery):
    """Which files of a run, in which order."""

    project: ProjectPath | None = Field(None, description="Needed only when the run's id is ambiguous.")


class FilePatch(Given):
    """What is to change; what is left out, or null, stays."""

    description: Text | None = None
    tags: Tags | None = None


class Version(Document):
    """What a file's name stood for, once or now."""

    number: int
    size: int
    content_type: str
    md5: str | None
    sha256: str | None
    is_current: bool
    created_at: Time
    updated_at: Time

    @classmethod
    def of(cls, row: rows.Version, current_id: int | None) -> "Version":
        """The document of a row."""
        return cls.model_construct(
            number=row.number,
            size=row.size,
            content_type=row.content_type,
            md5=hex_or_none(row.md5),
            sha256=hex_or_none(row.sha256),
            is_current=row.id == current_id,
            created_at=rfc3339(row.created_ns),
            updated_at=rfc3339(row.changed_ns),
        )


class VersionList(Document):
    """A file's versions, newest first."""

    items: list[Version]


class Tail(Given):
    """Bytes that follow what a file has."""

    offset: Size = Field(description="Where the file ends now.")
    bytes: str = Field(description="In Base64.", json_schema_extra={"contentEncoding": "base64"})
    sha256: Sha256 | None = Field(None, description="Of these bytes alone.")


class Deletion(Given):
    """Which files to delete: by id or by glob, not both."""

    ids: list[int] | None = Field(None, max_length=IDS_MAX)
    glob: Glob | None = None


class Deleted(Document):
    """What was deleted."""

    deleted: int
    bytes: int


class DownloadUrl(Document):
    """Where the bytes can be fetched without a key, for a while."""

    download_url: str
    method: Literal["GET"]
    headers: dict[str, str]
    expires_in: int = Field(description="Seconds.")


class VersionQuery(Given):
    """Which version of a file."""

    version: int | None = Field(None, ge=1, lt=1 << 31, description="A number; left out: the current one.")


class ContentQuery(VersionQuery):
    """Which version of a file, and whether a browser shows it or saves it."""

    inline: bool = Field(False, description="true: shown by the browser (in a sandbox) and not saved.")


class ArtifactArchiveQuery(Given):
    """Which files go into the archive."""

    glob: Glob | None = None


class ArchiveQuery(ArtifactArchiveQuery):
    """Which files of a run go into the archive."""

    project: ProjectPath | None = Field(None, description="Needed only when the run's id is ambiguous.")
