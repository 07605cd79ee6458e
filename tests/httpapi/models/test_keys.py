"""The JSON of API keys."""

from httpapi.models.keys import Key
from store.catalog import rows


def test_a_key_is_described_without_its_hash() -> None:
    row = rows.Key(3, b"secret hash", "abcd", "laptop", "read", None, 10**9, 2 * 10**9)
    key = Key.of(row, "team/vision")
    assert Key.model_validate_json(key.model_dump_json()) == key
    assert "secret" not in key.model_dump_json()
    assert (key.hint, key.project, key.created_at[17:19]) == ("abcd", "team/vision", "01")
    assert key.revoked_at == "1970-01-01T00:00:02.000000Z"
