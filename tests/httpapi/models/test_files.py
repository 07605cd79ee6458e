"""The JSON of files."""

from httpapi.models.files import File, FileQuery, Version
from store.catalog import rows

S = 10**9
ENTRY = rows.Entry(7, 3, 0, "b.txt", "a/b.txt", 9, 0, "d", '["t"]', S, 2 * S)
VERSION = rows.Version(9, 7, 3, 4, 5, b"\x01" * 32, None, "text/plain", S, 3 * S, None)


def test_the_document_of_a_file() -> None:
    file = File.of(ENTRY, VERSION, 2, "r1", None)
    assert File.model_validate_json(file.model_dump_json()) == file
    assert (file.id, file.name, file.path, file.size, file.tags) == (7, "b.txt", "a/b.txt", 5, ["t"])
    assert (file.sha256, file.md5, file.version, file.versions) == ("01" * 32, None, 4, 2)
    assert (file.created_at[17:19], file.updated_at[17:19]) == ("01", "03")


def test_the_document_of_a_version() -> None:
    version = Version.of(VERSION, 9)
    assert Version.model_validate_json(version.model_dump_json()) == version
    assert (version.number, version.is_current) == (4, True)
    assert not Version.of(VERSION, 10).is_current


def test_the_list_is_by_path_unless_asked() -> None:
    query = FileQuery.model_validate({})
    assert (query.sort, query.order, query.limit) == ("path", "asc", 100)
