"""One line a request, and no secret in it."""

import logging
import socket
from typing import Any

import pytest
from aiohttp import ClientSession

from httpapi.serving import serving


async def test_a_line_has_no_key_and_no_query(
    application: Any, api: Any, caplog: pytest.LogCaptureFixture
) -> None:
    bound = socket.create_server(("127.0.0.1", 0))
    with caplog.at_level(logging.DEBUG, logger="httpapi.access"):
        async with serving(application, bound), ClientSession() as session:
            url = f"http://127.0.0.1:{bound.getsockname()[1]}/api/v1/projects?signature=5ec2e7"
            async with session.get(url, headers={"Authorization": f"Bearer {api.key}"}) as answer:
                assert answer.status == 422
    (line,) = [record.message for record in caplog.records if record.name == "httpapi.access"]
    assert line.startswith("127.0.0.1 GET /api/v1/projects 422 ")
    assert "5ec2e7" not in caplog.text
    assert api.key not in caplog.text


def test_nothing_is_done_when_nobody_reads() -> None:
    from httpapi.access_log import AccessLog, log

    log.setLevel(logging.INFO)
    try:
        assert not AccessLog(log, "").enabled
    finally:
        log.setLevel(logging.NOTSET)
