"""From an address to what it names: pages have the paths of the mounted tree.

What the key may not read is not found.
"""

from __future__ import annotations

from dataclasses import dataclass

from aiohttp import web

from httpapi.page.shell import Crumb, address
from httpapi.problems import Problem
from httpapi.reach import database, project_at
from store.catalog import artifacts, collections, filesets, run_listing, runs, sweeps
from store.catalog.rows import Artifact, Collection, Fileset, Project, Run, Sweep


@dataclass(frozen=True, slots=True)
class ProjectPlace:
    """A project and its pages' address."""

    entity: str
    row: Project

    @property
    def path(self) -> str:
        """ENTITY/PROJECT."""
        return f"{self.entity}/{self.row.name}"

    @property
    def address(self) -> str:
        """Where its pages begin."""
        return address("projects", self.entity, self.row.name)

    @property
    def crumbs(self) -> list[Crumb]:
        """The way to it."""
        return [(self.path, f"{self.address}/runs")]


@dataclass(frozen=True, slots=True)
class RunPlace:
    """A run, its files' totals and its pages' address."""

    project: ProjectPlace
    run: Run
    fileset: Fileset
    sweep: str | None

    @property
    def title(self) -> str:
        """What people call it."""
        return self.run.display_name or self.run.name

    @property
    def address(self) -> str:
        """Where its pages begin."""
        return self.project.address + address("runs", self.run.name)

    @property
    def crumbs(self) -> list[Crumb]:
        """The way to it."""
        return [*self.project.crumbs, (self.title, self.address)]

    @property
    def alive(self) -> bool:
        """Whether it may still change by itself."""
        return self.run.state in ("pending", "running")


async def project_of(request: web.Request) -> ProjectPlace:
    """The project that the address names."""
    entity, name = request.match_info["entity"], request.match_info["project"]
    return ProjectPlace(entity, await project_at(request, f"{entity}/{name}"))


async def run_of(request: web.Request) -> RunPlace:
    """The run that the address names."""
    return await run_in(request, await project_of(request), request.match_info["run"])


async def run_in(request: web.Request, project: ProjectPlace, name: str) -> RunPlace:
    """The run of that name in a project."""
    db = database(request)
    run = await runs.by_name(db, project.row.id, name)
    row = None if run is None else await run_listing.run(db, run.id)
    if row is None:
        raise Problem("not-found", f"There is no run {name} in {project.path}.")
    return RunPlace(project, row.run, row.fileset, row.sweep)


async def sweep_of(request: web.Request) -> tuple[ProjectPlace, Sweep]:
    """The sweep that the address names."""
    project, name = await project_of(request), request.match_info["sweep"]
    sweep = await sweeps.by_name(database(request), project.row.id, name)
    if sweep is None:
        raise Problem("not-found", f"There is no sweep {name} in {project.path}.")
    return project, sweep


async def collection_of(request: web.Request) -> tuple[ProjectPlace, Collection]:
    """The artifact collection that the address names."""
    project, name = await project_of(request), request.match_info["collection"]
    collection = await collections.by_name(database(request), project.row.id, name)
    if collection is None:
        raise Problem("not-found", f"There is no artifact collection {name} in {project.path}.")
    return project, collection


async def artifact_of(request: web.Request) -> tuple[ProjectPlace, Collection, Artifact, Fileset]:
    """The artifact version (v0, v1 ...) that the address names."""
    project, collection = await collection_of(request)
    db = database(request)
    number = int(request.match_info["number"])
    artifact = await artifacts.by_number(db, collection.id, number)
    fileset = None if artifact is None else await filesets.by_id(db, artifact.fileset_id)
    if artifact is None or fileset is None:
        raise Problem("not-found", f"{collection.name} has no version v{number}.")
    return project, collection, artifact, fileset
