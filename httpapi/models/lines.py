"""The JSON of history and console lines."""

from typing import Any

from pydantic import Field

from httpapi.models.fields import Document, Given, InProject

LINES_MAX = 100_000  # of one request
POINTS_MAX = 10_000


class NewHistory(Given):
    """History lines from number `first_line` on. Sent again, they change nothing."""

    first_line: int = Field(ge=0, lt=1 << 53, description="The number of the first of these lines, from 0.")
    lines: list[dict[str, Any] | str] = Field(
        max_length=LINES_MAX, description="Objects, or texts that each are a JSON object."
    )


class NewConsole(Given):
    """Console lines from number `first_line` on. A line sent again with another text is rewritten."""

    first_line: int = Field(ge=0, lt=1 << 53, description="The number of the first of these lines, from 0.")
    lines: list[str] = Field(max_length=LINES_MAX, description="Texts without their newlines.")


class Accepted(Document):
    """How many lines the stream has now: the number of the next one."""

    next_line: int


class HistoryQuery(InProject):
    """Which history lines: a page of all, or a sample of the whole for a chart."""

    first_line: int = Field(0, ge=0, lt=1 << 53)
    limit: int = Field(1000, ge=1, le=POINTS_MAX)
    points: int | None = Field(
        None,
        ge=1,
        le=POINTS_MAX,
        description="At most so many lines, evenly spread over all; the last is one of them.",
    )
    keys: str | None = Field(
        None,
        max_length=8192,
        description="With commas between: only these keys of each line, and only lines that have one.",
    )


class History(Document):
    """History lines, in order."""

    items: list[dict[str, Any]]
    next_line: int | None = Field(
        description="first_line of the next page; null at the end, and with points."
    )
    total_count: int = Field(description="Lines in the whole history.")


class ConsoleQuery(InProject):
    """Which console lines."""

    first_line: int = Field(0, ge=0, lt=1 << 53)
    limit: int = Field(1000, ge=1, le=POINTS_MAX)


class Console(Document):
    """Console lines, in order, without their newlines."""

    items: list[str]
    next_line: int | None
    total_count: int
