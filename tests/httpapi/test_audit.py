"""What a record of the audit holds."""

import logging

import pytest
from aiohttp.test_utils import make_mocked_request

from httpapi import audit
from httpapi.state import KEY
from store.catalog.rows import Key


def test_a_record(caplog: pytest.LogCaptureFixture) -> None:
    request = make_mocked_request("PUT", "/api/v1/x?signature=secret", headers={"Authorization": "Bearer k"})
    request[KEY] = Key(1, b"hash", "abcd", "laptop", "write", None, 1, None)
    with caplog.at_level(logging.INFO, logger="audit"):
        audit.record(request, "upload", file="a.txt")
    (record,) = caplog.records
    facts = {name: record.__dict__[name] for name in ("message", "key", "method", "path", "file")}
    assert facts == {
        "message": "upload",
        "key": "laptop (...abcd)",
        "method": "PUT",
        "path": "/api/v1/x",
        "file": "a.txt",
    }
    assert "secret" not in str(record.__dict__)


def test_nobody_reads_it(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, logger="audit"):
        audit.record(make_mocked_request("GET", "/"), "refused")
    assert caplog.records == []
