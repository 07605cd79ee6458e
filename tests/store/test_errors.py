from store.errors import StoreError, Unavailable


def test_unavailable_says_when_to_come_back() -> None:
    error = Unavailable("busy", retry_after_s=2.5)
    assert isinstance(error, StoreError)
    assert (str(error), error.retry_after_s) == ("busy", 2.5)
    assert Unavailable("busy").retry_after_s == 1.0
