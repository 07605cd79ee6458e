"""The attributes of a run that a script may change, each of which tells the server of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Generic, TypeVar

from .bounds import LINE_MAX_CHARS, TAG_MAX_CHARS, TAGS_MAX, TEXT_MAX_CHARS, check_length
from .fields import Kept

T = TypeVar("T")


class Attribute(Generic[T]):
    """An attribute that the server keeps as `field`; `made` makes it of what a script gives, or raises."""

    def __init__(self, field: str, made: Callable[[Any], T]) -> None:
        self._field = field
        self._made = made

    def __set_name__(self, owner: type[Description], name: str) -> None:
        self._name = name

    def __get__(self, of: Description, owner: type[Description]) -> T:
        value: T = vars(of)[self._name]
        return value

    def __set__(self, of: Description, given: Any) -> None:
        value = self._made(given)
        of.tell(f"{self._name} = ...", self._field, value)
        vars(of)[self._name] = value


def _line(given: str | None) -> str:
    return _text(given, LINE_MAX_CHARS)


def _notes(given: str | None) -> str:
    return _text(given, TEXT_MAX_CHARS)


def _tags(given: Iterable[str] | None) -> tuple[str, ...]:
    tags = (given,) if isinstance(given, str) else tuple(given or ())
    if len(tags) > TAGS_MAX or "" in tags:
        raise ValueError(f"a run has at most {TAGS_MAX} tags, and none of them is empty")
    return tuple(_text(tag, TAG_MAX_CHARS) for tag in tags)


def _text(given: str | None, max_chars: int) -> str:
    if given is not None and not isinstance(given, str):
        raise TypeError(f"a text is wanted here, not {type(given).__name__}")
    check_length(given or "", max_chars)
    return given or ""


class Description:
    """The attributes, as a part of `Run`. TypeError or ValueError for what one cannot be."""

    id: str
    config = Kept()
    summary = Kept()
    name = Attribute("display_name", _line)
    tags = Attribute("tags", _tags)
    notes = Attribute[str | None]("notes", _notes)
    group = Attribute[str | None]("group", _line)
    job_type = Attribute[str | None]("job_type", _line)

    def describe(self, fields: Mapping[str, Any]) -> None:
        """Take over what the server knows already, or is about to be told."""
        vars(self).update(
            name=fields.get("display_name") or self.id,
            tags=tuple(fields.get("tags", ())),
            notes=fields.get("notes"),
            group=fields.get("group"),
            job_type=fields.get("job_type"),
        )

    def tell(self, call: str, field: str, value: Any) -> None:
        """Have the server change a field, as `call` of the script asks."""
        raise NotImplementedError
