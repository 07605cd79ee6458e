"""Sweeps over HTTP."""

from typing import Any


async def test_a_sweep_and_its_best_run(api: Any) -> None:
    await api.good("POST", "/projects", {"project": "team/a"})
    config = {"metric": {"name": "loss", "goal": "minimize"}}
    status, sweep = await api.ask("POST", "/sweeps", {"id": "s1", "method": "grid", "config": config})
    assert (status, sweep["state"], sweep["best_run"], sweep["runs"]) == (201, "running", None, {})
    assert (await api.ask("POST", "/sweeps", {"id": "s1"}))[0] == 409
    for name, loss in (("r1", 0.5), ("r2", 0.25)):
        await api.good("POST", "/runs", {"id": name, "sweep": "s1"})
        await api.good("PATCH", f"/runs/{name}", {"summary": {"loss": loss}})
    await api.good("POST", "/runs/r1/finish")
    sweep = await api.good("GET", "/sweeps/s1")
    assert (sweep["best_run"], sweep["runs"]) == ({"run": "r2", "value": 0.25}, {"finished": 1, "running": 1})
    assert (sweep["config"], sweep["method"], sweep["project"]) == (config, "grid", "team/a")
    changed = await api.good("PATCH", "/sweeps/s1", {"state": "finished", "display_name": "S", "config": {}})
    assert (changed["state"], changed["display_name"], changed["config"], changed["method"]) == (
        *("finished", "S", {}, "grid"),
    )
    assert (await api.ask("PATCH", "/sweeps/s1", {"state": "gone"}))[0] == 422
    assert await api.ask("DELETE", "/sweeps/s1") == (204, None)
    assert (await api.ask("GET", "/sweeps/s1"))[0] == 404
    assert (await api.good("GET", "/runs/r1"))["sweep"] is None


async def test_listing(api: Any) -> None:
    await api.good("POST", "/projects", {"project": "team/a"})
    made = [(await api.good("POST", "/sweeps"))["id"] for _ in range(3)]
    first = await api.good("GET", "/sweeps", params={"limit": 2})
    rest = await api.good("GET", "/sweeps", params={"limit": 2, "cursor": first["next_cursor"]})
    assert [each["id"] for each in first["items"] + rest["items"]] == made
    assert (first["total_count"], rest["next_cursor"]) == (3, None)
