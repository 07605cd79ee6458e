"""What the bench reads from /proc is true of this very process."""

from __future__ import annotations

import mmap
import os
from pathlib import Path

from benches import machine


def test_the_machine_is_described() -> None:
    described = machine.description()
    assert described["processors"] == len(os.sched_getaffinity(0))
    assert int(described["memory_mib"]) > 100
    assert f"Linux {described['kernel']}" in machine.sentence(described)


def test_pinning_reaches_every_thread() -> None:
    before = os.sched_getaffinity(0)
    try:
        machine.pin(os.getpid(), frozenset({min(before)}))
        assert os.sched_getaffinity(0) == {min(before)}
    finally:
        machine.pin(os.getpid(), frozenset(before))
    assert os.sched_getaffinity(0) == before


def test_mapped_files_below_a_folder_do_not_count_as_memory(tmp_path: Path) -> None:
    size = 32 << 20
    file = tmp_path / "data"
    file.write_bytes(b"x" * size)
    with file.open("rb") as source, mmap.mmap(source.fileno(), 0, prot=mmap.PROT_READ) as mapped:
        assert sum(mapped[at] for at in range(0, size, mmap.PAGESIZE)) > 0
        everything = machine.memory_mib(os.getpid())
        without = machine.memory_mib(os.getpid(), tmp_path)
        elsewhere = machine.memory_mib(os.getpid(), tmp_path / "other")
    assert 28 < everything - without < 36
    assert abs(everything - elsewhere) < 4
    assert machine.peak_memory_mib(os.getpid()) >= 32


def test_processor_time_grows_with_work() -> None:
    before = machine.processor_seconds(os.getpid())
    while machine.processor_seconds(os.getpid()) == before:
        sum(range(10_000))
