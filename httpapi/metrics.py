"""What /metrics says of the HTTP side: requests by route and status, their time, bytes in and out."""

from aiohttp import web
from prometheus_client import CollectorRegistry, Counter, Histogram

SECONDS_BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.5, 2.5, 10.0, 60.0)
UNKNOWN = "(none)"


class Metrics:
    """Counters in a registry that the NFS side may share.

    Labels are route templates, never names that users chose.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        labels = ["method", "route"]
        self._requests = Counter(
            "runfs_http_requests", "HTTP requests answered", [*labels, "status"], registry=registry
        )
        self._seconds = Histogram(
            "runfs_http_request_seconds",
            "Time from a request's headers to the end of its answer",
            labels,
            buckets=SECONDS_BUCKETS,
            registry=registry,
        )
        self._received = Counter("runfs_http_received_bytes", "Bytes of uploads received", registry=registry)
        self._sent = Counter("runfs_http_sent_bytes", "Bytes of files sent", registry=registry)
        # Looking a label set up costs more than counting: each is kept.
        self._counters: dict[tuple[str, str, int], Counter] = {}
        self._timers: dict[tuple[str, str], Histogram] = {}

    def answered(self, request: web.Request, status: int, seconds: float) -> None:
        """Count one request."""
        resource = request.match_info.route.resource
        route = resource.canonical if resource is not None else UNKNOWN
        method = request.method if resource is not None else UNKNOWN  # anyone can invent methods
        counter = self._counters.get((method, route, status))
        if counter is None:
            counter = self._counters[method, route, status] = self._requests.labels(method, route, status)
        counter.inc()
        timer = self._timers.get((method, route))
        if timer is None:
            timer = self._timers[method, route] = self._seconds.labels(method, route)
        timer.observe(seconds)

    def received(self, count: int) -> None:
        """Count bytes of an upload."""
        self._received.inc(count)

    def sent(self, count: int) -> None:
        """Count bytes of a file."""
        self._sent.inc(count)
