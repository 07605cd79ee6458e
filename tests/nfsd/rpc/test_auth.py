import pytest

import xdr
from nfsd.rpc.auth import ANONYMOUS, Credential, Denied, read_credential
from nfsd.rpc.types import auth_stat, authsys_parms


def sys_body(machine: bytes = b"host", gids: tuple[int, ...] = (4, 24)) -> bytes:
    return xdr.pack(authsys_parms, authsys_parms(9, machine, 1000, 100, gids))


def test_auth_sys_says_who_calls() -> None:
    assert read_credential(1, sys_body()) == Credential(1, 1000, 100, (4, 24), "host")


def test_auth_none_is_nobody() -> None:
    assert read_credential(0, b"") is ANONYMOUS
    assert (ANONYMOUS.uid, ANONYMOUS.gid) == (65534, 65534)


def test_the_limits_of_appendix_a_are_reached() -> None:
    assert len(read_credential(1, sys_body(b"h" * 255, tuple(range(16)))).gids) == 16


def test_a_machine_name_that_is_not_text_is_still_shown() -> None:
    assert read_credential(1, sys_body(b"\xff")).machine == "\ufffd"


TOO_LONG = sys_body(b"h" * 255)[:4] + (256).to_bytes(4, "big") + b"h" * 256 + bytes(12)
TOO_MANY = sys_body(gids=())[:-4] + (17).to_bytes(4, "big") + bytes(17 * 4)
BILLIONS = sys_body(gids=())[:-4] + (2**32 - 1).to_bytes(4, "big") + bytes(16 * 4)


@pytest.mark.parametrize("body", [b"", sys_body()[:-1], sys_body() + bytes(4), TOO_LONG, TOO_MANY, BILLIONS])
def test_a_body_that_is_not_its_flavors_is_a_bad_credential(body: bytes) -> None:
    with pytest.raises(Denied) as caught:
        read_credential(1, body)
    assert caught.value.stat == auth_stat.AUTH_BADCRED


@pytest.mark.parametrize("flavor", [2, 3, 6, 7, 999, -1])
def test_other_flavors_are_rejected(flavor: int) -> None:
    with pytest.raises(Denied, match=f"flavor {flavor}") as caught:
        read_credential(flavor, b"")
    assert caught.value.stat == auth_stat.AUTH_REJECTEDCRED
