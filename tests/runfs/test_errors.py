from __future__ import annotations

from runfs.errors import CommandError


def test_a_mistake_has_status_2_and_a_no_has_1() -> None:
    assert CommandError("say what to mend").status == 2
    assert CommandError("there is none", 1).status == 1
    assert str(CommandError("say what to mend")) == "say what to mend"
