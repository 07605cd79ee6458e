import pytest

from nfsd.nlm4 import shares as module
from nfsd.nlm4.locks import Host, TooMany
from nfsd.nlm4.shares import Share, Shares

FILE = b"file"
A, B = Host("127.0.0.1", "a"), Host("127.0.0.2", "b")
READ, WRITE, BOTH = 1, 2, 3


@pytest.mark.parametrize(
    ("first", "second", "together"),
    [
        (Share(READ, 0), Share(WRITE, 0), True),
        (Share(READ, WRITE), Share(WRITE, 0), False),
        (Share(READ, WRITE), Share(READ, WRITE), True),
        (Share(WRITE, 0), Share(READ, WRITE), False),
        (Share(0, BOTH), Share(READ, 0), False),
        (Share(0, BOTH), Share(0, BOTH), True),
    ],
)
def test_what_stands_together(first: Share, second: Share, together: bool) -> None:
    shares = Shares()
    assert shares.take(FILE, A, b"", first)
    assert shares.take(FILE, B, b"", second) is together


def test_an_opening_replaces_its_own_reservation_and_gives_it_back() -> None:
    shares = Shares()
    assert shares.take(FILE, A, b"1", Share(READ, BOTH))
    assert shares.take(FILE, A, b"1", Share(BOTH, BOTH))
    assert not shares.take(FILE, A, b"2", Share(READ, 0))
    shares.give_back(FILE, A, b"2")
    shares.give_back(FILE, A, b"1")
    assert shares.hosts() == set()
    assert shares.take(FILE, B, b"", Share(READ, 0))


def test_a_host_is_forgotten() -> None:
    shares = Shares()
    shares.take(FILE, A, b"", Share(READ, 0))
    shares.take(FILE, B, b"", Share(READ, 0))
    shares.forget(A)
    assert shares.hosts() == {B}


def test_the_number_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SHARES_MAX", 1)
    shares = Shares()
    shares.take(FILE, A, b"", Share(READ, 0))
    with pytest.raises(TooMany):
        shares.take(FILE, B, b"", Share(READ, 0))
