"""Collecting over HTTP."""

from typing import Any


async def test_now_gives_no_grace(api: Any) -> None:
    await api.good("POST", "/runs", {"project": "team/a", "id": "r"})
    file = await api.save("r", "gone", b"bytes")
    await api.ask("DELETE", f"/runs/files/{file['id']}")
    assert (await api.good("POST", "/collect"))["versions"] == 0
    done = await api.good("POST", "/collect", {"now": True})
    assert (done["versions"], done["blobs"], done["bytes"], done["orphans"]) == (1, 1, 5, 0)


async def test_an_admin_of_one_project_may_not(api: Any, make_key: Any) -> None:
    assert (await api.with_key(await make_key("write")).ask("POST", "/collect"))[0] == 403
    assert (await api.with_key(await make_key("admin", "team/a")).ask("POST", "/collect"))[0] == 403
