import struct

import xdr
from nfsd.nlm4.types import nlm4_holder, nlm4_lock, nlm4_lockargs, nlm4_stats, nlm4_testres, nlm4_testrply


def test_lock_arguments_are_laid_out_as_in_appendix_ii() -> None:
    value = nlm4_lockargs(b"ck", True, False, nlm4_lock(b"host", b"handle", b"o", -1, 5, 6), True, 9)
    assert xdr.pack(nlm4_lockargs, value) == (
        struct.pack(">I2s2xII", 2, b"ck", 1, 0)
        + struct.pack(">I4sI6s2xI1s3xiQQ", 4, b"host", 6, b"handle", 1, b"o", -1, 5, 6)
        + struct.pack(">Ii", 1, 9)
    )


def test_only_a_denied_test_names_a_holder() -> None:
    denied = nlm4_testres(b"", nlm4_testrply(nlm4_stats.NLM4_DENIED, nlm4_holder(True, 7, b"", 1, 2)))
    assert xdr.pack(nlm4_testres, denied) == struct.pack(">IIIiIQQ", 0, 1, 1, 7, 0, 1, 2)
    granted = nlm4_testres(b"", nlm4_testrply(nlm4_stats.NLM4_GRANTED, None))
    assert xdr.pack(nlm4_testres, granted) == struct.pack(">II", 0, 0)
