"""The catalog's rows: one frozen type a table, its fields are the table's columns in order.

They are named tuples and not dataclasses: 10,000 of them are made from what sqlite3 returns in 2 ms instead
of 12 ms, and a cold listing waits for that. JSON columns (tags, config, summary, metadata) stay text.
"""

from typing import Any, NamedTuple


class Entity(NamedTuple):
    """A user's or team's name, above projects."""

    id: int
    name: str
    created_ns: int
    changed_ns: int


class Project(NamedTuple):
    """A project: the three directories runs, sweeps and artifacts."""

    id: int
    entity_id: int  # never NULL in a row that is given out: a deleted project has none, and is not found
    name: str
    description: str
    created_ns: int
    changed_ns: int
    runs_changed_ns: int
    sweeps_changed_ns: int
    artifacts_changed_ns: int


class Key(NamedTuple):
    """An API key; only its hash is kept."""

    id: int
    hash: bytes
    hint: str
    name: str
    access: str  # read, write or admin
    project_id: int | None  # None: all projects
    created_ns: int
    revoked_ns: int | None


class Fileset(NamedTuple):
    """The files/ of one run or of one artifact version, with its totals."""

    id: int
    project_id: int
    files: int
    bytes: int
    subdirectories: int
    sealed_ns: int | None
    created_ns: int
    changed_ns: int

    @property
    def sealed(self) -> bool:
        """Whether an artifact version was committed: nothing in it changes any more."""
        return self.sealed_ns is not None


class Sweep(NamedTuple):
    """A sweep: a search over configurations, with the runs it made."""

    id: int
    project_id: int
    name: str
    display_name: str
    state: str
    method: str
    config: str
    created_ns: int
    changed_ns: int
    runs_changed_ns: int


class Run(NamedTuple):
    """A run. `name` is the id that users see, and its directory's name."""

    id: int
    project_id: int
    fileset_id: int
    sweep_id: int | None
    name: str
    display_name: str
    state: str
    exit_code: int | None
    user: str
    host: str
    program: str
    notes: str
    group_name: str
    job_type: str
    tags: str
    config: str
    summary: str
    history_lines: int
    history_bytes: int
    history_changed_ns: int | None
    console_lines: int
    console_bytes: int
    console_changed_ns: int | None
    created_ns: int
    changed_ns: int
    names_changed_ns: int
    heartbeat_ns: int
    finished_ns: int | None


class Entry(NamedTuple):
    """A name in a directory of files: a file, or a directory, which has no version."""

    id: int
    fileset_id: int
    parent_id: int  # 0: directly in files/
    name: str
    path: str
    version_id: int | None
    subdirectories: int
    description: str
    tags: str
    created_ns: int
    changed_ns: int

    @property
    def is_directory(self) -> bool:
        """Whether it is a directory: a file always has a version."""
        return self.version_id is None


class Version(NamedTuple):
    """What a file's name stood for, once or now."""

    id: int
    entry_id: int
    fileset_id: int
    number: int
    size: int
    sha256: bytes | None
    md5: bytes | None
    content_type: str
    created_ns: int
    changed_ns: int
    retired_ns: int | None


class Blob(NamedTuple):
    """Immutable bytes in the blob store."""

    id: int
    key: str
    size: int
    sha256: bytes
    md5: bytes | None
    created_ns: int
    unused_ns: int | None


class Segment(NamedTuple):
    """A stretch of a version's content: the whole of one blob."""

    version_id: int
    offset: int
    size: int
    blob_id: int


class Upload(NamedTuple):
    """A file on its way in."""

    id: str
    fileset_id: int
    key_id: int | None
    path: str
    content_type: str
    size: int | None
    sha256: bytes | None
    md5: bytes | None
    state: str
    blob_key: str
    part_size: int | None
    multipart_id: str | None
    stored_size: int | None
    stored_sha256: bytes | None
    stored_md5: bytes | None
    version_id: int | None
    created_ns: int
    expires_ns: int


class Part(NamedTuple):
    """A part of a multipart upload that has arrived."""

    upload_id: str
    number: int
    size: int
    etag: str


class Line(NamedTuple):
    """A line of history.jsonl or output.log, with its newline."""

    run_id: int
    stream: int  # 0 history, 1 console
    line: int
    offset: int
    text: bytes


class ArtifactType(NamedTuple):
    """A type of artifacts, like "dataset"."""

    id: int
    project_id: int
    name: str
    created_ns: int
    changed_ns: int


class Collection(NamedTuple):
    """The versions of one artifact."""

    id: int
    project_id: int
    type_id: int
    name: str
    description: str
    next_number: int
    created_ns: int
    changed_ns: int


class Artifact(NamedTuple):
    """An artifact version; `number` is None while it is pending."""

    id: int
    collection_id: int
    fileset_id: int
    run_id: int | None
    number: int | None
    state: str
    digest: str
    description: str
    metadata: str
    created_ns: int
    changed_ns: int


class Alias(NamedTuple):
    """A name like "latest" for one version of a collection."""

    id: int
    collection_id: int
    artifact_id: int
    name: str
    created_ns: int


class Change(NamedTuple):
    """A fact for whoever keeps copies: the topic's object changed."""

    seq: int
    topic: int
    object_id: int
    parent_id: int


TABLES: dict[type[tuple[Any, ...]], str] = {
    Entity: "entities",
    Project: "projects",
    Key: "keys",
    Fileset: "filesets",
    Sweep: "sweeps",
    Run: "runs",
    Entry: "entries",
    Version: "versions",
    Blob: "blobs",
    Segment: "segments",
    Upload: "uploads",
    Part: "parts",
    Line: "lines",
    ArtifactType: "artifact_types",
    Collection: "collections",
    Artifact: "artifacts",
    Alias: "aliases",
    Change: "changes",
}
