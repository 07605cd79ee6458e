"""An artifact version's life: artifacts.create, update, commit, use, delete."""

from typing import Any

import pytest

from store.catalog import (
    Catalog,
    Topic,
    Transaction,
    aliases,
    artifacts,
    collections,
    filesets,
    remains,
    runs,
)
from store.catalog.rows import Artifact, Run
from store.errors import Absent, Conflict, Refused


@pytest.fixture
async def run(catalog: Catalog, project_id: int) -> Run:
    """A run that makes and uses artifacts."""
    return await catalog.write(lambda tx: runs.create(tx, project_id, "r"))


async def pending(catalog: Catalog, project_id: int, run_id: int | None = None, digest: str = "") -> Artifact:
    async def work(tx: Transaction) -> Artifact:
        collection = await collections.ensure(tx, project_id, "model", "resnet")
        return await artifacts.create(tx, collection, run_id, description="d", digest=digest)

    return await catalog.write(work)


async def commit(catalog: Catalog, artifact: Artifact, *names: str) -> Artifact:
    return await catalog.write(lambda tx: artifacts.commit(tx, artifact.id, names))


async def pointing(catalog: Catalog, artifact: Artifact) -> set[str]:
    return {alias.name for alias in await aliases.of_artifact(catalog.direct, artifact.id)}


async def test_a_version_is_pending_then_committed(catalog: Catalog, run: Run, told: list[Any]) -> None:
    made = await pending(catalog, run.project_id, run.id)
    assert (made.number, made.state, made.run_id, made.description) == (None, "pending", run.id, "d")
    told.clear()
    committed = await commit(catalog, made, "best")
    assert (committed.number, committed.state) == (0, "committed")
    assert await pointing(catalog, made) == {"latest", "best"}
    fileset = await filesets.by_id(catalog.direct, made.fileset_id)
    assert fileset is not None
    assert fileset.sealed
    assert {topic for topic, *_ in told} == {Topic.ARTIFACT, Topic.COLLECTION, Topic.ALIAS, Topic.RUN}


async def test_commit_again_only_adds_aliases(catalog: Catalog, project_id: int) -> None:
    made = await pending(catalog, project_id)
    first = await commit(catalog, made)
    newer = await commit(catalog, await pending(catalog, project_id))
    again = await commit(catalog, made, "best")
    assert (again.number, again.digest) == (first.number, first.digest)
    assert await pointing(catalog, made) == {"best"}
    assert await pointing(catalog, newer) == {"latest"}
    assert await artifacts.newest(catalog.direct, made.collection_id) == await artifacts.by_id(
        catalog.direct, newer.id
    )


async def test_commit_waits_for_uploads(catalog: Catalog, put: Any, project_id: int) -> None:
    made = await pending(catalog, project_id)
    upload = {"fileset_id": made.fileset_id, "path": "w.pt", "content_type": "", "blob_key": "k"}
    await put("uploads", id="x", state="open", created_ns=1, expires_ns=2**62, **upload)
    with pytest.raises(Conflict, match=r"w\.pt is still being uploaded"):
        await commit(catalog, made)
    await catalog.write(lambda tx: tx.run("UPDATE uploads SET expires_ns = 5"))
    assert (await commit(catalog, made)).number == 0


async def test_a_bad_alias_undoes_the_commit(catalog: Catalog, project_id: int) -> None:
    made = await pending(catalog, project_id)
    with pytest.raises(Refused, match="v7"):
        await commit(catalog, made, "good", "v7")
    again = await artifacts.by_id(catalog.direct, made.id)
    assert again is not None
    assert again.state == "pending"
    assert await pointing(catalog, made) == set()


async def test_the_digest_is_of_paths_and_hashes(catalog: Catalog, put: Any, project_id: int) -> None:
    digests = []
    for files in ({"a": b"1", "b": b"2"}, {"b": b"2", "a": b"1"}, {"a": b"2", "b": b"1"}, {"a": b"1"}):
        made = await pending(catalog, project_id)
        for path, sha256 in files.items():
            entry = await put("entries", fileset_id=made.fileset_id, name=path, path=path)
            version = await put("versions", entry_id=entry, fileset_id=made.fileset_id, sha256=sha256)
            await catalog.write(
                lambda tx, v=version, e=entry: tx.run("UPDATE entries SET version_id = ? WHERE id = ?", v, e)
            )
        digests.append((await commit(catalog, made)).digest)
    assert digests[0] == digests[1]
    assert len(set(digests)) == 3
    given = await commit(catalog, await pending(catalog, project_id, digest="given"))
    assert given.digest == "given"
    found = await artifacts.by_digest(catalog.direct, given.collection_id, digests[0])
    assert found is not None
    assert found.number == 1  # the newer of the two


