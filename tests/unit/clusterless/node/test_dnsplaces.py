import pytest

from clusterless.configuration.bindaddress import bind_addresses
from clusterless.node.dnsplaces import Place, places
from dns.config import Listening, configure

VIP = "10.96.0.10"
BOUND = Listening(53, "127.0.0.9")


def found(corefile: str, *bound: str) -> set[Place]:
    config, problems = configure(corefile)
    assert config is not None, problems
    made = places(config, [VIP], bind_addresses(bound))
    assert len({(place.address, place.port) for place in made}) == len(made)
    return set(made)


def test_blocks_without_bind_are_on_the_services_address_and_the_command_lines():
    corefile = ". {\n}\n.:54 {\n}\n"
    assert found(corefile, "+127.0.0.2", "127.0.0.3:5353") == {
        Place(VIP, 53, Listening(53)),
        Place("127.0.0.2", 53, Listening(53)),
        Place("127.0.0.3", 5353, Listening(53)),
        Place(VIP, 54, Listening(54)),
        Place("127.0.0.2", 54, Listening(54)),
        Place("127.0.0.3", 54, Listening(54)),
    }


def test_a_port_whose_blocks_are_all_bound_is_nowhere_else():
    corefile = "a {\n bind 127.0.0.9\n}\nb {\n bind 127.0.0.9\n}\n.:54 {\n}\n"
    assert found(corefile, "+127.0.0.2") == {
        Place("127.0.0.9", 53, BOUND),
        Place(VIP, 54, Listening(54)),
        Place("127.0.0.2", 54, Listening(54)),
    }


@pytest.mark.parametrize("zones", [("a", "."), (".", "a")])
def test_an_address_that_a_block_binds_is_not_the_others(zones: tuple[str, str]):
    blocks = {"a": f"a {{\n bind 127.0.0.9 {VIP}\n}}\n", ".": ". {\n}\n"}
    assert found("".join(blocks[zone] for zone in zones), "127.0.0.9", "127.0.0.9:5353") == {
        Place("127.0.0.9", 53, BOUND),
        Place(VIP, 53, Listening(53, VIP)),
        Place("127.0.0.9", 5353, Listening(53)),
    }
