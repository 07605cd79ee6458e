"""The JSON of sweeps."""

from typing import Any, Literal

from pydantic import Field

from httpapi.models.fields import Document, Given, Line, Name, Object, ProjectPath, Time, rfc3339
from store import strict_json
from store.catalog import rows

State = Literal["pending", "running", "paused", "finished", "cancelled", "crashed"]


class NewSweep(Given):
    """A sweep to be made."""

    project: ProjectPath | None = Field(None, description="Left out: the key's own, or the default project.")
    id: Name | None = Field(
        None, description="Names the sweep's directory; left out, the server chooses one."
    )
    display_name: Line = ""
    method: Line = Field("", description="grid, random, bayes ...")
    config: Object = Field(default_factory=dict)


class SweepPatch(Given):
    """What is to change; what is left out, or null, stays."""

    state: State | None = None
    display_name: Line | None = None
    method: Line | None = None
    config: Object | None = Field(None, description="Replaces the old one as a whole.")


class Best(Document):
    """The run that is best by the metric of the sweep's config."""

    run: str
    value: float


class Sweep(Document):
    """A sweep."""

    id: str = Field(description="The name of its directory, unique in its project.")
    project: str = Field(description="ENTITY/PROJECT")
    display_name: str
    state: State
    method: str
    config: Any
    runs: dict[str, int] = Field(description="How many runs are in which state.")
    best_run: Best | None
    created_at: Time
    updated_at: Time

    @classmethod
    def of(
        cls, row: rows.Sweep, project: str, states: dict[str, int], best: tuple[str, float] | None
    ) -> "Sweep":
        """The document of a row."""
        return cls.model_construct(
            id=row.name,
            project=project,
            display_name=row.display_name,
            state=row.state,
            method=row.method,
            config=strict_json.loads(row.config),
            runs=states,
            best_run=None if best is None else Best.model_construct(run=best[0], value=best[1]),
            created_at=rfc3339(row.created_ns),
            updated_at=rfc3339(max(row.changed_ns, row.runs_changed_ns)),
        )


class SweepList(Document):
    """A page of a project's sweeps, oldest first."""

    items: list[Sweep]
    next_cursor: str | None
    total_count: int
