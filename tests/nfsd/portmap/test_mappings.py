from nfsd.portmap import IPPROTO_TCP, IPPROTO_UDP, Mappings, mapping
from nfsd.portmap.mappings import MAPPINGS_SET_MAX

NLM = 100021


def served() -> Mappings:
    mappings = Mappings()
    mappings.serve(100003, 3, IPPROTO_TCP, 2049)
    mappings.serve(NLM, 4, IPPROTO_TCP, 2049)
    return mappings


def test_a_program_of_ours_is_found_by_protocol() -> None:
    assert served().port(100003, 3, IPPROTO_TCP) == 2049
    assert served().port(100003, 3, IPPROTO_UDP) == 0
    assert served().port(100227, 3, IPPROTO_TCP) == 0


def test_another_version_of_ours_leads_to_the_program_itself() -> None:
    assert served().port(100003, 4, IPPROTO_TCP) == 2049


def test_what_a_program_sets_is_given_to_who_asks() -> None:
    mappings = served()
    mappings.set("127.0.0.1", mapping(300_000, 1, IPPROTO_UDP, 700))
    mappings.set("127.0.0.1", mapping(300_000, 1, IPPROTO_UDP, 701))
    assert mappings.port(300_000, 1, IPPROTO_UDP) == 701
    assert mappings.port(300_000, 2, IPPROTO_UDP) == 0
    mappings.unset("127.0.0.1", 300_000, 1)
    assert mappings.port(300_000, 1, IPPROTO_UDP) == 0


def test_a_kernels_lock_manager_does_not_hide_ours_and_is_found_for_callbacks() -> None:
    mappings = served()
    for client, port in [("127.0.0.1", 900), ("127.0.0.2", 901)]:
        mappings.set(client, mapping(NLM, 4, IPPROTO_TCP, port))
        mappings.set(client, mapping(NLM, 1, IPPROTO_UDP, port))
    assert mappings.port(NLM, 4, IPPROTO_TCP) == 2049
    assert mappings.port(NLM, 1, IPPROTO_UDP) == 0
    assert mappings.callback("127.0.0.1", NLM, 4, IPPROTO_TCP) == 900
    assert mappings.callback("127.0.0.2", NLM, 4, IPPROTO_TCP) == 901
    assert mappings.callback("127.0.0.3", NLM, 4, IPPROTO_TCP) == 0
    mappings.unset("127.0.0.1", NLM, 4)
    assert mappings.callback("127.0.0.1", NLM, 4, IPPROTO_TCP) == 0
    assert mappings.callback("127.0.0.1", NLM, 1, IPPROTO_UDP) == 900
    assert mappings.callback("127.0.0.2", NLM, 4, IPPROTO_TCP) == 901


def test_all_lists_what_port_would_give() -> None:
    mappings = served()
    mappings.set("127.0.0.1", mapping(NLM, 4, IPPROTO_TCP, 900))
    mappings.set("127.0.0.1", mapping(300_000, 1, IPPROTO_UDP, 700))
    assert mappings.all() == (
        mapping(100003, 3, IPPROTO_TCP, 2049),
        mapping(NLM, 4, IPPROTO_TCP, 2049),
        mapping(300_000, 1, IPPROTO_UDP, 700),
    )


def test_what_others_may_set_is_bounded() -> None:
    mappings = Mappings()
    for number in range(MAPPINGS_SET_MAX + 10):
        mappings.set("127.0.0.1", mapping(number, 1, IPPROTO_TCP, 700))
    assert len(mappings.all()) == MAPPINGS_SET_MAX
    assert mappings.port(9, 1, IPPROTO_TCP) == 0
    assert mappings.port(10, 1, IPPROTO_TCP) == 700


def test_what_was_set_can_be_kept_and_set_again() -> None:
    mappings = served()
    told: list[int] = []
    mappings.changed = lambda: told.append(1)
    mappings.set("127.0.0.2", mapping(NLM, 4, IPPROTO_TCP, 901))
    mappings.unset("127.0.0.9", NLM, 4)
    assert mappings.callbacks() == (("127.0.0.2", mapping(NLM, 4, IPPROTO_TCP, 901)),)
    assert len(told) == 1
    mappings.unset("127.0.0.2", NLM, 4)
    assert len(told) == 2
