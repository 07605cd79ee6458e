"""The JSON of health checks."""

from httpapi.models.health import Health


def test_there_is_one_good_state() -> None:
    assert Health(status="ok").model_dump_json() == '{"status":"ok"}'
