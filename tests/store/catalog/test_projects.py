import pytest

from store.catalog import Catalog, Topic, entities, projects
from store.catalog.rows import Change
from store.errors import Absent, Conflict


async def test_look_up_and_pages(catalog: Catalog) -> None:
    made = [
        await catalog.write(lambda tx, name=name: projects.create(tx, "team", name))
        for name in ("b", "a", "c")
    ]
    await catalog.write(lambda tx: projects.create(tx, "others", "a", "their own"))
    team = made[0].entity_id
    assert await projects.by_id(catalog.read, made[1].id) == made[1]
    assert await projects.by_name(catalog.read, team, "a") == made[1]
    assert await projects.by_path(catalog.read, "team", "a") == made[1]
    theirs = await projects.by_path(catalog.read, "others", "a")
    assert theirs is not None
    assert theirs.description == "their own"
    assert await projects.by_path(catalog.read, "others", "b") is None
    assert await projects.page(catalog.read, team, 0, 2) == made[:2]
    assert await projects.page(catalog.read, team, made[1].id, 2) == made[2:]
    assert await projects.count(catalog.read, team) == 3


async def test_the_first_project_is_the_default(catalog: Catalog) -> None:
    assert await projects.default(catalog.direct) is None
    first = await catalog.write(lambda tx: projects.ensure(tx, "team", "first"))
    second = await catalog.write(lambda tx: projects.ensure(tx, "team", "second"))
    assert await projects.default(catalog.direct) == first
    told: list[Change] = []
    catalog.follow(told.extend)
    await catalog.write(lambda tx: projects.set_default(tx, second.id))
    assert await projects.default(catalog.direct) == second
    await catalog.write(lambda tx: projects.set_default(tx, second.id))
    assert [change[1:] for change in told] == [(Topic.CATALOG, 0, 0)]


async def test_ensure_makes_it_once_and_moves_its_entity(catalog: Catalog) -> None:
    entity = await catalog.write(lambda tx: entities.ensure(tx, "team"))
    told: list[Change] = []
    catalog.follow(told.extend)
    made = await catalog.write(lambda tx: projects.ensure(tx, "team", "p"))
    assert (Topic.ENTITY, entity.id, 0) in [change[1:] for change in told]
    assert (Topic.PROJECT, made.id, entity.id) in [change[1:] for change in told]
    moved = await entities.by_id(catalog.direct, entity.id)
    assert moved is not None
    assert moved.changed_ns > entity.changed_ns
    told.clear()
    assert await catalog.write(lambda tx: projects.ensure(tx, "team", "p")) == made
    assert told == []


async def test_a_second_one_of_that_name_is_a_conflict(catalog: Catalog) -> None:
    await catalog.write(lambda tx: projects.create(tx, "team", "p"))
    with pytest.raises(Conflict, match="team/p already"):
        await catalog.write(lambda tx: projects.create(tx, "team", "p"))


async def test_describe(catalog: Catalog) -> None:
    made = await catalog.write(lambda tx: projects.create(tx, "team", "p"))
    described = await catalog.write(lambda tx: projects.describe(tx, made.id, "new"))
    assert described.description == "new"
    assert described.changed_ns > made.changed_ns
    with pytest.raises(Absent):
        await catalog.write(lambda tx: projects.describe(tx, 99, "new"))


async def test_touch_moves_one_directory_even_when_the_clock_does_not(catalog: Catalog) -> None:
    made = await catalog.write(lambda tx: projects.create(tx, "team", "p"))

    async def ahead(tx: object) -> None:
        await tx.run("UPDATE projects SET sweeps_changed_ns = ?", 2**62)  # type: ignore[attr-defined]

    await catalog.write(ahead)
    await catalog.write(lambda tx: projects.touch(tx, made.id, Topic.PROJECT_SWEEPS))
    touched = await projects.by_id(catalog.direct, made.id)
    assert touched == made._replace(sweeps_changed_ns=2**62 + 1)


async def test_path_is_entity_and_project(catalog: Catalog) -> None:
    project = await catalog.write(lambda tx: projects.create(tx, "team", "vision"))
    assert await projects.path(catalog.direct, project.id) == "team/vision"
    with pytest.raises(Absent, match="no project 77"):
        await projects.path(catalog.direct, 77)


async def test_another_default_moves_both_entities(catalog: Catalog) -> None:
    one = await catalog.write(lambda tx: projects.create(tx, "one", "a"))
    two = await catalog.write(lambda tx: projects.create(tx, "two", "a"))
    before = [await entities.by_id(catalog.direct, project.entity_id) for project in (one, two)]
    await catalog.write(lambda tx: projects.set_default(tx, two.id))
    after = [await entities.by_id(catalog.direct, project.entity_id) for project in (one, two)]
    assert all(
        new and old and new.changed_ns > old.changed_ns for old, new in zip(before, after, strict=True)
    )


async def test_the_catalog_knows_its_age(catalog: Catalog) -> None:
    row = await catalog.direct.one("SELECT created_ns FROM catalog")
    assert row == (await projects.catalog_created_ns(catalog.direct),)


async def test_the_name_of_a_deleted_project_is_free_at_once(catalog: Catalog) -> None:
    old = await catalog.write(lambda tx: projects.create(tx, "team", "p", "the old one"))
    await catalog.write(lambda tx: projects.delete(tx, old.id))
    assert await projects.page(catalog.direct, old.entity_id, 0, 10) == []
    new = await catalog.write(lambda tx: projects.create(tx, "team", "p"))
    assert (new.id > old.id, new.description) == (True, "")
    assert await projects.by_path(catalog.direct, "team", "p") == new
    await catalog.write(lambda tx: projects.delete(tx, new.id))
    with pytest.raises(Absent):
        await catalog.write(lambda tx: projects.delete(tx, new.id))


async def test_the_oldest_is_the_default_when_that_is_deleted(catalog: Catalog) -> None:
    made = [
        await catalog.write(lambda tx, name=name: projects.create(tx, "team", name))
        for name in ("a", "b", "c")
    ]
    told: list[Change] = []
    catalog.follow(told.extend)
    await catalog.write(lambda tx: projects.delete(tx, made[1].id))
    assert await projects.default(catalog.direct) == made[0]
    assert (Topic.EVERYTHING, 0, 0) in [change[1:] for change in told]
    await catalog.write(lambda tx: projects.delete(tx, made[0].id))
    default = await projects.default(catalog.direct)
    assert default is not None
    assert default.id == made[2].id
    await catalog.write(lambda tx: projects.delete(tx, made[2].id))
    assert await projects.default(catalog.direct) is None
    new = await catalog.write(lambda tx: projects.create(tx, "team", "a"))
    assert await projects.default(catalog.direct) == new


async def test_an_entity_goes_with_its_last_project_and_time_goes_on(catalog: Catalog) -> None:
    times = [await entities.changed_ns(catalog.direct)]
    for name in ("a", "b"):
        await catalog.write(lambda tx, name=name: projects.create(tx, "team", name))
        times.append(await entities.changed_ns(catalog.direct))
    for project_id in (1, 2):
        await catalog.write(lambda tx, project_id=project_id: projects.delete(tx, project_id))
        times.append(await entities.changed_ns(catalog.direct))
        assert await entities.count(catalog.direct) == 2 - project_id
    again = await catalog.write(lambda tx: projects.create(tx, "team", "a"))
    times.append(await entities.changed_ns(catalog.direct))
    assert times == sorted(set(times))
    assert again.entity_id == 2  # ids are never used again
