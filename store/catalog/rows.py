"""The catalog's rows: one frozen type a table, its fields are the table's columns in order.

They are named tuples and not dataclasses: 10,000 of them are made from what sqlite3 returns in 2 ms instead
of 12 ms, and a cold listing waits for that. JSON columns (tags, config, summary, metadata) stay text.
"""

from enum import IntEnum
from typing import Any, NamedTuple


class Topic(IntEnum):
    """What a change is about; in brackets the change's object_id and parent_id.

    A change is told for the thing itself and for every directory whose names or attributes moved with it.
    """

    EVERYTHING = 0  # (0, 0): changes were missed; forget all that is remembered
    CATALOG = 1  # (0, 0): the default project is another one
    ENTITY = 2  # (entity, 0): a project appeared in it or went
    PROJECT = 3  # (project, entity): it appeared or went
    PROJECT_RUNS = 4  # (project, 0): a run appeared or went
    PROJECT_SWEEPS = 5  # (project, 0)
    PROJECT_ARTIFACTS = 6  # (project, 0): an artifact type or a collection appeared or went
    RUN = 7  # (run, project): what its metadata.json shows
    RUN_NAMES = 8  # (run, project): history.jsonl or output.log appeared
    HISTORY = 9  # (run, project): lines were appended
    CONSOLE = 10  # (run, project): lines were appended or rewritten
    FILESET = 11  # (fileset, its run or artifact): a name directly in files/, or its attributes
    DIRECTORY = 12  # (entry of a directory, parent entry or 0): a name in it, or its attributes
    ENTRY = 13  # (entry, parent entry or 0): it appeared, went, or has another version
    VERSION = 14  # (version, entry): it grew, was retired or collected
    SWEEP = 15  # (sweep, project)
    SWEEP_RUNS = 16  # (sweep, project): a run joined or left
    TYPE = 17  # (artifact type, project): a collection of this type appeared or went
    COLLECTION = 18  # (collection, project): a version or an alias in it
    ARTIFACT = 19  # (artifact, collection)
    ALIAS = 20  # (alias, collection): it appeared or went; a moved alias is a new one


class Entity(NamedTuple):
    id: int
    name: str
    created_ns: int
    changed_ns: int


class Project(NamedTuple):
    id: int
    entity_id: int
    name: str
    description: str
    created_ns: int
    changed_ns: int
    runs_changed_ns: int
    sweeps_changed_ns: int
    artifacts_changed_ns: int


class Key(NamedTuple):
    id: int
    hash: bytes
    hint: str
    name: str
    access: str  # read, write or admin
    project_id: int | None  # None: all projects
    created_ns: int
    revoked_ns: int | None


class Fileset(NamedTuple):
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
        return self.sealed_ns is not None


class Sweep(NamedTuple):
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
        return self.version_id is None


class Version(NamedTuple):
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
    id: int
    key: str
    size: int
    sha256: bytes
    md5: bytes | None
    created_ns: int


class Segment(NamedTuple):
    version_id: int
    offset: int
    size: int
    blob_id: int


class Upload(NamedTuple):
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
    upload_id: str
    number: int
    size: int
    etag: str


class Line(NamedTuple):
    run_id: int
    stream: int  # 0 history, 1 console
    line: int
    offset: int
    text: bytes


class ArtifactType(NamedTuple):
    id: int
    project_id: int
    name: str
    created_ns: int
    changed_ns: int


class Collection(NamedTuple):
    id: int
    project_id: int
    type_id: int
    name: str
    description: str
    created_ns: int
    changed_ns: int


class Artifact(NamedTuple):
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
    id: int
    collection_id: int
    artifact_id: int
    name: str
    created_ns: int


class Change(NamedTuple):
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
