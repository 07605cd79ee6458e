"""Queries for projects, and for the default project whose view is the root of the tree."""

from store.catalog import entities, select
from store.catalog.rows import Entity, Project
from store.catalog.session import Session
from store.catalog.sqlite import Transaction
from store.catalog.topics import Topic
from store.errors import Absent, Conflict


async def by_id(db: Session, project_id: int) -> Project | None:
    """The project of that id, or None."""
    return await select.one(db, Project, "WHERE id = ? AND entity_id IS NOT NULL", project_id)


async def by_name(db: Session, entity_id: int, name: str) -> Project | None:
    """The project of that name, or None."""
    return await select.one(db, Project, "WHERE entity_id = ? AND name = ?", entity_id, name)


async def by_path(db: Session, entity: str, project: str) -> Project | None:
    """The project ENTITY/PROJECT."""
    return await select.one(
        db,
        Project,
        "JOIN entities ON entities.id = projects.entity_id WHERE entities.name = ? AND projects.name = ?",
        entity,
        project,
    )


async def path(db: Session, project_id: int) -> str:
    """ENTITY/PROJECT. Absent when there is no such project."""
    row = await db.one(
        "SELECT entities.name || '/' || projects.name FROM projects"
        " JOIN entities ON entities.id = projects.entity_id WHERE projects.id = ?",
        project_id,
    )
    if row is None:
        raise Absent(f"there is no project {project_id}")
    return str(row[0])


async def page(db: Session, entity_id: int, after_id: int, limit: int) -> list[Project]:
    """At most `limit` of the entity's projects with an id above `after_id`, in the order of ids."""
    return await select.every(
        db, Project, "WHERE entity_id = ? AND id > ? ORDER BY id LIMIT ?", entity_id, after_id, limit
    )


async def count(db: Session, entity_id: int) -> int:
    """How many there are."""
    return await select.number(db, "SELECT count(*) FROM projects WHERE entity_id = ?", entity_id)


async def default(db: Session) -> Project | None:
    """The default project: the one that was set, else the first ever created; None while there is none."""
    return await select.one(db, Project, "JOIN catalog ON catalog.default_project_id = projects.id")


async def catalog_created_ns(db: Session) -> int:
    """When the catalog was made: the time of what shows projects while there is none."""
    return await select.number(db, "SELECT created_ns FROM catalog")


async def set_default(tx: Transaction, project_id: int) -> None:
    """Make a project the one that the root of the tree shows."""
    row = await tx.one("SELECT default_project_id FROM catalog")
    if row is None or row[0] != project_id:
        # In its entity's directory the default project is a link, any other a directory.
        await tx.run(
            "UPDATE entities SET changed_ns = max(?, changed_ns + 1) WHERE id IN"
            " (SELECT entity_id FROM projects WHERE id IN (?, ?))",
            *(tx.now_ns, project_id, row[0] if row else None),
        )
        await tx.run("UPDATE catalog SET default_project_id = ?", project_id)
        tx.changed(Topic.CATALOG, 0)


async def ensure(tx: Transaction, entity: str, name: str) -> Project:
    """The project ENTITY/NAME, made with its entity if there is none; the first ever is the default."""
    owner = await entities.ensure(tx, entity)
    return await by_name(tx, owner.id, name) or await _make(tx, owner, name, "")


async def create(tx: Transaction, entity: str, name: str, description: str = "") -> Project:
    """A new project. Conflict when there is one of that name."""
    owner = await entities.ensure(tx, entity)
    if await by_name(tx, owner.id, name) is not None:
        raise Conflict(f"there is a project {entity}/{name} already")
    return await _make(tx, owner, name, description)


async def _make(tx: Transaction, owner: Entity, name: str, description: str) -> Project:
    now = tx.now_ns
    project_id = await tx.run(
        "INSERT INTO projects (entity_id, name, description, created_ns, changed_ns, runs_changed_ns,"
        " sweeps_changed_ns, artifacts_changed_ns) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        *(owner.id, name, description, now, now, now, now, now),
    )
    await tx.run("UPDATE entities SET changed_ns = max(?, changed_ns + 1) WHERE id = ?", now, owner.id)
    tx.changed(Topic.ENTITY, owner.id)
    tx.changed(Topic.PROJECT, project_id, owner.id)
    if await default(tx) is None:
        await set_default(tx, project_id)
    return Project(project_id, owner.id, name, description, now, now, now, now, now)


async def describe(tx: Transaction, project_id: int, description: str) -> Project:
    """Change a project's description. Absent when there is no such project."""
    await tx.run(
        "UPDATE projects SET description = ?, changed_ns = max(?, changed_ns + 1) WHERE id = ?",
        *(description, tx.now_ns, project_id),
    )
    project = await by_id(tx, project_id)
    if project is None:
        raise Absent(f"there is no project {project_id}")
    tx.changed(Topic.PROJECT, project_id, project.entity_id)
    return project


async def touch(tx: Transaction, project_id: int, topic: Topic) -> None:
    """Something appeared or went in one of the project's three directories:

    PROJECT_RUNS, _SWEEPS or _ARTIFACTS. Absent when there is no such project.
    """
    column = {
        Topic.PROJECT_RUNS: "runs_changed_ns",
        Topic.PROJECT_SWEEPS: "sweeps_changed_ns",
        Topic.PROJECT_ARTIFACTS: "artifacts_changed_ns",
    }[topic]
    touched = await tx.one(
        f"UPDATE projects SET {column} = max(?, {column} + 1) WHERE id = ? AND entity_id IS NOT NULL"
        " RETURNING id",
        *(tx.now_ns, project_id),
    )
    if touched is None:
        raise Absent("the project is gone")
    tx.changed(topic, project_id)


async def delete(tx: Transaction, project_id: int) -> None:
    """Delete a project with all that is in it and the keys that were for it alone. Absent without such one.

    Its name can be used again at once; the oldest project there is becomes the default, if it was that. The
    rows of what is in it go later (`store.catalog.remains`): here it is only made unreachable.
    """
    project = await by_id(tx, project_id)
    if project is None:
        raise Absent(f"there is no project {project_id}, or not any more")
    await tx.run("DELETE FROM keys WHERE project_id = ?", project_id)
    await tx.run(
        "UPDATE projects SET entity_id = NULL, changed_ns = max(?, changed_ns + 1) WHERE id = ?",
        *(tx.now_ns, project_id),
    )
    await entities.lost_project(tx, project.entity_id)
    row = await tx.one("SELECT default_project_id FROM catalog")
    if row is not None and row[0] == project_id:
        oldest = await tx.one("SELECT min(id) FROM projects WHERE entity_id IS NOT NULL")
        await tx.run("UPDATE catalog SET default_project_id = ?", oldest[0] if oldest else None)
    tx.changed(Topic.EVERYTHING, 0)  # whatever is remembered may have been in it
