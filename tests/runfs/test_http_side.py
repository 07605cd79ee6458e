"""The HTTP side of the running daemon, and what is not imported before it."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

HEAVY = ("aiohttp", "httpapi", "pydantic", "jinja2", "boto3")


def test_what_http_stands_on_is_not_imported_before_nfs_answers() -> None:
    code = "import sys, runfs.serve; print(*[name for name in sys.argv[1:] if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code, *HEAVY], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


def test_health_and_readiness(served: Any) -> None:
    assert served.ask("GET", "/healthz") == {"status": "ok"}
    assert served.ask("GET", "/readyz") == {"status": "ok"}
