"""The daemon's log on standard error: text for a person at a terminal, else one JSON object a line.

A record's own fields (`extra=`) follow its message. Nothing that looks like an API key or a signature is
written, whoever logged it: the last door, not the only one.
"""

from __future__ import annotations

import json
import logging
import re
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TextIO

# An API key of ours, and what follows `signature=` in a signed URL of ours or of S3's.
SECRETS = re.compile(r"runfs_[A-Za-z0-9_-]{43}|(?<=[Ss]ignature=)[^&\s\"']+")
HIDDEN = "[hidden]"

_OWN_FIELDS = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


def without_secrets(text: str) -> str:
    """`text` with every API key and signature replaced by a mark."""
    return SECRETS.sub(HIDDEN, text)


def fields(record: logging.LogRecord) -> Mapping[str, object]:
    """What the caller gave as `extra=`, in the order it was given."""
    return {name: value for name, value in vars(record).items() if name not in _OWN_FIELDS}


def rfc3339(record: logging.LogRecord) -> str:
    """The record's time, UTC, to the millisecond."""
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")[:-6] + "Z"


class TextLines(logging.Formatter):
    """Time, level and message, then the fields as `name=value`."""

    def format(self, record: logging.LogRecord) -> str:
        """One line, or more when there is a traceback."""
        words = [datetime.fromtimestamp(record.created).strftime("%H:%M:%S"), record.levelname.lower()]
        words.append(record.getMessage())
        words += [f"{name}={value}" for name, value in fields(record).items()]
        if record.exc_info:
            words.append("\n" + self.formatException(record.exc_info))
        return without_secrets(" ".join(words))


class JsonLines(logging.Formatter):
    """One JSON object a line: time, level, logger, message, the fields, and a traceback under `error`."""

    def format(self, record: logging.LogRecord) -> str:
        """Exactly one line."""
        line: dict[str, object] = {
            "time": rfc3339(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **fields(record),
        }
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return without_secrets(json.dumps(line, default=str, ensure_ascii=False))


def start(verbose: bool, stream: TextIO = sys.stderr) -> None:
    """Send every logger to `stream`; calls are logged at debug, which `verbose` turns on."""
    output = logging.StreamHandler(stream)
    output.setFormatter(TextLines() if stream.isatty() else JsonLines())
    root = logging.getLogger()
    root.handlers[:] = [output]
    root.setLevel(logging.DEBUG if verbose else logging.INFO)
    for chatty in ("asyncio", "aiosqlite", "aiohttp.access", "botocore", "boto3", "urllib3"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
