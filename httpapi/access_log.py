"""The access log: one line a request, at debug.

The query is left out, for signatures and one-time tokens live there.
"""

import logging

from aiohttp import web
from aiohttp.abc import AbstractAccessLogger

log = logging.getLogger("httpapi.access")


class AccessLog(AbstractAccessLogger):
    """Client, method, path, status, bytes and milliseconds; no header, so no key either."""

    def __init__(self, logger: logging.Logger, log_format: str) -> None:
        super().__init__(log, log_format)

    @property
    def enabled(self) -> bool:
        """Whether anyone reads it: aiohttp takes no times when not."""
        return log.isEnabledFor(logging.DEBUG)

    def log(self, request: web.BaseRequest, response: web.StreamResponse, time: float) -> None:
        """Write the line of one request that took `time` seconds."""
        log.debug(
            "%s %s %s %s %d bytes %.1f ms",
            request.remote,
            request.method,
            request.rel_url.raw_path,
            response.status,
            response.body_length,
            time * 1000,
        )
