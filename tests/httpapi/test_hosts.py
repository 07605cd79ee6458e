"""Which Host and Origin headers are believed."""

import pytest
from multidict import CIMultiDict, CIMultiDictProxy

from httpapi.hosts import check_host, check_origin, check_target, host_name
from httpapi.problems import Problem

ALLOWED = frozenset({"runs.lab.example"})
LOCAL = "192.0.2.7"


def headers(*hosts: str, **others: str) -> CIMultiDictProxy[str]:
    pairs = [("Host", host) for host in hosts]
    return CIMultiDictProxy(
        CIMultiDict([*pairs, *((name.replace("_", "-"), text) for name, text in others.items())])
    )


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "localhost:8080",
        "LOCALHOST:8080",
        "127.0.0.1",
        "127.0.0.1:1",
        "[::1]",
        "[::1]:8080",
        "runs.lab.example",
        "Runs.Lab.Example:443",
        "192.0.2.7:8080",
    ],
)
def test_our_names(host: str) -> None:
    assert check_host(headers(host), ALLOWED, LOCAL) == host


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:8080",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "evil-localhost",
        "192.0.2.8",
        "0.0.0.0",
        "[::]",
        "127.1",
        "2130706433",
        "localhost.",
        "runs.lab.example.evil",
    ],
)
def test_other_names(host: str) -> None:
    with pytest.raises(Problem) as caught:
        check_host(headers(host), ALLOWED, LOCAL)
    assert caught.value.status == 421


@pytest.mark.parametrize(
    "hosts",
    [
        (),
        ("",),
        ("localhost", "evil.example"),
        ("localhost", "localhost"),
        ("localhost, evil.example",),
        ("user@localhost",),
        ("localhost/",),
        ("localhost:port",),
        ("localhost:",),
        ("[::1",),
        ("local host",),
        ("http://localhost",),
    ],
)
def test_hosts_that_are_none(hosts: tuple[str, ...]) -> None:
    with pytest.raises(Problem) as caught:
        check_host(headers(*hosts), ALLOWED, LOCAL)
    assert caught.value.status == 400


def test_any_host_may_be_allowed() -> None:
    assert check_host(headers("anything.example"), {"*"}, None) == "anything.example"
    with pytest.raises(Problem):
        check_host(headers("anything.example"), (), None)


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize(
    "sent",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "http://localhost:9999"},
        {"Origin": "http://localhost:8080.evil.example"},
        {"Origin": "null"},
        {"Origin": ""},
        {"Origin": "http://localhost:8080", "Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_pages_of_other_sites_change_nothing(method: str, sent: dict[str, str]) -> None:
    with pytest.raises(Problem) as caught:
        check_origin(method, "localhost:8080", sent)
    assert caught.value.status == 403


@pytest.mark.parametrize(
    "sent",
    [
        {},
        {"Origin": "http://localhost:8080"},
        {"Origin": "https://localhost:8080"},
        {"Origin": "http://LOCALHOST:8080", "Sec-Fetch-Site": "same-origin"},
        {"Sec-Fetch-Site": "none"},
    ],
)
def test_our_pages_and_programs(sent: dict[str, str]) -> None:
    check_origin("POST", "localhost:8080", sent)


def test_reading_needs_no_origin() -> None:
    check_origin("GET", "localhost:8080", {"Origin": "http://evil.example", "Sec-Fetch-Site": "cross-site"})


@pytest.mark.parametrize(
    ("value", "name"), [("A.b:1", "a.b"), ("[FE80::1]:2", "fe80::1"), ("a:123456", None), ("a b", None)]
)
def test_host_names(value: str, name: str | None) -> None:
    assert host_name(value) == name


def test_a_target_that_names_the_server_itself() -> None:
    check_target("/api/v1/runs?x=http://evil.example", "localhost:80")
    check_target("*", "localhost")
    check_target("http://LOCALHOST:80/api", "localhost:80")
    for target in ("http://evil.example/api", "http://localhost/api", "http://localhost:80@evil.example/api"):
        with pytest.raises(Problem, match="two servers"):
            check_target(target, "localhost:80")
