"""The JSON of artifacts."""

from httpapi.models.artifacts import Artifact, Commit, Names
from store.catalog import rows

S = 10**9
NAMES = Names(project="team/a", type="model", collection="resnet")


def test_the_document_of_a_row() -> None:
    row = rows.Artifact(5, 2, 3, None, 4, "committed", "abc", "d", '{"m": 1}', S, 2 * S)
    fileset = rows.Fileset(3, 1, 6, 70, 0, None, S, 3 * S)
    artifact = Artifact.of(row, fileset, NAMES, ["latest"], "r1", ["r2"])
    assert Artifact.model_validate_json(artifact.model_dump_json()) == artifact
    assert (artifact.id, artifact.version, artifact.aliases, artifact.metadata) == (
        5,
        "v4",
        ["latest"],
        {"m": 1},
    )
    assert (artifact.files, artifact.bytes, artifact.run, artifact.used_by) == (6, 70, "r1", ["r2"])
    assert (artifact.type, artifact.collection, artifact.updated_at[17:19]) == ("model", "resnet", "03")
    pending = Artifact.of(row._replace(number=None, state="pending"), fileset, NAMES, [], None, [])
    assert pending.version is None


def test_commits_share_no_state() -> None:
    Commit().aliases.append("x")
    assert Commit().aliases == []
