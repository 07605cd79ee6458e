"""What the daemon does for itself: the first key and project, and the collector."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from contextlib import contextmanager

from runfs import folder
from runfs.settings import Settings
from store.catalog import Catalog, Transaction, keys, projects
from store.errors import Unavailable
from store.uploads import Uploads

log = logging.getLogger(__name__)

COLLECT_EVERY_S = 30.0
FIRST_KEY = "first start"


async def first_start(catalog: Catalog, settings: Settings) -> None:
    """Make the key of the local account where there is none yet, and the default project that was asked for.

    A key file that is gone while its key still opens everything is a key lost: a new one is made.
    """
    path = settings.data / folder.KEY_FILE
    known = path.exists() and await keys.by_text(catalog.read, path.read_text(encoding="ascii").strip())
    if not known:

        async def make(tx: Transaction) -> str:
            return (await keys.create(tx, FIRST_KEY, "admin"))[1]

        folder.write_key(settings.data, await catalog.write(make))
        log.info("made an API key for this account", extra={"file": str(path)})
    if settings.project is not None:
        entity, _, name = settings.project.partition("/")

        async def choose(tx: Transaction) -> None:
            await projects.set_default(tx, (await projects.ensure(tx, entity, name)).id)

        await catalog.write(choose)


@contextmanager
def kept_up(catalog: Catalog, uploads: Uploads, every_s: float = COLLECT_EVERY_S) -> Iterator[None]:
    """Inside the block, collect what time brings, at once and then every `every_s` seconds."""
    task = asyncio.create_task(_keep_up(catalog, uploads, every_s), name="chores")
    try:
        yield
    finally:
        task.cancel()


async def _keep_up(catalog: Catalog, uploads: Uploads, every_s: float) -> None:
    while True:
        try:
            await uploads.collect()
            await catalog.prune()
        except Unavailable as error:
            log.warning("collecting failed; tried again in %s s", every_s, extra={"reason": str(error)})
        except Exception:
            log.exception("collecting failed; tried again in %s s", every_s)
        await asyncio.sleep(every_s)
