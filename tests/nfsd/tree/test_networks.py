import pytest

from nfsd.tree.networks import Networks


def test_loopback_only_by_default() -> None:
    networks = Networks()
    assert networks.admit("127.0.0.1")
    assert networks.admit("127.255.0.9")
    assert networks.admit("::1")
    for address in ("10.0.0.1", "128.0.0.1", "::2", "fe80::1"):
        assert not networks.admit(address)
        assert not networks.admit(address)


def test_an_allow_list() -> None:
    networks = Networks(["10.1.0.0/16", "fd00::/8"])
    assert networks.admit("10.1.2.3")
    assert networks.admit("fd12::1")
    assert not networks.admit("10.2.0.1")
    assert not networks.admit("127.0.0.1")


def test_what_is_no_network() -> None:
    with pytest.raises(ValueError, match="has host bits"):
        Networks(["10.1.0.1/16"])


def test_what_it_remembers_is_bounded() -> None:
    networks = Networks(["10.0.0.0/8"])
    for number in range(10_000):
        assert networks.admit(f"10.0.{number // 256}.{number % 256}")
    assert len(networks._seen) <= 4096
