"""How refusals look."""

import json
from typing import Any

import pytest
from aiohttp import web

from httpapi.problems import KINDS, Problem, problem_of
from store import errors


def test_the_document() -> None:
    problem = Problem("conflict", "It is there.", {"X": "y"}, projects=["a/b"])
    response = problem.response()
    assert (response.status, response.content_type, response.headers["X"]) == (
        409,
        "application/problem+json",
        "y",
    )
    body: Any = response.body
    assert json.loads(body) == {
        "type": "urn:runfs:problem:conflict",
        "title": KINDS["conflict"][1],
        "status": 409,
        "detail": "It is there.",
        "projects": ["a/b"],
    }


def test_hostile_texts_are_still_json() -> None:
    body: Any = Problem("invalid", 'the name "\ud800\x00" is none').response().body
    assert json.loads(body)["detail"].startswith("the name")


@pytest.mark.parametrize(
    ("error", "status", "kind"),
    [
        (errors.Absent("x"), 404, "not-found"),
        (errors.Refused("x"), 422, "invalid"),
        (errors.Conflict("x"), 409, "conflict"),
        (errors.Mismatch("x"), 422, "mismatch"),
        (errors.NoSpace("x"), 507, "no-space"),
        (errors.Unavailable("x", 2.6), 503, "unavailable"),
        (web.HTTPNotFound(), 404, "not-found"),
        (web.HTTPMethodNotAllowed("PUT", ["GET"]), 405, "method-not-allowed"),
        (web.HTTPGone(), 500, "internal"),
        (KeyError("secret"), 500, "internal"),
    ],
)
def test_what_each_error_becomes(error: Exception, status: int, kind: str) -> None:
    problem = problem_of(error)
    assert (problem.status, problem.kind) == (status, kind)
    assert "secret" not in problem.detail


def test_headers_that_belong_to_a_refusal() -> None:
    assert problem_of(errors.Unavailable("x", 2.6)).headers == {"Retry-After": "3"}
    assert problem_of(errors.Unavailable("x", 0.01)).headers == {"Retry-After": "1"}
    assert problem_of(web.HTTPMethodNotAllowed("PUT", ["POST", "GET"])).headers == {"Allow": "GET, POST"}
    same = Problem("range", "x")
    assert problem_of(same) is same


def test_statuses_are_errors() -> None:
    assert all(400 <= status < 600 for status, _ in KINDS.values())