async def test_update(catalog: Catalog, project_id: int) -> None:
    made = await pending(catalog, project_id)
    updated = await catalog.write(lambda tx: artifacts.update(tx, made.id, metadata='{"a":1}'))
    assert updated.metadata == '{"a":1}'
    with pytest.raises(TypeError):
        await catalog.write(lambda tx: artifacts.update(tx, made.id, state="committed"))
    with pytest.raises(Absent):
        await catalog.write(lambda tx: artifacts.update(tx, 99, metadata="{}"))


async def test_use(catalog: Catalog, run: Run, told: list[Any]) -> None:
    made = await commit(catalog, await pending(catalog, run.project_id))
    told.clear()
    for _ in range(2):
        await catalog.write(lambda tx: artifacts.use(tx, made.id, run.id))
    assert await artifacts.users(catalog.direct, made.id) == [run.id]
    assert {topic for topic, *_ in told} == {Topic.ARTIFACT, Topic.RUN}
    await catalog.write(lambda tx: runs.delete(tx, run.id))
    assert await artifacts.users(catalog.direct, made.id) == []


async def test_no_use_by_or_of_what_was_deleted_meanwhile(catalog: Catalog, run: Run) -> None:
    used = await commit(catalog, await pending(catalog, run.project_id))
    gone = await commit(catalog, await pending(catalog, run.project_id))
    other = await catalog.write(lambda tx: runs.create(tx, run.project_id, "other"))
    await catalog.write(lambda tx: runs.delete(tx, run.id))
    await catalog.write(lambda tx: artifacts.delete(tx, gone.id))
    for _ in range(2):  # while their rows wait for the collector, and when that took them
        for artifact_id, run_id in ((used.id, run.id), (gone.id, other.id)):
            with pytest.raises(Absent):
                await catalog.write(lambda tx, a=artifact_id, r=run_id: artifacts.use(tx, a, r))
        await catalog.write(lambda tx: remains.take(tx, 100))
    assert await catalog.direct.all("SELECT * FROM artifact_uses") == []


async def test_an_artifact_outlives_its_run(catalog: Catalog, run: Run) -> None:
    made = await commit(catalog, await pending(catalog, run.project_id, run.id))
    await catalog.write(lambda tx: runs.delete(tx, run.id))
    left = await artifacts.by_id(catalog.direct, made.id)
    assert left is not None
    assert left.run_id is None


async def test_latest_goes_to_the_newest_that_is_left(catalog: Catalog, project_id: int) -> None:
    v0, v1, v2 = [await commit(catalog, await pending(catalog, project_id)) for _ in range(3)]
    await catalog.write(lambda tx: artifacts.delete(tx, v0.id))
    assert await pointing(catalog, v2) == {"latest"}
    await catalog.write(lambda tx: artifacts.delete(tx, v2.id))
    assert await pointing(catalog, v1) == {"latest"}
    assert (await commit(catalog, await pending(catalog, project_id))).number == 3  # v2 is not given again


async def test_the_collection_goes_with_its_last_version(
    catalog: Catalog, project_id: int, told: list[Any]
) -> None:
    made = await commit(catalog, await pending(catalog, project_id))
    told.clear()
    await catalog.write(lambda tx: artifacts.delete(tx, made.id))
    assert await collections.by_id(catalog.direct, made.collection_id) is None
    assert {topic for topic, *_ in told} == {
        *(Topic.ARTIFACT, Topic.COLLECTION, Topic.ALIAS, Topic.TYPE),
        *(Topic.FILESET, Topic.PROJECT_ARTIFACTS),
    }
    with pytest.raises(Absent):
        await catalog.write(lambda tx: artifacts.delete(tx, made.id))
