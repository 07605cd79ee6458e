"""The JSON of artifacts: types, collections, versions, aliases."""

from typing import Any, Literal

from pydantic import Field

from httpapi.models.fields import (
    Document,
    Given,
    Line,
    Name,
    Object,
    PagedInProject,
    ProjectPath,
    Text,
    Time,
    rfc3339,
)
from store import strict_json
from store.catalog import rows

ALIASES_MAX = 100
Aliases = list[Name]


class NewArtifact(Given):
    """An artifact version to be made; its collection and type are made too if the project has none."""

    project: ProjectPath | None = Field(None, description="Left out: the key's own, or the default project.")
    type: Name
    name: Name = Field(description="The collection's.")
    run: Name | None = Field(None, description="The id of the run in the same project that makes it.")
    description: Text = ""
    metadata: Object = Field(default_factory=dict)
    digest: Line = Field(
        "", description="The client's own; a committed version of the collection that has it is given back."
    )


class ArtifactPatch(Given):
    """What is to change; what is left out, or null, stays."""

    description: Text | None = None
    metadata: Object | None = Field(None, description="Replaces the old one as a whole.")


class Commit(Given):
    """Names under which the version is to be found, besides its number and "latest"."""

    aliases: Aliases = Field(default_factory=list, max_length=ALIASES_MAX)


class Use(Given):
    """Who uses a version."""

    run: Name = Field(description="The id of a run in the artifact's project.")


class AliasTarget(Given):
    """What an alias is to mean."""

    artifact_id: int


class Artifact(Document):
    """An artifact version."""

    id: int
    project: str = Field(description="ENTITY/PROJECT")
    type: str
    collection: str
    version: str | None = Field(description="v0, v1 ...; null while it is pending.")
    state: Literal["pending", "committed"]
    aliases: list[str]
    digest: str
    description: str
    metadata: Any
    run: str | None = Field(description="The id of the run that made it.")
    used_by: list[str] = Field(description="The ids of the runs that use it.")
    files: int
    bytes: int
    created_at: Time
    updated_at: Time

    @classmethod
    def of(
        cls,
        row: rows.Artifact,
        fileset: rows.Fileset,
        names: "Names",
        aliases: list[str],
        run: str | None,
        used_by: list[str],
    ) -> "Artifact":
        """The document of a row."""
        return cls.model_construct(
            id=row.id,
            project=names.project,
            type=names.type,
            collection=names.collection,
            version=None if row.number is None else f"v{row.number}",
            state=row.state,
            aliases=aliases,
            digest=row.digest,
            description=row.description,
            metadata=strict_json.loads(row.metadata),
            run=run,
            used_by=used_by,
            files=fileset.files,
            bytes=fileset.bytes,
            created_at=rfc3339(row.created_ns),
            updated_at=rfc3339(max(row.changed_ns, fileset.changed_ns)),
        )


class Names(Document):
    """What the names above an artifact version are."""

    project: str
    type: str
    collection: str


class ArtifactList(Document):
    """A page of a collection's committed versions, oldest first."""

    items: list[Artifact]
    next_cursor: str | None
    total_count: int


class Collection(Document):
    """An artifact collection: all versions of one name."""

    name: str
    project: str = Field(description="ENTITY/PROJECT")
    type: str
    description: str
    versions: int
    aliases: dict[str, str] = Field(description="Each alias, and the version it means.")
    created_at: Time
    updated_at: Time


class CollectionPatch(Given):
    """What is to change."""

    description: Text


class CollectionList(Document):
    """A page of a project's collections, oldest first."""

    items: list[Collection]
    next_cursor: str | None
    total_count: int


class CollectionQuery(PagedInProject):
    """Which collections."""

    type: Name | None = None


class Type(Document):
    """An artifact type."""

    name: str
    collections: int


class TypeList(Document):
    """A page of a project's artifact types, oldest first."""

    items: list[Type]
    next_cursor: str | None
    total_count: int
