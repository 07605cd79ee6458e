"""The types of fields that many documents share, with their bounds."""

from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field

from store.errors import Refused
from store.names import check_name

PAGE_MAX = 1000
TAGS_MAX = 200


def _component(name: str) -> str:
    """A name that can be a path component as it is."""
    try:
        return check_name(name)
    except Refused as error:
        raise ValueError(str(error)) from None


def _encodable(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError("the text holds half of a character (a lone surrogate)") from None
    return text


def _two_parts(path: Any) -> Any:
    if isinstance(path, str) and not (path.count("/") == 1 and all(path.split("/"))):
        raise ValueError(f"{path!r} names no project: write ENTITY/PROJECT")
    return path


def _project_path(path: str) -> str:
    for part in path.split("/"):
        _component(part)
    return path


def _unique(tags: list[str]) -> list[str]:
    return list(dict.fromkeys(tags))


Name = Annotated[
    str,
    Field(min_length=1, max_length=255, description="One path component: no /, no control characters."),
    AfterValidator(_component),
]
ProjectPath = Annotated[
    str,
    Field(min_length=3, max_length=511, pattern=r"^[^/]+/[^/]+$", description="ENTITY/PROJECT."),
    AfterValidator(_project_path),
    BeforeValidator(_two_parts),
]
SomeProject = Annotated[
    str, Field(min_length=1, max_length=511, pattern=r"^[^/]+(/[^/]+)?$"), AfterValidator(_project_path)
]
Text = Annotated[str, Field(max_length=65_536), AfterValidator(_encodable)]
Line = Annotated[str, Field(max_length=1000), AfterValidator(_encodable)]
Sought = Annotated[str, Field(max_length=1000, pattern=r"^[^\x00]*$"), AfterValidator(_encodable)]
Tag = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_encodable)]
Tags = Annotated[list[Tag], Field(max_length=TAGS_MAX), AfterValidator(_unique)]
Object = Annotated[
    dict[str, Any], Field(description='NaN and infinities are kept as "NaN", "Infinity" and "-Infinity".')
]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$", description="SHA-256, in lower-case hexadecimal.")]
Md5 = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$", description="MD5, in lower-case hexadecimal.")]
Size = Annotated[int, Field(ge=0, lt=1 << 63, description="Bytes.")]
ContentType = Annotated[
    str,
    Field(
        min_length=3,
        max_length=255,
        pattern=r"^[A-Za-z0-9!#$&^_.+-]+/[A-Za-z0-9!#$&^_.+-]+(; ?[A-Za-z0-9!#$&^_.+-]+=[\x20-\x7e]+)*$",
    ),
]
Time = Annotated[str, Field(json_schema_extra={"format": "date-time"}, description="RFC 3339, in UTC.")]
Glob = Annotated[
    str,
    Field(
        min_length=1,
        max_length=512,
        description="On the whole path: * and ? stay within a component, ** crosses them, [...] is a set.",
    ),
]
FilePath = Annotated[str, Field(min_length=1, max_length=4096, description="Components with / between.")]


class Document(BaseModel, defer_build=True):
    """What we answer. Its schema is built when first used: all of them at once would delay the start."""


class Given(BaseModel, extra="forbid", defer_build=True):
    """What a client sends: a field that is not known is an error and not a wish unheard."""


class InProject(Given):
    """The query of a route whose subject is named by a short id."""

    project: ProjectPath | None = Field(
        None, description="Needed only when the key may read several projects that hold this id."
    )


class Paged(Given):
    """The query of every list."""

    limit: int = Field(100, ge=1, le=PAGE_MAX)
    cursor: str | None = Field(None, max_length=8192, description="next_cursor of the page before.")


class PagedInProject(Paged):
    """The query of a list within one project."""

    project: ProjectPath | None = Field(None, description="Left out: the key's own, or the default project.")


def rfc3339(time_ns: int) -> str:
    """A catalog's time as text, to the microsecond."""
    seconds, rest_ns = divmod(time_ns, 1_000_000_000)
    moment = datetime.fromtimestamp(seconds, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{rest_ns // 1000:06d}Z"


def rfc3339_or_none(time_ns: int | None) -> str | None:
    """The same for a time that may not have come."""
    return None if time_ns is None else rfc3339(time_ns)


def hex_or_none(digest: bytes | None) -> str | None:
    """A raw hash as text."""
    return None if digest is None else digest.hex()


def bytes_or_none(digest: str | None) -> bytes | None:
    """A hash in hexadecimal as raw bytes."""
    return None if digest is None else bytes.fromhex(digest)
