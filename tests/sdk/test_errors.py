"""Errors say what is wrong, and can be caught as what they are."""

from __future__ import annotations

from sdk.errors import BY_STATUS, Absent, Denied, Error, FileExists, ServerError, SettingsError


def test_a_servers_refusal() -> None:
    error = Absent(404, "there is no run x", "urn:runfs:problem:not-found", {"a": 1})
    assert str(error) == "there is no run x (HTTP 404)"
    assert (error.status, error.detail, error.kind, error.body) == (
        404,
        "there is no run x",
        "urn:runfs:problem:not-found",
        {"a": 1},
    )
    assert all(issubclass(kind, ServerError) for kind in BY_STATUS.values())
    assert BY_STATUS[401] is BY_STATUS[403] is Denied


def test_python_knows_them_too() -> None:
    assert issubclass(SettingsError, ValueError)
    assert issubclass(FileExists, FileExistsError)
    assert issubclass(FileExists, Error)
