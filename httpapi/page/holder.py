"""Whose files a page shows: a run's, which may change, or an artifact version's, which never do."""

from __future__ import annotations

from dataclasses import dataclass

from aiohttp import web

from httpapi.page import shell
from httpapi.page.place import ProjectPlace, RunPlace, artifact_of, run_of
from httpapi.page.shell import Crumb, address
from store.catalog.rows import Collection, Fileset


@dataclass(frozen=True, slots=True)
class Holder:
    """The files of one thing, and where their pages are."""

    project: ProjectPlace
    fileset: Fileset
    address: str  # where files/ begins
    crumbs: list[Crumb]
    title: str
    may_change: bool
    place: RunPlace | None  # None: an artifact's
    collection: Collection | None = None
    number: int | None = None

    def at(self, path: str) -> str:
        """The address of a file or folder."""
        return self.address + (address(path) if path else "")

    @property
    def changes_itself(self) -> bool:
        """Whether files may appear while someone looks."""
        return self.place is not None and self.place.alive

    @property
    def upload_address(self) -> str | None:
        """Where the script uploads to: the run's part of the API."""
        if self.place is None or not self.may_change:
            return None
        return "/api/v1" + address("runs", self.place.run.name)


async def holder_of(request: web.Request) -> Holder:
    """The run or artifact version whose files the address names."""
    if "run" in request.match_info:
        place = await run_of(request)
        return Holder(
            project=place.project,
            fileset=place.fileset,
            address=f"{place.address}/files",
            crumbs=place.crumbs,
            title=place.title,
            may_change=shell.may_write(request, place.run.project_id),
            place=place,
        )
    project, collection, artifact, fileset = await artifact_of(request)
    above = project.address + address("artifacts", "collections", collection.name)
    own = f"{above}/v{artifact.number}"
    return Holder(
        project=project,
        fileset=fileset,
        address=f"{own}/files",
        crumbs=[*project.crumbs, (collection.name, above), (f"v{artifact.number}", own)],
        title=f"{collection.name} v{artifact.number}",
        may_change=False,
        place=None,
        collection=collection,
        number=artifact.number,
    )
