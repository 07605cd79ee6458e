"""What the SDK raises; every message says what is wrong and what to do about it."""

from __future__ import annotations


class Error(Exception):
    """Any error of the SDK."""


class SettingsError(Error, ValueError):
    """A setting, from an argument of init or from the environment, that cannot be used."""


class UsageError(Error):
    """A call at the wrong time: before init, after finish, or from a forked child."""


class FileExists(Error, FileExistsError):
    """A download would overwrite a file; pass replace=True or exist_ok=True."""


class Unreachable(Error):
    """The server did not answer, or answered that it cannot now: the same request may succeed later."""


class NotASpool(Error):
    """A folder given to sync that holds no run of ours."""


class ServerError(Error):
    """The server refused: `status` is HTTP's, `detail` the server's sentence, `kind` the problem's type."""

    def __init__(self, status: int, detail: str, kind: str = "about:blank", body: object = None) -> None:
        super().__init__(f"{detail} (HTTP {status})")
        self.status = status
        self.detail = detail
        self.kind = kind
        self.body = body


class Absent(ServerError):
    """What was asked for is not there, or this key may not see it (404)."""


class Denied(ServerError):
    """The key is missing, wrong or not allowed to do this (401, 403)."""


class Conflict(ServerError):
    """What was asked for contradicts what the server has (409)."""


class Mismatch(ServerError):
    """The bytes that arrived are not the bytes that were announced (422): send them again."""


BY_STATUS: dict[int, type[ServerError]] = {
    401: Denied,
    403: Denied,
    404: Absent,
    409: Conflict,
    422: Mismatch,
}
