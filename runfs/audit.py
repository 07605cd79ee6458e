"""`--audit FILE`: one JSON line for each mount, upload, deletion and refused call.

Any part of the daemon audits by logging to the logger named `audit`: the message is what happened, `extra=`
says who and what (client, uid or key, path). Without --audit that logger is off.
"""

from __future__ import annotations

import json
import logging
from pathlib import Path

from runfs.errors import CommandError
from runfs.logs import fields, rfc3339, without_secrets

LOGGER = "audit"


class AuditLines(logging.Formatter):
    """Time, what happened, and the caller's fields."""

    def format(self, record: logging.LogRecord) -> str:
        """Exactly one line."""
        line = {"time": rfc3339(record), "event": record.getMessage(), **fields(record)}
        return without_secrets(json.dumps(line, default=str, ensure_ascii=False))


def start(path: Path | None) -> None:
    """Append audit lines to `path`; None turns auditing off. The file is opened again when it was moved away.

    Raises CommandError when the file cannot be written.
    """
    logger = logging.getLogger(LOGGER)
    logger.propagate = False
    for old in list(logger.handlers):
        logger.removeHandler(old)
        old.close()
    if path is None:
        logger.setLevel(logging.CRITICAL)
        return
    from logging.handlers import WatchedFileHandler  # here: it takes 2 % of the start, and few ask for it

    try:
        output = WatchedFileHandler(path, encoding="utf-8")
    except OSError as error:
        raise CommandError(f"cannot write {path}: {error.strerror}; choose another --audit FILE") from None
    output.setFormatter(AuditLines())
    logger.addHandler(output)
    logger.setLevel(logging.INFO)
