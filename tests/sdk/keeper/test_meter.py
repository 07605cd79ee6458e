"""The meter counts what many threads send."""

from __future__ import annotations

import threading

from sdk.keeper.meter import Meter


def test_many_threads() -> None:
    meter = Meter()
    threads = [threading.Thread(target=lambda: [meter.add(3) for _ in range(1000)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert meter.bytes == 12_000
