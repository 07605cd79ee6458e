"""What routes reach through their application."""

from typing import Any

from httpapi import app as apps
from httpapi.settings import Settings
from httpapi.state import STATE


async def test_the_application_holds_what_it_was_given(catalog: Any) -> None:
    settings = Settings()
    blobs: Any = object()
    uploads: Any = object()
    state = apps.build(catalog, blobs, uploads, settings)[STATE]
    assert (state.catalog, state.blobs, state.uploads, state.settings) == (catalog, blobs, uploads, settings)
