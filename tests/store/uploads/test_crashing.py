"""kill -9 at the commit points of every step of a file's life; see crashing.py. CRASH_STRIDE=1 takes all of
them.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
STRIDE = os.environ.get("CRASH_STRIDE", "19")


def test_nothing_is_lost_or_torn(tmp_path: Path) -> None:
    ran = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("crashing.py")), str(tmp_path), STRIDE],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    result = json.loads(ran.stdout)
    assert result["points"] > 250
    assert result["killed"] == len(range(1, result["points"] + 1, int(STRIDE)))
    assert result["faults"] == {}
