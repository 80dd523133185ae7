"""The rows of kube-proxy's TestCategorizeEndpoints (`pkg/proxy/topology_test.go`), under upstream's names."""

from typing import NamedTuple

import pytest

from proxy.endpoints import EndpointInfo
from proxy.model import Endpoint
from proxy.topology import LeftOut, TrafficPolicy, categorize_endpoints, why_left_out

NODE = "this-node"
CLUSTER = TrafficPolicy()
NODE_PORT = TrafficPolicy(is_externally_accessible=True)
INTERNAL_LOCAL = TrafficPolicy(internal_local=True)
INTERNAL_LOCAL_NODE_PORT = TrafficPolicy(internal_local=True, is_externally_accessible=True)
EXTERNAL_LOCAL = TrafficPolicy(external_local=True)
EXTERNAL_LOCAL_NODE_PORT = TrafficPolicy(external_local=True, is_externally_accessible=True)
BOTH_LOCAL_NODE_PORT = TrafficPolicy(internal_local=True, external_local=True, is_externally_accessible=True)


def ep(last, zones="", nodes="", state="ready", node="other-node"):
    """`10.0.0.LAST:80`; hints are letters, `state` is ready, unready or terminating (and serving)."""
    return EndpointInfo(
        Endpoint(f"10.0.0.{last}", 80, node),
        ready=state == "ready",
        serving=state != "unready",
        terminating=state == "terminating",
        zone_hints=frozenset(f"zone-{zone}" for zone in zones),
        node_hints=frozenset(nodes.split()),
    )


def here(last, **fields):
    return ep(last, node=NODE, **fields)


ABCA = [ep(3, zones="a"), ep(4, zones="b"), ep(5, zones="c"), ep(6, zones="a")]
NODE_HINTED = [
    ep(3, zones="a", nodes=NODE),
    ep(4, zones="b", nodes="node-2"),
    ep(5, zones="c", nodes="node-3"),
    ep(6, zones="a", nodes="node-4"),
]
HALF_LOCAL_ABCA = [here(3, zones="a"), here(4, zones="b"), ep(5, zones="c"), ep(6, zones="a")]
REMOTE_AND_TERMINATING = [
    ep(0),
    here(1, state="unready"),
    here(2, state="terminating"),
    ep(3, state="terminating"),
]


class Expected(NamedTuple):
    """The last octets of each list; `None` where there is no such list."""

    cluster: str | None
    local: str | None
    all_reachable: str
    has_any: bool = True


