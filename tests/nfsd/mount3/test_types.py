import re
from pathlib import Path

import pytest
import xdrlib3

import xdr
from nfsd.mount3 import types as t

HEADER = Path("/usr/include/nfsc/libnfs-raw-mount.h")


def test_statuses_and_sizes_are_the_rfc_s() -> None:
    if not HEADER.exists():
        pytest.skip("libnfs-dev is not installed")
    header = HEADER.read_text()
    statuses = re.findall(r"(MNT3\w+) = (\d+)", header)
    assert {member.name: member.value for member in t.mountstat3} == {
        key: int(value) for key, value in statuses
    }
    for name in ("MNTPATHLEN", "MNTNAMLEN", "FHSIZE3"):
        assert f"#define {name} {getattr(t, name)}\n" in header


def test_an_export_list_by_another_packer() -> None:
    other = xdrlib3.Packer()
    other.pack_bool(True)
    other.pack_string(b"/")
    other.pack_bool(True)
    other.pack_string(b"10.0.0.0/8")
    other.pack_bool(False)
    other.pack_bool(False)
    assert xdr.pack(t.exports, (t.exportnode(b"/", (t.groupnode(b"10.0.0.0/8"),)),)) == other.get_buffer()


def test_a_path_is_bounded() -> None:
    with pytest.raises(xdr.Error):
        xdr.unpack(t.dirpath, xdr.pack(t.mountbody, t.mountbody(b"", b""))[:4] + b"\0\0\4\4" + bytes(1028))
