"""What is counted."""

from typing import Any

from aiohttp import web
from aiohttp.test_utils import make_mocked_request
from prometheus_client import CollectorRegistry

from httpapi.metrics import Metrics


def request(resource: Any, method: str = "GET") -> web.Request:
    found = make_mocked_request(method, "/runs/secret-name")
    found._match_info = type("Match", (), {"route": type("Route", (), {"resource": resource})})  # type: ignore[assignment]
    return found


def test_requests_by_route() -> None:
    registry = CollectorRegistry()
    metrics = Metrics(registry)
    resource = type("Resource", (), {"canonical": "/runs/{run_id}"})
    for status in (200, 200, 404):
        metrics.answered(request(resource), status, 0.002)
    labels = {"method": "GET", "route": "/runs/{run_id}"}
    value = registry.get_sample_value
    assert value("runfs_http_requests_total", labels | {"status": "200"}) == 2
    assert value("runfs_http_requests_total", labels | {"status": "404"}) == 1
    assert value("runfs_http_request_seconds_count", labels) == 3
    assert value("runfs_http_request_seconds_bucket", labels | {"le": "0.0025"}) == 3
    assert value("runfs_http_request_seconds_bucket", labels | {"le": "0.001"}) == 0


def test_what_strangers_send_makes_no_labels() -> None:
    registry = CollectorRegistry()
    metrics = Metrics(registry)
    for number in range(100):
        metrics.answered(request(None, f"M{number}"), 405, 0.1)
    labels = {"method": "(none)", "route": "(none)", "status": "405"}
    assert registry.get_sample_value("runfs_http_requests_total", labels) == 100


def test_bytes() -> None:
    registry = CollectorRegistry()
    metrics = Metrics(registry)
    metrics.received(5)
    metrics.sent(7)
    assert registry.get_sample_value("runfs_http_received_bytes_total") == 5
    assert registry.get_sample_value("runfs_http_sent_bytes_total") == 7
