import struct

import xdr
from nfsd.portmap.types import mapping, pmaplist


def test_a_list_of_mappings_is_laid_out_as_in_section_3() -> None:
    value = (mapping(100003, 3, 6, 2049), mapping(100005, 3, 17, 2049))
    packed = struct.pack(">11I", 1, 100003, 3, 6, 2049, 1, 100005, 3, 17, 2049, 0)
    assert xdr.pack(pmaplist, value) == packed
    assert xdr.unpack(pmaplist, packed) == value
