"""HTTP to one server: requests with retries, errors as the SDK's own, bodies streamed from and to files.

Every request that is sent here may be sent again: the API's writes are idempotent by their line numbers,
upload ids and hashes. Short troubles are retried within a request (urllib3's Retry, jitter, Retry-After);
longer ones leave as Unreachable, and the caller decides whether to wait. Imported only when something is to
be sent: urllib3 is slow to import.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Mapping
from typing import IO, Any
from urllib.parse import quote, urlencode, urljoin, urlsplit

import urllib3
from urllib3.exceptions import HTTPError, InvalidChunkLength, MaxRetryError, ProtocolError

from .errors import BY_STATUS, Mismatch, ServerError, Unreachable

PREFIX = "/api/v1"
CONNECT_TIMEOUT_S = 5.0
READ_TIMEOUT_S = 60.0
RETRY_AFTER_MAX_S = 5.0
BLOCK_BYTES = 1 << 20
LATER = frozenset({408, 425, 429, 500, 502, 503, 504, 507})  # the same request may succeed another time
RETRIED = frozenset({429, 502, 503, 504})
NO_CONTENT = 204
PROBLEM_MAX_BYTES = 1 << 20
SIGNATURE = re.compile(r"(?<=[Ss]ignature=)[^&\s'\"]+")
_JSON = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode


class _WithoutSignatures(logging.Filter):
    """urllib3 logs the addresses that it asks, and whoever has a signed one needs no key."""

    def filter(self, record: logging.LogRecord) -> bool:
        told = record.getMessage()
        if (hidden := SIGNATURE.sub("[hidden]", told)) != told:
            record.msg, record.args = hidden, None
        return True


for name in ("urllib3.connectionpool", "urllib3.util.retry"):
    logging.getLogger(name).addFilter(_WithoutSignatures())


class _Retry(urllib3.Retry):
    """Longer pauses than RETRY_AFTER_MAX_S are the caller's affair, who can be told to stop."""

    def get_retry_after(self, response: urllib3.BaseHTTPResponse) -> float | None:
        pause = super().get_retry_after(response)
        return None if pause is None else min(pause, RETRY_AFTER_MAX_S)


RETRIES = _Retry(
    total=3,
    backoff_factor=0.2,
    backoff_max=RETRY_AFTER_MAX_S,
    backoff_jitter=0.2,
    status_forcelist=RETRIED,
    allowed_methods=None,
    raise_on_status=False,
)
ONCE = _Retry(total=0, raise_on_status=False)


def path(*parts: str | int) -> str:
    """A path of the API from its parts, each quoted: path("runs", "a b") is "/api/v1/runs/a%20b"."""
    return PREFIX + "".join("/" + quote(str(part), safe=":~") for part in parts)


