from nfsd.rpc import Tallies


def test_a_tally_stays_the_same_and_is_listed_once_something_was_counted() -> None:
    tallies = Tallies()
    kept = tallies.of(2, "GETATTR", "OK")
    assert tallies.of(2, "GETATTR", "OK") is kept
    assert tallies.of(2, "GETATTR", "NFS3ERR_IO") is not kept
    assert list(tallies) == []
    kept.calls += 1
    kept.seconds += 0.5
    tallies.of(1, "NULL", "OK").calls += 1
    assert [(*row[:3], row[3].calls, row[3].seconds) for row in tallies] == [
        (1, "NULL", "OK", 1, 0.0),
        (2, "GETATTR", "OK", 1, 0.5),
    ]
