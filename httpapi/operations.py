"""Routes as declarations: one decorated function says how it is called, who may call it, and what it answers.

The same declaration checks each request (httpapi.binding) and is printed as OpenAPI (httpapi.openapi), so the
document cannot disagree with the server. A function takes the request, then by name what it declares: parts
of its path (`str` or `int`), `query` and `body` (pydantic models). It returns a model, an Answer, None for
204, or a response.
"""

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar, get_type_hints

from aiohttp import web
from pydantic import BaseModel

from httpapi.auth import Access

PREFIX = "/api/v1"
_NAME_IN_PATH = re.compile(r"{(\w+)}")
# Ids are SQLite's: positive and below 2^63; what is longer is nobody's id.
_ID_PATTERN = "[0-9]{1,18}"

Route = Callable[..., Awaitable[Any]]
Adapted = Callable[[web.Request], Awaitable[web.StreamResponse]]
F = TypeVar("F", bound=Route)
Body = type[BaseModel] | str | None  # a model, a media type for other content, or None for no content


@dataclass(frozen=True, slots=True)
class Answer:
    """A model with another status than the declared first one, or with headers of its own."""

    model: BaseModel | None
    status: int | None = None
    headers: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Operation:
    """A declared route. `path` is under PREFIX unless `bare`; `answers` maps a status to what it carries."""

    method: str
    path: str
    bare: bool
    tag: str
    name: str
    summary: str
    description: str
    access: Access | None  # None: open to everyone, or signed
    parameters: Mapping[str, type]  # of the path, in order
    query: type[BaseModel] | None
    headers: Mapping[str, str]  # of the request: each that the route heeds itself, and what it is for
    body: Body
    long_body: bool  # held to lines_max_bytes and not to json_max_bytes
    answers: Mapping[int, Body]
    route: Route

    @property
    def full_path(self) -> str:
        """The path template as OpenAPI writes it."""
        return self.path if self.bare else PREFIX + self.path

    @property
    def pattern(self) -> str:
        """The path template as aiohttp's router takes it."""

        def part(match: re.Match[str]) -> str:
            name = match[1]
            return f"{{{name}:{_ID_PATTERN}}}" if self.parameters[name] is int else f"{{{name}}}"

        return _NAME_IN_PATH.sub(part, self.full_path)


class Operations:
    """The routes of one subject, in the order they are declared."""

    def __init__(self, tag: str) -> None:
        self.tag = tag
        self.all: list[Operation] = []

    def add(
        self,
        method: str,
        path: str,
        *,
        access: Access | None,
        answers: Mapping[int, Body],
        headers: Mapping[str, str] | None = None,
        raw_body: str | None = None,
        long_body: bool = False,
        bare: bool = False,
    ) -> Callable[[F], F]:
        """Declare the decorated function as a route.

        `raw_body` is the media type of a body that it reads itself, `headers` are those that it reads itself.
        """

        def declare(route: F) -> F:
            hints = get_type_hints(route)
            names = _NAME_IN_PATH.findall(path)
            summary, _, description = (route.__doc__ or "").strip().partition("\n")
            self.all.append(
                Operation(
                    method=method,
                    path=path,
                    bare=bare,
                    tag=self.tag,
                    name=route.__name__,
                    summary=summary.strip().rstrip("."),
                    description=" ".join(description.split()),
                    access=access,
                    parameters={name: hints[name] for name in names},
                    query=hints.get("query"),
                    headers=headers or {},
                    body=raw_body or hints.get("body"),
                    long_body=long_body,
                    answers=answers,
                    route=route,
                )
            )
            return route

        return declare
