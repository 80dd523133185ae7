"""From one topology to the next: what can stay does, and what hangs on what moved moves too."""

import msgspec
import pytest

from controlplane.objects import NamespacedName
from lab.changes import Changes, changes
from lab.topology import FABRIC, Host, Port, Role, Topology

WEB = NamespacedName("default", "web")


def host(name: str, role: Role = Role.NODE, router: str = FABRIC, **more: object) -> Host:
    fields: dict[str, object] = {"addresses": (f"10.0.0.{len(name)}",), "gateways": ("10.0.0.1",), "hostname": name}
    return Host(**{"name": name, "role": role, "router": router, **fields, **more})  # type: ignore[arg-type]


NODE = host("node-1")
POD = host("default.web", Role.POD, "node-1", pod=WEB, node="node-1", addresses=("10.1.0.2",))
ON_NODE = host("default.agent", Role.POD, "node-1", in_network_of="node-1", node="node-1")
OUTSIDE = host("outside", Role.OUTSIDE)
ALL = (NODE, POD, ON_NODE, OUTSIDE)


def but(one: Host, **other: object) -> Host:
    return msgspec.structs.replace(one, **other)


def test_nothing_changes_where_nothing_is_different():
    assert changes(Topology(ALL), Topology(ALL)) == Changes()


def test_at_first_everything_comes_routers_before_what_hangs_on_them():
    assert changes(Topology(()), Topology(ALL)) == Changes(come=ALL)


def test_what_is_gone_goes_before_its_router():
    assert changes(Topology(ALL), Topology((OUTSIDE,))) == Changes(gone=(ON_NODE, POD, NODE))


def test_a_pod_with_another_address_is_another_pod():
    moved = but(POD, addresses=("10.1.0.3",))
    assert changes(Topology(ALL), Topology((NODE, moved, ON_NODE, OUTSIDE))) == Changes(gone=(POD,), come=(moved,))


def test_with_a_node_that_moves_all_that_is_on_it_moves():
    moved = but(NODE, addresses=("10.0.0.99",))
    found = changes(Topology(ALL), Topology((moved, POD, ON_NODE, OUTSIDE)))
    assert found == Changes(gone=(ON_NODE, POD, NODE), come=(moved, POD, ON_NODE))


def test_a_node_with_other_pods_behind_it_stays():
    after = but(NODE, routes=("10.2.0.0/24",))
    assert changes(Topology(ALL), Topology((after, POD, ON_NODE, OUTSIDE))) == Changes(rerouted=((NODE, after),))


@pytest.mark.parametrize("other", [{"ports": (Port(80),)}, {"hostname": "web.example"}])
def test_a_pod_that_runs_something_else_is_started_again_where_it_is(other: dict[str, object]):
    after = but(POD, **other)
    assert changes(Topology(ALL), Topology((NODE, after, ON_NODE, OUTSIDE))) == Changes(restarted=(after,))


def test_a_pod_whose_spec_is_another_is_started_again_though_its_host_looks_the_same():
    assert changes(Topology(ALL), Topology(ALL), frozenset({WEB})) == Changes(restarted=(POD,))
