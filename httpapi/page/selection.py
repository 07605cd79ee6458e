"""Which files someone means: those that were ticked, those below a folder, or all that a search finds."""

from __future__ import annotations

from collections.abc import Sequence

from httpapi.page.holder import Holder
from httpapi.problems import Problem
from store.catalog import listing
from store.catalog.listing import Filter
from store.catalog.session import Session

TICKED_MAX = 1000  # as many as the longest page has rows


async def ticked_ids(db: Session, holder: Holder, ticked: Sequence[str]) -> list[int]:
    """The ids of the ticked files, and of all files in the ticked folders."""
    ids = [int(text) for text in ticked if text.isascii() and text.isdigit() and len(text) < 19]
    found: dict[int, None] = {}
    for row in await listing.of_ids(db, ids[:TICKED_MAX]):
        if row.entry.fileset_id != holder.fileset.id:
            continue
        if row.version is not None:
            found[row.entry.id] = None
        else:
            found |= dict.fromkeys(await listing.ids_under(db, holder.fileset.id, row.entry.path))
    if not found:
        raise Problem("invalid", "None of the ticked files is there any more.")
    return list(found)


async def found_ids(db: Session, holder: Holder, search: str, shown: str) -> list[int]:
    """The ids of all files that a search finds.

    `shown`: how many someone was told that there are. Problem when it is another number by now: what they
    agreed to is not what would happen.
    """
    if not search:
        raise Problem("invalid", "There is no search whose files could be meant.")
    ids = await listing.ids(db, holder.fileset.id, as_filter(search))
    if shown != str(len(ids)):
        raise Problem(
            "conflict",
            f"Other files fit the search now than when the page was shown ({len(ids):,} in all)."
            " Nothing was changed; go back and look at them again.",
        )
    return ids


def as_filter(search: str) -> Filter:
    """What was typed: a glob when it has * or ? (in any folder when it has no slash), else text."""
    if "*" in search or "?" in search:
        return Filter(glob=search if "/" in search else f"**/{search}")
    return Filter(text=search)
