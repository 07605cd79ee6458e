"""`runfs key create|list|revoke`: API keys, kept as hashes; a key's text is shown once, when it is made."""

from __future__ import annotations

import argparse
import asyncio
from datetime import UTC, datetime

from runfs import opened
from runfs.errors import CommandError
from runfs.settings import project_path
from store.catalog import Catalog, Transaction, keys, projects
from store.catalog.rows import Key

PAGE = 500


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the three actions and their flags."""
    actions = parser.add_subparsers(metavar="ACTION", dest="action", required=True)
    create = actions.add_parser("create", help="make a key and print it, this once")
    create.add_argument("name", metavar="NAME", help="what the key is for")
    create.add_argument(
        "--access", choices=keys.ACCESSES, default="write", help="what it may do; %(default)s"
    )
    create.add_argument(
        "--project", metavar="ENTITY/PROJECT", type=project_path, help="the one project that it opens; all"
    )
    revoke = actions.add_parser("revoke", help="let a key open nothing any more")
    revoke.add_argument("id", metavar="ID", type=int, help="its number in `runfs key list`")
    for action in (create, revoke, actions.add_parser("list", help="list the keys, without their text")):
        opened.add_arguments(action)


def run(arguments: argparse.Namespace) -> int:
    """Do one of the three. Raises CommandError."""
    return asyncio.run({"create": _create, "list": _list, "revoke": _revoke}[arguments.action](arguments))


async def _create(arguments: argparse.Namespace) -> int:
    async with opened.catalog(arguments) as catalog:
        project_id = await _project_id(catalog, arguments.project)

        async def work(tx: Transaction) -> tuple[Key, str]:
            return await keys.create(tx, arguments.name, arguments.access, project_id)

        _, text = await catalog.write(work)
    print(text)
    return 0


async def _list(arguments: argparse.Namespace) -> int:
    async with opened.catalog(arguments) as catalog:
        after_id = 0
        while page := await keys.page(catalog.read, after_id, PAGE):
            for key in page:
                print(await _line(catalog, key))
            after_id = page[-1].id
    return 0


async def _revoke(arguments: argparse.Namespace) -> int:
    async with opened.catalog(arguments) as catalog:

        async def work(tx: Transaction) -> Key:
            return await keys.revoke(tx, arguments.id)

        await catalog.write(work)
    return 0


async def _project_id(catalog: Catalog, path: str | None) -> int | None:
    if path is None:
        return None
    entity, _, name = path.partition("/")
    project = await projects.by_path(catalog.read, entity, name)
    if project is None:
        raise CommandError(f"there is no project {path}", 1)
    return project.id


async def _line(catalog: Catalog, key: Key) -> str:
    scope = "all projects"
    if key.project_id is not None:
        project = await projects.by_id(catalog.read, key.project_id)
        scope = await projects.path(catalog.read, project.id) if project else f"project {key.project_id}"
    state = f"revoked {_day(key.revoked_ns)}" if key.revoked_ns else f"made {_day(key.created_ns)}"
    return f"{key.id:>4}  ...{key.hint}  {key.access:<5}  {scope}  {state}  {key.name}"


def _day(time_ns: int) -> str:
    return datetime.fromtimestamp(time_ns // 1_000_000_000, UTC).strftime("%Y-%m-%d")
