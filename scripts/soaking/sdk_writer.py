"""A training script that saves through the SDK; prints what it saved, as JSON."""

from __future__ import annotations

import hashlib
import json
import os
import random
import sys
import tempfile
import time
from pathlib import Path

import sdk
from soaking.board import SIZES
from soaking.content import record


def main(name: str, seed: str, seconds: str) -> None:
    """Log and save for that long, then finish."""
    chances = random.Random(f"{seed} sdk {name}")
    saved: dict[str, tuple[int, str]] = {}
    rows = 0
    with tempfile.TemporaryDirectory() as folder:
        run = sdk.init(project="soak/soak", id=name, quiet=True)
        end = time.monotonic() + float(seconds)
        while time.monotonic() < end:
            path = f"checkpoints/c{chances.randrange(6)}.pt"
            data = record(f"{name}/{path}", rows + 1, chances.choice(SIZES))
            target = Path(folder, path)
            target.parent.mkdir(exist_ok=True)
            # As careful scripts do: replaced whole, for the SDK reads the file in place.
            temporary = target.with_suffix(".new")
            temporary.write_bytes(data)
            os.replace(temporary, target)  # noqa: PTH105
            run.save(str(target), base_path=folder, policy="now")
            run.log({"row": rows})
            rows += 1
            saved[path] = (len(data), hashlib.sha256(data).hexdigest())
            time.sleep(chances.random() * 0.3)
        run.finish()
    print(json.dumps({"run": name, "rows": rows, "files": saved}))


if __name__ == "__main__":
    main(*sys.argv[1:])
