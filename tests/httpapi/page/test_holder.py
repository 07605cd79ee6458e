"""Whose files a page shows, and who may change them."""

from typing import Any

from httpapi.page.holder import Holder
from httpapi.page.place import ProjectPlace
from store.catalog.rows import Fileset, Project


def test_addresses() -> None:
    project = ProjectPlace("team", Project(1, 1, "a b", "", 0, 0, 0, 0, 0))
    fileset = Fileset(1, 1, 0, 0, 0, None, 0, 0)
    holder = Holder(project, fileset, "/files", [], "t", False, None)
    assert holder.at("") == "/files"
    assert holder.at("a b/ü?#") == "/files/a%20b/%C3%BC%3F%23"
    assert holder.upload_address is None
    assert not holder.changes_itself


async def test_a_run_that_lives_may_get_files_meanwhile(site: Any, api: Any, run: str) -> None:
    where = "/projects/team/vision/runs/r1/files"
    assert "every 5s" in await site.get(where)
    assert 'data-upload="/api/v1/runs/r1"' in await site.get(where)
    await api.good("POST", "/runs/r1/finish", {})
    assert "every 5s" not in await site.get(where)