ROWS = [
    ("hints enabled, hints annotation == auto", CLUSTER, "a", ABCA, Expected("36", None, "36")),
    (
        "externalTrafficPolicy: Local, topology ignored for Local endpoints",
        EXTERNAL_LOCAL_NODE_PORT,
        "a",
        HALF_LOCAL_ABCA,
        Expected("36", "34", "346"),
    ),
    (
        "internalTrafficPolicy: Local, topology ignored for Local endpoints",
        INTERNAL_LOCAL_NODE_PORT,
        "a",
        HALF_LOCAL_ABCA,
        Expected("36", "34", "346"),
    ),
    ("empty node labels", CLUSTER, None, [ep(3, zones="a")], Expected("3", None, "3")),
    ("node in different zone, no endpoint filtering", CLUSTER, "b", [ep(3, zones="a")], Expected("3", None, "3")),
    (
        "unready endpoint",
        CLUSTER,
        "a",
        [ep(3, zones="a"), ep(4, zones="b"), ep(5, zones="c"), ep(6, zones="a", state="unready")],
        Expected("3", None, "3"),
    ),
    (
        "only unready endpoints in same zone (should not filter)",
        CLUSTER,
        "a",
        [ep(3, zones="a", state="unready"), ep(4, zones="b"), ep(5, zones="c"), ep(6, zones="a", state="unready")],
        Expected("45", None, "45"),
    ),
    (
        "missing hints, no filtering applied",
        CLUSTER,
        "a",
        [ep(3, zones="a"), ep(4, zones="b"), ep(5), ep(6, zones="a")],
        Expected("3456", None, "3456"),
    ),
    (
        "multiple hints per endpoint, filtering includes any endpoint with zone included",
        CLUSTER,
        "c",
        [ep(3, zones="abc"), ep(4, zones="bc"), ep(5, zones="bd"), ep(6, zones="c")],
        Expected("346", None, "346"),
    ),
    ("PreferSameNode available", CLUSTER, "a", NODE_HINTED, Expected("3", None, "3")),
    (
        "PreferSameNode ignored if some endpoints unhinted",
        CLUSTER,
        "a",
        [NODE_HINTED[0], ep(4), *NODE_HINTED[2:]],
        Expected("3456", None, "3456"),
    ),
    (
        "PreferSameNode falls back to PreferSameZone if no endpoint for node",
        CLUSTER,
        "a",
        [ep(3, zones="a", nodes="node-1"), *NODE_HINTED[1:]],
        Expected("36", None, "36"),
    ),
    (
        "conflicting topology and localness require merging allEndpoints",
        EXTERNAL_LOCAL_NODE_PORT,
        "a",
        [here(0, zones="a"), here(1, zones="b"), ep(2, zones="a"), ep(3, zones="b")],
        Expected("02", "01", "012"),
    ),
    (
        "internalTrafficPolicy: Local, with empty endpoints",
        INTERNAL_LOCAL,
        "a",
        [],
        Expected(None, "", "", has_any=False),
    ),
    (
        "internalTrafficPolicy: Local, but all endpoints are remote",
        INTERNAL_LOCAL,
        "a",
        [ep(0), ep(1)],
        Expected(None, "", ""),
    ),
    (
        "internalTrafficPolicy: Local, all endpoints are local",
        INTERNAL_LOCAL,
        "a",
        [here(0), here(1)],
        Expected(None, "01", "01"),
    ),
    (
        "internalTrafficPolicy: Local, some endpoints are local",
        INTERNAL_LOCAL,
        "a",
        [here(0), ep(1)],
        Expected(None, "0", "0"),
    ),
    (
        "Cluster traffic policy, endpoints not Ready",
        CLUSTER,
        "a",
        [ep(0, state="unready"), ep(1, state="unready")],
        Expected("", None, "", has_any=False),
    ),
    (
        "Cluster traffic policy, some endpoints are Ready",
        CLUSTER,
        "a",
        [ep(0, state="unready"), ep(1)],
        Expected("1", None, "1"),
    ),
    (
        "Cluster traffic policy, all endpoints are terminating",
        CLUSTER,
        "a",
        [here(0, state="terminating"), ep(1, state="terminating")],
        Expected("01", None, "01"),
    ),
    (
        "iTP: Local, eTP: Cluster, some endpoints local",
        INTERNAL_LOCAL_NODE_PORT,
        "a",
        [here(0), ep(1)],
        Expected("01", "0", "01"),
    ),
    (
        "iTP: Cluster, eTP: Local, some endpoints local",
        EXTERNAL_LOCAL_NODE_PORT,
        "a",
        [here(0), ep(1)],
        Expected("01", "0", "01"),
    ),
    (
        "iTP: Local, eTP: Local, some endpoints local",
        BOTH_LOCAL_NODE_PORT,
        "a",
        [here(0), ep(1)],
        Expected("01", "0", "01"),
    ),
    (
        "iTP: Local, eTP: Local, all endpoints remote",
        BOTH_LOCAL_NODE_PORT,
        "a",
        [ep(0), ep(1)],
        Expected("01", "", "01"),
    ),
    (
        "iTP: Local, eTP: Local, all endpoints remote and terminating",
        BOTH_LOCAL_NODE_PORT,
        "a",
        [ep(0, state="terminating"), ep(1, state="terminating")],
        Expected("01", "", "01"),
    ),
    (
        "iTP: Cluster, eTP: Local, with terminating endpoints",
        EXTERNAL_LOCAL_NODE_PORT,
        "a",
        REMOTE_AND_TERMINATING,
        Expected("0", "2", "02"),
    ),
    (
        "externalTrafficPolicy ignored if not externally accessible",
        EXTERNAL_LOCAL,
        "a",
        [ep(0), here(1)],
        Expected("01", None, "01"),
    ),
    (
        "no cluster endpoints for iTP:Local internal-only service",
        INTERNAL_LOCAL,
        "a",
        [ep(0), here(1)],
        Expected(None, "1", "1"),
    ),
    (
        "externalTrafficPolicy: Local, externally accessible, with empty endpoints",
        EXTERNAL_LOCAL_NODE_PORT,
        "a",
        [],
        Expected("", "", "", has_any=False),
    ),
    (
        "externalTrafficPolicy: Local, externally accessible, but all endpoints are remote",
        EXTERNAL_LOCAL_NODE_PORT,
        "a",
        [ep(0), ep(1)],
        Expected("01", "", "01"),
    ),
    (
        "externalTrafficPolicy: Local, externally accessible, all endpoints are local",
        EXTERNAL_LOCAL_NODE_PORT,
        "a",
        [here(0), here(1)],
        Expected("01", "01", "01"),
    ),
    ("an endpoint without a node is never local", INTERNAL_LOCAL, "a", [ep(0, node="")], Expected(None, "", "")),
    ("a NodePort without policies has one list", NODE_PORT, "a", [ep(0), here(1)], Expected("01", None, "01")),
]


