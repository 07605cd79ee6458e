"""How files come in, for runs and for artifacts alike: asked for, sent, registered; one at a time or many."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Sequence
from typing import NamedTuple, TypeVar

from aiohttp import web

from httpapi import audit
from httpapi.bodies import chunks
from httpapi.door import METRICS
from httpapi.media_types import media_type
from httpapi.models import uploads as models
from httpapi.models.fields import bytes_or_none
from httpapi.models.files import File
from httpapi.operations import Answer
from httpapi.problems import Problem, problem_of
from httpapi.reach import key_of
from httpapi.signed.ways import way_in, way_in_for_part
from httpapi.state import STATE
from store import strict_json
from store.blobs import Expected
from store.catalog import files, uploads, versions
from store.catalog.files import Published
from store.catalog.rows import Part, Upload
from store.errors import Absent, StoreError
from store.uploads import PARTS_MAX

# A file up to this size comes in one PUT; a larger one in parts, of which only the missing ones are sent
# again.
ONE_PUT_MAX_BYTES = 64 << 20
PART_BYTES = 32 << 20

OCTETS = "application/octet-stream"

T = TypeVar("T")


async def ask(request: web.Request, fileset_id: int, body: models.NewUpload) -> models.Upload:
    """Ask for one upload. The same question again goes on with an upload in parts that was broken off."""
    state = request.app[STATE]
    key = key_of(request)
    expected = Expected(body.size, bytes_or_none(body.sha256), bytes_or_none(body.md5))
    part_size = None
    if body.size is not None and body.size > ONE_PUT_MAX_BYTES:
        part_size = max(PART_BYTES, -(-body.size // PARTS_MAX))
        begun = await uploads.resumable(state.catalog.direct, fileset_id, key.id, body.where, *expected)
        if begun is not None:
            with contextlib.suppress(Absent):  # the store has dropped its parts
                return await described(request, begun)
    upload = await state.uploads.request(
        fileset_id,
        body.where,
        expected,
        content_type=body.content_type or media_type(body.where),
        key_id=key.id,
        reads=key.project_id,
        part_size=part_size,
    )
    return await described(request, upload)


async def described(request: web.Request, upload: Upload) -> models.Upload:
    """How an upload is to go on: what is still to be sent, and where to."""
    state = request.app[STATE]
    is_open = upload.state == "open"
    parts = None
    if is_open and upload.part_size is not None:
        parts = _missing(request, upload, await state.uploads.parts(upload.id))
    way = way_in(request, upload) if is_open and parts is None else None
    return models.Upload.model_construct(
        upload_id=upload.id,
        already_stored=not is_open,
        upload_url=None if way is None else way.url,
        method=None if way is None else "PUT",
        headers={} if way is None else way.headers,
        expires_in=state.settings.link_s,
        part_size=upload.part_size,
        parts=parts,
    )


def _missing(request: web.Request, upload: Upload, arrived: Sequence[Part]) -> list[models.PartUrl]:
    size, part_size = upload.size or 0, upload.part_size or 1
    there = {part.number for part in arrived}
    missing = []
    for number, offset in enumerate(range(0, size, part_size), 1):
        if number not in there:
            count = min(part_size, size - offset)
            url, _, headers = way_in_for_part(request, upload, number, count)
            missing.append(
                models.PartUrl.model_construct(
                    number=number, offset=offset, size=count, upload_url=url, method="PUT", headers=headers
                )
            )
    return missing


class Owner(NamedTuple):
    """Whose files they are: a run's or an artifact's."""

    fileset_id: int
    run_id: str | None = None
    artifact_id: int | None = None


async def register(request: web.Request, owner: Owner, body: models.Registration) -> Answer:
    """Make an upload's file visible: 201 a new one, 200 a new version of the one at its path."""
    state = request.app[STATE]
    upload = await uploads.by_id(state.catalog.direct, body.upload_id)
    if upload is None or upload.fileset_id != owner.fileset_id:
        raise Problem("not-found", f"There is no upload {body.upload_id} here.")
    if body.path not in (None, upload.path):
        raise Problem("mismatch", "The path is not that of this upload; nothing was registered.")
    told = Expected(body.size, bytes_or_none(body.sha256))
    published = await state.uploads.register(body.upload_id, told)
    if body.description is not None or body.tags is not None:
        entry_id, description = published.entry.id, body.description
        tags = None if body.tags is None else strict_json.dumps(body.tags)
        described = await state.catalog.write(lambda tx: files.describe(tx, entry_id, description, tags))
        published = published._replace(entry=described.entry)
    return await _answer(request, owner, published)


async def put(request: web.Request, owner: Owner, query: models.PutQuery) -> Answer:
    """Take and publish a file that comes as the request's body; answered as `register`."""
    expected = Expected(request.content_length, bytes_or_none(query.sha256), bytes_or_none(query.md5))
    published = await request.app[STATE].uploads.put(
        owner.fileset_id,
        query.path,
        body_chunks(request),
        expected,
        query.content_type or media_type(query.path),
    )
    return await _answer(request, owner, published)


async def _answer(request: web.Request, owner: Owner, published: Published) -> Answer:
    file = await arrived(request, owner, published)
    return Answer(file, 201 if published.created else 200)


async def arrived(request: web.Request, owner: Owner, published: Published) -> File:
    """Have it on record that a file came in; its document."""
    entry, version = published.entry, published.version
    audit.record(request, "upload", file=entry.path, size=version.size)
    db = request.app[STATE].catalog.direct
    count = 1 if published.created else await versions.count(db, entry.id)
    return File.of(entry, version, count, owner.run_id, owner.artifact_id)


async def body_chunks(request: web.Request) -> AsyncIterator[bytes]:
    """The body as it comes; the store gathers it into larger writes."""
    counted = request.app[METRICS].received
    async for chunk in chunks(request):
        counted(len(chunk))
        yield chunk


async def outcomes(each: Sequence[Awaitable[T]]) -> list[tuple[T | None, models.Refusal | None]]:
    """Wait for all of many; what one of them is refused for is its own outcome and stops no other."""

    async def outcome(one: Awaitable[T]) -> tuple[T | None, models.Refusal | None]:
        try:
            return await one, None
        except (Problem, StoreError) as error:
            return None, refusal(error)

    return list(await asyncio.gather(*map(outcome, each)))


def refusal(error: Problem | StoreError) -> models.Refusal:
    """Why one of many was refused."""
    return models.Refusal.of(problem_of(error).document())
