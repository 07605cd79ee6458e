"""Many small files received and registered together: few hops between threads, one transaction for many."""

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import NamedTuple

from store.blobs import Expected, Stored
from store.catalog import Catalog, Transaction, places
from store.catalog.files import Published
from store.errors import StoreError
from store.uploads.intake import Held, Intake

PUBLISHED_AT_ONCE = 100  # files in one transaction: whoever else writes waits for it

Publish = Callable[[Transaction, int, str, str, Stored], Awaitable[tuple[Published, bool]]]


class Incoming(NamedTuple):
    """A small file that is in memory, and what was announced of it."""

    path: str
    data: bytes | memoryview
    expected: Expected
    content_type: str


async def put_all(
    catalog: Catalog, intake: Intake, publish: Publish, fileset_id: int, files: Sequence[Incoming]
) -> list[Published | StoreError]:
    """Store all, then `publish` each: it tells whether the bytes are used. An outcome each, in order.

    Raises what the store or the catalog cannot do for any of them: NoSpace, Unavailable.
    """
    outcomes: list[Published | StoreError] = []
    async with intake.hold_all([(file.data, file.expected) for file in files]) as held:
        for at in range(0, len(files), PUBLISHED_AT_ONCE):
            some = list(zip(files, held, strict=True))[at : at + PUBLISHED_AT_ONCE]
            made = await catalog.write(partial(_publish_each, publish, fileset_id, some))
            for (_, each), one in zip(some, made, strict=True):
                if isinstance(each, Held) and not isinstance(one, StoreError):
                    each.kept = one[1]
                outcomes.append(one if isinstance(one, StoreError) else one[0])
    return outcomes


async def _publish_each(
    publish: Publish, fileset_id: int, some: Sequence[tuple[Incoming, Held | StoreError]], tx: Transaction
) -> list[tuple[Published, bool] | StoreError]:
    made: list[tuple[Published, bool] | StoreError] = []
    for file, held in some:
        if isinstance(held, StoreError):
            made.append(held)
            continue
        try:
            await places.check(tx, fileset_id, file.path)
        except StoreError as error:  # before anything was changed: the others go on
            made.append(error)
            continue
        made.append(await publish(tx, fileset_id, file.path, file.content_type, held.stored))
    return made
