"""Thinned histories that are kept, so that the charts of a running run read its new lines alone."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass, field

from store.catalog import series
from store.catalog.session import Session
from store.catalog.thinning import Points, Thinning

NUMBERS_MAX = 1_000_000  # in all that is kept; about 40 bytes each


@dataclass(slots=True)
class _Read:
    """What was read of one history for one chart; one request at a time reads on."""

    thinning: Thinning
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)


class Kept:
    """Thinnings by what was asked; those that were not asked for longest go first."""

    def __init__(self) -> None:
        self._read: OrderedDict[Hashable, _Read] = OrderedDict()

    def __contains__(self, asked: Hashable) -> bool:
        return asked in self._read

    async def points(self, db: Session, run_id: int, asked: Hashable, new: Thinning, until: int) -> Points:
        """The points before line `until`: of what is kept under `asked`, else of `new`, read on."""
        read = self._read.setdefault(asked, _Read(new))
        self._read.move_to_end(asked)
        async with read.turn:
            await series.extend(db, run_id, read.thinning, until)
            points = await asyncio.to_thread(read.thinning.points)
        while len(self._read) > 1 and sum(len(each.thinning) for each in self._read.values()) > NUMBERS_MAX:
            self._read.popitem(last=False)
        return points
