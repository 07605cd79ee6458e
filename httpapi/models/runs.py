"""The JSON of runs."""

import json
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from httpapi.models.fields import (
    Document,
    Given,
    Line,
    Name,
    Object,
    PagedInProject,
    SomeProject,
    Sought,
    Tags,
    Text,
    Time,
    rfc3339,
    rfc3339_or_none,
)
from store.catalog import rows

State = Literal["pending", "running", "finished", "failed", "crashed", "killed"]
Keys = Annotated[list[str], Field(max_length=1000)]
Ended = Literal["finished", "failed", "crashed", "killed"]


class NewRun(Given):
    """A run to be made or resumed."""

    project: SomeProject | None = Field(
        None, description="ENTITY/PROJECT, or PROJECT alone; left out: the key's own, or the default project."
    )
    entity: Name | None = Field(None, description="For a PROJECT alone; left out: the default project's.")
    id: Name | None = Field(None, description="Names the run's directory; left out, the server chooses one.")
    display_name: Line | None = None
    config: Object = Field(default_factory=dict)
    tags: Tags = Field(default_factory=list)
    notes: Text = ""
    group: Line = ""
    job_type: Line = ""
    sweep: Name | None = Field(None, description="The id of a sweep in the same project.")
    resume: Literal["never", "allow", "must"] = Field(
        "never", description="What to do with an id that exists (never: 409) or does not (must: 404)."
    )
    user: Line = ""
    host: Line = ""
    program: Line = ""


class RunPatch(Given):
    """What is to change; what is left out, or null, stays.

    config and summary are merged key by key, at the top. In them null is a value like any other, and is kept:
    keys go only by being named in config_remove or summary_remove.
    """

    display_name: Line | None = None
    notes: Text | None = None
    group: Line | None = None
    job_type: Line | None = None
    tags: Tags | None = None
    config: Object | None = None
    summary: Object | None = None
    config_remove: Keys = Field(default_factory=list, description="Keys of config that are to go.")
    summary_remove: Keys = Field(default_factory=list, description="Keys of summary that are to go.")

    @model_validator(mode="after")
    def _not_both(self) -> "RunPatch":
        for name, patch, gone in (
            ("config", self.config, self.config_remove),
            ("summary", self.summary, self.summary_remove),
        ):
            if both := (patch or {}).keys() & set(gone):
                raise ValueError(f"{name}: {min(both)!r} is to be set, and to go")
        return self


class Finish(Given):
    """How a run ended."""

    exit_code: int | None = Field(None, ge=-(1 << 31), lt=1 << 31)
    state: Ended | None = Field(None, description="Left out: finished with exit code 0 or none, else failed.")


class RunQuery(PagedInProject):
    """Which runs, in which order."""

    state: State | None = None
    tag: Line | None = None
    group: Line | None = None
    sweep: Name | None = None
    text: Sought | None = Field(None, description="Found anywhere in id, display name or notes.")
    order: Literal["asc", "desc"] = Field("desc", description="By creation; desc: newest first.")


class Run(Document):
    """A run."""

    id: str = Field(description="The name of its directory, unique in its project.")
    project: str = Field(description="ENTITY/PROJECT")
    path: str = Field(description="ENTITY/PROJECT/ID")
    display_name: str
    state: State
    exit_code: int | None
    user: str
    host: str
    program: str
    notes: str
    group: str
    job_type: str
    sweep: str | None
    tags: list[str]
    config: dict[str, Any]
    summary: dict[str, Any]
    history_lines: int
    console_lines: int
    files: int
    bytes: int
    created_at: Time
    updated_at: Time
    heartbeat_at: Time
    finished_at: Time | None

    @classmethod
    def of(cls, row: rows.Run, project: str, sweep: str | None, fileset: rows.Fileset) -> "Run":
        """The document of a row; `project` is ENTITY/PROJECT, `sweep` the id that users see."""
        return cls.model_construct(
            id=row.name,
            project=project,
            path=f"{project}/{row.name}",
            display_name=row.display_name,
            state=row.state,
            exit_code=row.exit_code,
            user=row.user,
            host=row.host,
            program=row.program,
            notes=row.notes,
            group=row.group_name,
            job_type=row.job_type,
            sweep=sweep,
            tags=json.loads(row.tags),
            config=json.loads(row.config),
            summary=json.loads(row.summary),
            history_lines=row.history_lines,
            console_lines=row.console_lines,
            files=fileset.files,
            bytes=fileset.bytes,
            created_at=rfc3339(row.created_ns),
            updated_at=rfc3339(max(row.changed_ns, fileset.changed_ns)),
            heartbeat_at=rfc3339(row.heartbeat_ns),
            finished_at=rfc3339_or_none(row.finished_ns),
        )


class RunList(Document):
    """A page of a project's runs."""

    items: list[Run]
    next_cursor: str | None
    total_count: int = Field(description="Of all pages together.")
