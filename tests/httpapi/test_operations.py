"""Declarations of routes."""

from aiohttp import web
from pydantic import BaseModel

from httpapi.operations import Operations


class Body(BaseModel):
    """A body."""

    a: int


def test_a_declaration_is_read_from_the_function() -> None:
    operations = Operations("things")

    @operations.add(
        "POST", "/things/{name}/parts/{number}:turn", access="write", answers={201: Body, 200: Body}
    )
    async def turn_part(request: web.Request, name: str, number: int, body: Body) -> Body:
        """Turn a part.

        Twice is
        too much.
        """
        return body

    (operation,) = operations.all
    assert (operation.name, operation.tag, operation.access) == ("turn_part", "things", "write")
    assert (operation.summary, operation.description) == ("Turn a part", "Twice is too much.")
    assert operation.parameters == {"name": str, "number": int}
    assert (operation.query, operation.body, list(operation.answers)) == (None, Body, [201, 200])
    assert operation.full_path == "/api/v1/things/{name}/parts/{number}:turn"
    assert operation.pattern == "/api/v1/things/{name}/parts/{number:[0-9]{1,18}}:turn"
    assert operation.route is turn_part


def test_a_bare_path_has_no_prefix() -> None:
    operations = Operations("things")

    @operations.add(
        "PUT",
        "/x",
        access=None,
        answers={204: None},
        raw_body="application/x-thing",
        headers={"If-Match": "Its tag."},
        bare=True,
    )
    async def put_thing(request: web.Request) -> None:
        """Put it."""

    (operation,) = operations.all
    assert (operation.full_path, operation.body, operation.access) == ("/x", "application/x-thing", None)
    assert operation.headers == {"If-Match": "Its tag."}
