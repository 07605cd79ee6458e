"""Settings that nobody gave."""

from httpapi.settings import MIB, Settings


async def test_defaults_are_safe() -> None:
    settings = Settings()
    assert settings.hosts == frozenset()
    assert settings.link_s <= 3600
    assert settings.json_max_bytes <= settings.lines_max_bytes <= 64 * MIB
    assert settings.registry is not Settings().registry
    await settings.ready()
