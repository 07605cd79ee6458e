import struct

import xdr
from nfsd.nsm.types import mon, mon_id, my_id, res, sm_stat_res

PRIV = bytes(range(16))


def test_a_monitor_request_is_laid_out_as_in_chapter_11() -> None:
    value = mon(mon_id(b"server", my_id(b"me", 100021, 3, 16)), PRIV)
    packed = struct.pack(">I6s2xI2s2xiii", 6, b"server", 2, b"me", 100021, 3, 16) + PRIV
    assert xdr.pack(mon, value) == packed
    assert xdr.unpack(mon, packed) == value


def test_its_answer_is_a_result_and_our_state() -> None:
    assert xdr.pack(sm_stat_res, sm_stat_res(res.STAT_FAIL, 7)) == struct.pack(">Ii", 1, 7)
