"""The JSON of projects."""

from pydantic import Field

from httpapi.models.fields import Document, Given, ProjectPath, Text, Time, rfc3339
from store.catalog import rows


class NewProject(Given):
    """A project to be made, with its entity if there is none of that name."""

    project: ProjectPath
    description: Text = ""


class ProjectPatch(Given):
    """What is to change; what is left out, or null, stays."""

    description: Text | None = None
    is_default: bool | None = Field(
        None, description="true: the root of the mounted tree shows this project."
    )


class Project(Document):
    """A project."""

    id: int
    entity: str
    name: str
    path: str = Field(description="ENTITY/PROJECT")
    description: str
    is_default: bool
    runs: int
    created_at: Time
    updated_at: Time

    @classmethod
    def of(cls, row: rows.Project, entity: str, runs: int, is_default: bool) -> "Project":
        """The document of a row."""
        return cls.model_construct(
            id=row.id,
            entity=entity,
            name=row.name,
            path=f"{entity}/{row.name}",
            description=row.description,
            is_default=is_default,
            runs=runs,
            created_at=rfc3339(row.created_ns),
            updated_at=rfc3339(max(row.changed_ns, row.runs_changed_ns)),
        )


class ProjectList(Document):
    """A page of the projects that the key may read."""

    items: list[Project]
    next_cursor: str | None
    total_count: int
