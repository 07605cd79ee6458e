"""The order of the whole suite."""

from pathlib import Path

import pytest

pytest_plugins = ["s3_fixtures"]

BROWSER = Path(__file__).parent / "browser"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the browser's tests last: playwright's driver leaves its event loop running until the session ends,
    and no test that brings an event loop of its own could follow."""
    items.sort(key=lambda item: BROWSER in item.path.parents)
