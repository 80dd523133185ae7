"""What is known of a Pod decides its phase, its addresses and its readiness."""

import pytest

from controlplane.clusterstate import StoredPod
from controlplane.objects import Condition, Node, NodeAddress, NodeStatus, ObjectMeta, Pod, PodIP, PodSpec, PodStatus
from controlplane.podstatus import is_finished, is_ready, is_terminating, pod_addresses, with_status

READY = Condition(type="Ready", status="True")
NOT_READY = Condition(type="Ready", status="False")


NO_STATUS = PodStatus()


def pod(status: PodStatus = NO_STATUS, node_name: str = "", deleted: str = "") -> Pod:
    metadata = ObjectMeta(name="web", namespace="shop", deletion_timestamp=deleted)
    return Pod(metadata=metadata, spec=PodSpec(node_name=node_name), status=status)


def node(*addresses: tuple[str, str]) -> Node:
    return Node(status=NodeStatus(addresses=tuple(NodeAddress(type=kind, address=a) for kind, a in addresses)))


RUNNING = StoredPod(node="a", ips=("10.244.0.5", "fd00::5"), running=True)


def test_a_written_address_wins_over_what_is_stored():
    told = with_status(pod(PodStatus(pod_ip="10.0.0.9")), RUNNING)
    assert told.status == PodStatus(
        phase="Running", pod_ip="10.0.0.9", pod_ips=(PodIP(ip="10.0.0.9"),), conditions=(READY,)
    )
    assert told.spec.node_name == ""


@pytest.mark.parametrize(
    ("status", "ready"),
    [
        (PodStatus(pod_ip="10.0.0.9"), True),
        (PodStatus(pod_ip="10.0.0.9", phase="Running"), True),
        (PodStatus(pod_ip="10.0.0.9", phase="Pending"), False),
        (PodStatus(pod_ip="10.0.0.9", conditions=(NOT_READY,)), False),
        (PodStatus(pod_ip="10.0.0.9", conditions=(READY,)), True),
        (PodStatus(pod_ip="10.0.0.9", conditions=(Condition(type="Initialized", status="True"),)), False),
    ],
)
def test_a_manifest_with_an_address_is_ready_unless_it_says_more(status, ready):
    assert is_ready(with_status(pod(status), None)) is ready


def test_the_first_of_several_written_addresses_is_the_primary_one():
    told = with_status(pod(PodStatus(pod_ips=(PodIP(ip="fd00::9"), PodIP(ip="10.0.0.9")))), None)
    assert told.status.pod_ip == "fd00::9"
    assert [str(address) for address in pod_addresses(told)] == ["fd00::9", "10.0.0.9"]


def test_a_pod_that_something_runs_has_its_addresses_and_is_ready():
    told = with_status(
        pod(), RUNNING, node(("Hostname", "a"), ("ExternalIP", "203.0.113.1"), ("InternalIP", "192.0.2.1"))
    )
    assert told.spec.node_name == "a"
    assert told.status == PodStatus(
        phase="Running",
        pod_ip="10.244.0.5",
        pod_ips=(PodIP(ip="10.244.0.5"), PodIP(ip="fd00::5")),
        host_ip="192.0.2.1",
        conditions=(READY,),
    )


def test_the_host_address_is_the_external_one_where_there_is_no_internal_one():
    told = with_status(pod(), RUNNING, node(("InternalIP", "nowhere"), ("ExternalIP", "203.0.113.1")))
    assert told.status.host_ip == "203.0.113.1"
    assert with_status(pod(), RUNNING, node()).status.host_ip == ""


def test_a_pod_that_runs_and_is_not_ready_says_so():
    told = with_status(pod(node_name="a"), StoredPod(node="a", ips=("10.244.0.5",), running=True, ready=False))
    assert told.status.phase == "Running"
    assert not is_ready(told)


def test_a_pod_that_runs_without_an_address_has_none():
    told = with_status(pod(), StoredPod(node="a", running=True))
    assert (told.status.pod_ip, pod_addresses(told)) == ("", ())


@pytest.mark.parametrize("stored", [None, StoredPod(node="a", ips=("10.244.0.5",))])
def test_a_pod_that_nothing_runs_is_pending_and_has_no_address(stored):
    told = with_status(pod(), stored)
    assert told.status.phase == "Pending"
    assert pod_addresses(told) == ()
    assert not is_ready(told)


def test_a_pod_that_was_placed_is_bound_to_its_node_before_it_runs():
    assert with_status(pod(), StoredPod(node="a", ips=("10.244.0.5",))).spec.node_name == "a"


@pytest.mark.parametrize("phase", ["Succeeded", "Failed"])
def test_a_finished_pod_stays_as_it_is(phase):
    finished = pod(PodStatus(phase=phase, pod_ip="10.0.0.9"))
    assert is_finished(finished)
    assert with_status(finished, RUNNING) == finished


def test_a_pod_is_terminating_by_its_deletion_timestamp_or_by_what_is_known():
    assert is_terminating(with_status(pod(PodStatus(pod_ip="10.0.0.9"), deleted="2024-01-01T00:00:00Z"), None))
    stopping = with_status(pod(), StoredPod(node="a", ips=("10.244.0.5",), running=True, terminating=True))
    assert is_terminating(stopping)
    assert is_ready(stopping)
    assert not is_terminating(with_status(pod(), RUNNING))
    assert not is_finished(stopping)


def test_what_is_no_address_is_passed_over():
    assert pod_addresses(pod(PodStatus(pod_ips=(PodIP(ip="nowhere"), PodIP(ip="010.0.0.9"))))) == pod_addresses(
        pod(PodStatus(pod_ip="10.0.0.9"))
    )
