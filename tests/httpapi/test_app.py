"""The application as a whole: its routes are what its document says."""

from typing import Any

from httpapi import app as apps


async def test_every_declared_route_is_served_and_no_other(application: Any) -> None:
    served = {
        (route.method, route.resource.canonical)
        for route in application.router.routes()
        if route.resource is not None and route.method != "HEAD"
    }
    declared = {(each.method, each.full_path) for each in apps.all_operations()}
    assert {route for route in served if route[1].startswith("/api/")} == {
        route for route in declared if route[1].startswith("/api/")
    }
    assert {("GET", "/healthz"), ("GET", "/readyz"), ("GET", "/metrics")} <= served


async def test_names_and_routes_are_declared_once() -> None:
    operations = apps.all_operations()
    assert len({each.name for each in operations}) == len(operations)
    assert len({(each.method, each.full_path) for each in operations}) == len(operations)
    assert all(each.summary for each in operations)


async def test_head_is_get_without_a_body(api: Any) -> None:
    answer = await api.raw("HEAD", "/projects")
    assert (answer.status, await answer.read()) == (200, b"")
    assert int(answer.headers["Content-Length"]) > 0
