import dataclasses

from nfsd.rpc import Limits


def test_a_write_of_1_mib_fits_a_record_and_nothing_is_unlimited() -> None:
    limits = Limits()
    assert limits.record_bytes > 1024 * 1024
    assert all(0 < value < float("inf") for value in dataclasses.astuple(limits))


def test_limits_do_not_change_under_a_server() -> None:
    assert Limits(connections=3) == dataclasses.replace(Limits(), connections=3)
    assert hash(Limits()) == hash(Limits())