@pytest.mark.parametrize(
    ("policy", "zone", "infos", "expected"),
    [pytest.param(*row, id=name) for name, *row in ROWS],
)
def test_categorize_endpoints(policy, zone, infos, expected):
    found = categorize_endpoints(infos, policy, NODE, f"zone-{zone}" if zone else "")
    lists = [last_octets(each) for each in (found.cluster, found.local, found.all_reachable)]
    assert Expected(*lists, has_any=found.has_any) == expected


def last_octets(endpoints):
    return None if endpoints is None else "".join(each.address.rpartition(".")[2] for each in endpoints)


def test_nothing_is_local_to_a_node_without_a_name():
    assert categorize_endpoints([ep(0, node="")], INTERNAL_LOCAL, "", "").local == ()


@pytest.mark.parametrize(
    ("policy", "zone", "infos"),
    [pytest.param(policy, zone, infos, id=name) for name, policy, zone, infos, _ in ROWS],
)
def test_whoever_is_in_a_list_is_not_left_out_of_it_and_all_others_are(policy, zone, infos):
    found = categorize_endpoints(infos, policy, NODE, f"zone-{zone}" if zone else "")
    for used, is_local in ((found.cluster, False), (found.local, True)):
        if used is not None:
            reasons = [
                why_left_out(each, infos, NODE, f"zone-{zone}" if zone else "", is_local=is_local) for each in infos
            ]
            assert [each.endpoint for each, reason in zip(infos, reasons, strict=True) if reason is None] == list(used)


@pytest.mark.parametrize(
    ("info", "others", "is_local", "reason"),
    [
        (ep(0, state="unready"), [ep(1)], False, LeftOut.NOT_READY),
        (ep(0, state="unready"), [here(1)], True, LeftOut.NOT_READY),
        (ep(0, state="unready")._replace(terminating=True), [ep(1)], False, LeftOut.GONE),
        (ep(0, state="terminating"), [ep(1)], False, LeftOut.TERMINATING),
        (here(0, state="terminating"), [here(1)], True, LeftOut.TERMINATING),
        (ep(0), [here(1)], True, LeftOut.OTHER_NODE),
        (ep(0), [], True, LeftOut.OTHER_NODE),
        (ep(0, zones="b"), [ep(1, zones="a")], False, LeftOut.ZONE_HINTS),
        (ep(0, nodes="node-2"), [ep(1, nodes=NODE)], False, LeftOut.NODE_HINTS),
        (ep(0, zones="b"), [ep(1)], False, None),
        (ep(0, state="terminating"), [], False, None),
    ],
)
def test_each_endpoint_that_is_left_out_has_its_reason(info, others, is_local, reason):
    assert why_left_out(info, [info, *others], NODE, "zone-a", is_local=is_local) is reason
