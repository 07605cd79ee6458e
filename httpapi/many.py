"""Many small files as the body of one request.

A line of JSON says of each file what files:upload-urls would be told, with size and SHA-256; behind it come
the bytes of all, one file after the other. Each is verified, durable and visible before the answer, or has
its own refusal there.
"""

from collections.abc import Iterator

from aiohttp import web
from pydantic import ValidationError
from pydantic_core import from_json

from httpapi.binding import invalid
from httpapi.bodies import whole
from httpapi.door import METRICS
from httpapi.intake import Owner, arrived, refusal
from httpapi.media_types import media_type
from httpapi.models import uploads as models
from httpapi.models.fields import bytes_or_none
from httpapi.problems import Problem
from httpapi.state import STATE
from store.blobs import Expected
from store.errors import StoreError
from store.uploads import Incoming


async def put_all(request: web.Request, owner: Owner) -> models.FileOutcomes:
    """Take and publish the files of a request's body. Problem when it is not such a body."""
    state = request.app[STATE]
    body = await whole(request, state.settings.lines_max_bytes)
    request.app[METRICS].received(len(body))
    items = []
    for each in await state.uploads.put_all(owner.fileset_id, list(_files(body))):
        if isinstance(each, StoreError):
            items.append(models.FileOutcome.model_construct(file=None, problem=refusal(each)))
        else:
            file = await arrived(request, owner, each)
            items.append(models.FileOutcome.model_construct(file=file, problem=None))
    return models.FileOutcomes.model_construct(items=items)


def _files(body: bytes) -> Iterator[Incoming]:
    at = body.find(b"\n") + 1
    try:
        described = models.SmallFiles.model_validate(from_json(body[:at])).files
    except ValidationError as error:
        raise invalid(error, "body") from None
    except ValueError as error:
        raise Problem("malformed", f"The body's first line is not JSON: {error}.") from None
    total = sum(file.size for file in described)
    if total != len(body) - at:
        raise Problem(
            "mismatch", f"{max(len(body) - at, 0)} bytes came, {total} were announced; nothing was stored."
        )
    contents = memoryview(body)
    for file in described:
        yield Incoming(
            file.path,
            contents[at : at + file.size],
            Expected(file.size, bytes_or_none(file.sha256), bytes_or_none(file.md5)),
            file.content_type or media_type(file.path),
        )
        at += file.size