class Transport:
    """Connections to one server, kept open and shared by any number of threads."""

    def __init__(self, url: str, key: str | None, connections: int = 8) -> None:
        self.url = url
        self._authorization = {"Authorization": f"Bearer {key}"} if key else {}
        self._origin = urlsplit(url)[:2]
        self._pool = urllib3.PoolManager(
            maxsize=connections,
            blocksize=BLOCK_BYTES,
            timeout=urllib3.Timeout(connect=CONNECT_TIMEOUT_S, read=READ_TIMEOUT_S),
        )

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        query: Mapping[str, Any] | None = None,
        retries: bool = True,
        timeout_s: float = READ_TIMEOUT_S,
    ) -> Any:
        """Send `body` as JSON (bytes: JSON already); the answer's JSON, None where it has no content."""
        headers = {"Accept": "application/json"}
        content = None
        if body is not None:
            content = body if isinstance(body, bytes) else _JSON(body).encode()
            headers["Content-Type"] = "application/json"
        target, retried = _with_query(path, query), RETRIES if retries else ONCE
        return self._answer(self._send(method, target, headers, content, retried, timeout_s))

    def send_bytes(self, method: str, path: str, data: bytes, *, query: Mapping[str, Any]) -> Any:
        """Send bytes as they are, and give the answer's JSON."""
        headers = {"Accept": "application/json", "Content-Type": "application/octet-stream"}
        target = _with_query(path, query)
        return self._answer(self._send(method, target, headers, data, RETRIES, READ_TIMEOUT_S))

    def _answer(self, response: urllib3.BaseHTTPResponse) -> Any:
        data = self._content(response)
        if response.status == NO_CONTENT:
            return None
        try:
            return json.loads(data)
        except ValueError:
            raise Unreachable(f"{self.url} does not answer as runfs does: another server is there") from None

    def put(
        self, url: str, method: str, headers: Mapping[str, str], body: IO[bytes] | bytes, size: int
    ) -> Mapping[str, str]:
        """Send `size` bytes to a signed URL, once, for only the caller can rewind; the answer's headers."""
        sent = {**headers, "Content-Length": str(size)}
        response = self._send(method, url, sent, body, ONCE, READ_TIMEOUT_S)
        self._content(response)
        return response.headers

    def open(self, path: str, headers: Mapping[str, str] | None = None) -> urllib3.BaseHTTPResponse:
        """A download, for `read`; the caller releases it, or closes it where it was not read to its end."""
        return self._send("GET", path, headers or {}, None, RETRIES, READ_TIMEOUT_S)

    def read(self, response: urllib3.BaseHTTPResponse, count: int) -> bytes:
        """The next bytes of a download, empty at its end; Unreachable if it breaks off."""
        try:
            return response.read(count)
        except (HTTPError, OSError) as error:
            raise Unreachable(f"{self.url} stopped answering: {_reason(error)}") from _cause(error)

    def _send(
        self,
        method: str,
        target: str,
        headers: Mapping[str, str],
        body: IO[bytes] | bytes | None,
        retries: urllib3.Retry,
        timeout_s: float,
    ) -> urllib3.BaseHTTPResponse:
        url = urljoin(self.url + "/", target)
        scheme, host = origin = urlsplit(url)[:2]
        own, server = (
            (self._authorization, self.url) if origin == self._origin else ({}, f"{scheme}://{host}")
        )
        try:
            response = self._pool.request(
                method,
                url,
                body=body,
                headers={**own, **headers},
                retries=retries,
                redirect=False,
                preload_content=False,
                timeout=urllib3.Timeout(connect=CONNECT_TIMEOUT_S, read=timeout_s),
            )
        except (HTTPError, OSError) as error:
            raise Unreachable(f"{server} does not answer: {_reason(error)}") from _cause(error)
        if response.status >= 300 and response.status != 304:
            raise self._error(server, response)
        return response

    def _content(self, response: urllib3.BaseHTTPResponse) -> bytes:
        try:
            return response.read()
        except (HTTPError, OSError) as error:
            raise Unreachable(f"{self.url} stopped answering: {_reason(error)}") from _cause(error)
        finally:
            response.release_conn()

    def _error(self, server: str, response: urllib3.BaseHTTPResponse) -> Exception:
        try:
            data = response.read(PROBLEM_MAX_BYTES)
        except (HTTPError, OSError):
            data = b""
        finally:
            response.close()
        return refusal(server, response.status, _problem(data) or {"title": response.reason})


def refusal(url: str, status: int, problem: Mapping[str, Any]) -> Unreachable | ServerError:
    """The error that a problem document (RFC 9457) stands for."""
    detail = str(problem.get("detail") or problem.get("title") or "refused")
    if status in LATER:
        return Unreachable(f"{url} cannot now: {detail} (HTTP {status})")
    kind = str(problem.get("type", "about:blank"))
    error: type[ServerError] = BY_STATUS.get(status, ServerError)
    if error is Mismatch and not kind.endswith(":mismatch"):
        error = ServerError
    return error(status, detail, kind, problem)


def _with_query(path: str, query: Mapping[str, Any] | None) -> str:
    given = {name: value for name, value in (query or {}).items() if value is not None}
    return path + ("?" + urlencode(given) if given else "")


def _problem(data: bytes) -> dict[str, Any]:
    try:
        problem = json.loads(data)
    except ValueError:
        return {}
    return problem if isinstance(problem, dict) else {}


def _cause(error: Exception) -> Exception:
    """What urllib3 wraps in an error with the whole address: a traceback would show its signature."""
    return (error.reason or error) if isinstance(error, MaxRetryError) else error


def _reason(error: Exception) -> str:
    """The cause in a few words."""
    inner: Any = _cause(error)
    if isinstance(inner, ProtocolError | InvalidChunkLength) and len(inner.args) > 1:
        inner = inner.args[1]
    text = str(getattr(inner, "strerror", None) or inner)
    return text.rpartition(": ")[2] if "HTTPConnection" in text else text
