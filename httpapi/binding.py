"""From a request to the arguments that a route declares, and from what it returns to a response.

Everything a client can get wrong is found here, before the route runs, and answered with one problem document
that names each wrong field.
"""

from typing import Any
from urllib.parse import unquote_to_bytes

from aiohttp import web
from pydantic import BaseModel, ValidationError
from pydantic_core import from_json

from httpapi.auth import CHALLENGE, RANK
from httpapi.bodies import whole
from httpapi.operations import Adapted, Answer, Operation
from httpapi.problems import Problem
from httpapi.state import KEY, STATE

ERRORS_SHOWN_MAX = 20
JSON = "application/json"


def bound(operation: Operation) -> Adapted:
    """The operation as aiohttp calls it."""
    parameters = tuple(operation.parameters.items())
    query_model, body_model, access = operation.query, operation.body, operation.access
    first_status = next(iter(operation.answers))
    route = operation.route

    async def adapted(request: web.Request) -> web.StreamResponse:
        if access is not None:
            _check_access(request, access)
        arguments: dict[str, Any] = {
            name: int(request.match_info[name]) if of is int else request.match_info[name]
            for name, of in parameters
        }
        if query_model is not None:
            arguments["query"] = _query(request, query_model)
        elif request.query_string:
            _query(request, NoQuery)
        if isinstance(body_model, type):
            arguments["body"] = await _body(request, body_model, operation.long_body)
        return _response(await route(request, **arguments), first_status)

    return adapted


class NoQuery(BaseModel, extra="forbid"):
    """The query of a route that takes none."""


def _check_access(request: web.Request, access: str) -> None:
    key = request.get(KEY)
    if key is None:
        raise Problem("unauthenticated", "Send an API key: Authorization: Bearer KEY.", CHALLENGE)
    if RANK[key.access] < RANK[access]:
        raise Problem(
            "forbidden", f"This needs a key with {access} access; this one has {key.access} access."
        )


def _query(request: web.Request, model: type[BaseModel]) -> BaseModel:
    given = request.query
    if "\ufffd" in "".join(given.values()):
        _check_utf8(request.rel_url.raw_query_string)
    values: dict[str, str] = dict(given)
    if len(values) != len(given):
        twice = sorted({name for name in given if len(given.getall(name)) > 1})
        raise Problem("invalid", f"Given more than once in the query: {', '.join(twice)}.")
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise invalid(error, "query") from None


def _check_utf8(query: str) -> None:
    """Bytes that are no UTF-8 were replaced when the query was read: another name would be meant."""
    try:
        unquote_to_bytes(query).decode()
    except UnicodeDecodeError:
        raise Problem("malformed", "The query is not UTF-8.") from None


async def _body(request: web.Request, model: type[BaseModel], long_body: bool) -> BaseModel:
    settings = request.app[STATE].settings
    data = await whole(request, settings.lines_max_bytes if long_body else settings.json_max_bytes)
    if not data:
        data = b"{}"  # a model whose fields all have defaults needs no body
    elif request.content_type != JSON:
        raise Problem("media-type", f"The body must be {JSON}, not {request.content_type}.")
    try:
        document = from_json(data)  # NaN and Infinity too: Python's own json writes them
    except ValueError as error:
        raise Problem("malformed", f"The body is not JSON: {error}.") from None
    try:
        return model.model_validate(document)
    except ValidationError as error:
        raise invalid(error, "body") from None


def invalid(error: ValidationError, where: str) -> Problem:
    """The refusal of what a model does not take, found in the "query" or the "body"."""
    errors = [
        {"where": _place(where, each["loc"]), "detail": _said(each["type"], each["msg"])}
        for each in error.errors(include_url=False, include_context=False, include_input=False)[
            :ERRORS_SHOWN_MAX
        ]
    ]
    detail = "; ".join(f"{each['where']}: {each['detail']}" for each in errors[:3])
    return Problem("invalid", f"{detail}.", errors=errors)


def _said(kind: str, message: str) -> str:
    """An error of pydantic in words of JSON, or of whatever check of ours raised it."""
    if kind in ("model_type", "dict_type"):
        return "Input should be an object"
    return message.removeprefix("Value error, ")


def _place(where: str, location: tuple[int | str, ...]) -> str:
    return where + "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in location)


def _response(result: Any, first_status: int) -> web.StreamResponse:
    if isinstance(result, web.StreamResponse):
        return result
    headers = None
    status = first_status
    if isinstance(result, Answer):
        status, headers, result = result.status or first_status, result.headers, result.model
    if result is None:
        return web.Response(status=status, headers=headers)
    body = result.model_dump_json().encode()
    return web.Response(status=status, headers=headers, body=body, content_type=JSON)
