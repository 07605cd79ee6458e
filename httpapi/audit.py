"""One record an upload, deletion and refused call, for whoever must be able to say later who did what.

Records go to the logger named "audit": the message is the event, `extra` its facts. Without --audit it is
off.
"""

import logging

from aiohttp import web

from httpapi.state import KEY

log = logging.getLogger("audit")


def record(request: web.Request, event: str, **facts: object) -> None:
    """Say that `event` happened.

    From where, with which key (its name and hint), by which request, about what.
    """
    if not log.isEnabledFor(logging.INFO):
        return
    key = request.get(KEY)
    log.info(
        event,
        extra={
            "client": request.remote or "",
            "key": None if key is None else f"{key.name} (...{key.hint})",
            "method": request.method,
            "path": request.path,  # without the query: signatures and one-time tokens live there
            **facts,
        },
    )
