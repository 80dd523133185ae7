import json

import msgspec
import pytest

from controlplane.build import Builder
from controlplane.clusterstate import ClusterState
from controlplane.documents import Document, Reading
from controlplane.objects import LoadBalancerIngress, NamespacedName
from controlplane.options import ClusterOptions
from controlplane.problems import Problem, Reason, Severity

NOW = 1_700_000_000
WEB = NamespacedName("default", "web")
OPTIONS = ClusterOptions(hostname="here", node_addresses=("192.0.2.1",), schedule_pods=True)


def document(kind, name, *, source="a.yaml", index=0, metadata=None, version="v1", **fields):
    raw = {"apiVersion": version, "kind": kind, "metadata": {"name": name, **(metadata or {})}, **fields}
    return Document(source=source, raw=raw, digest=json.dumps(raw), index=index, line=index * 10 + 1)


def service(name="web", port=80, source="a.yaml", index=0, **spec):
    return document("Service", name, source=source, index=index, spec={"ports": [{"port": port}], **spec})


def pod(name, index=0, **spec):
    return document(
        "Pod",
        name,
        index=index,
        metadata={"labels": {"app": "web"}},
        spec={"containers": [{"name": "a", "image": "a"}], **spec},
    )


def cluster_slice(name, of="web", address="10.0.0.1", index=0):
    return document(
        "EndpointSlice",
        name,
        index=index,
        version="discovery.k8s.io/v1",
        metadata={"labels": {"kubernetes.io/service-name": of}},
        addressType="IPv4",
        endpoints=[{"addresses": [address]}],
        ports=[{"port": 8080}],
    )


def endpoints(name="web", address="10.0.0.2", index=0):
    subsets = [{"addresses": [{"ip": address}], "ports": [{"port": 8080}]}]
    return document("Endpoints", name, index=index, subsets=subsets)


class Cluster:
    """A builder that is given documents time after time, a minute apart."""

    def __init__(self, options=OPTIONS, state=None):
        self.builder = Builder(options, state)
        self.now = NOW

    def build(self, *documents, problems=()):
        self.now += 60
        self.built = self.builder.build(Reading(tuple(documents), tuple(problems)), self.now)
        return self.built.snapshot


def messages(snapshot):
    return [problem.message for problem in snapshot.problems]


def test_what_did_not_change_is_the_same_snapshot():
    cluster = Cluster()
    first = cluster.build(service(), pod("p", 1))
    assert cluster.build(service(), pod("p", 1)) is first
    assert first.generation == 1


def test_objects_that_did_not_change_stay_the_same_when_others_do():
    cluster = Cluster()
    selector = {"app": "web"}
    same = (service(selector=selector), pod("p", 1), service("db", index=2), cluster_slice("db-1", "db", index=3))
    before = cluster.build(*same, service("other", index=4))
    after = cluster.build(*same, service("other", 81, index=4))
    assert after.generation == 2
    for name in ("web", "db"):
        key = NamespacedName("default", name)
        assert after.services[key] is before.services[key]
        assert after.slices[key] is before.slices[key]
    assert after.pods is before.pods
    dns = NamespacedName("kube-system", "kube-dns")
    assert before.slices[dns]
    assert after.slices[dns] is before.slices[dns]


def test_mirrored_and_hand_written_slices_stay_the_same_side_by_side():
    cluster = Cluster()
    same = (service(), endpoints(index=1), cluster_slice("by-hand", index=2))
    before = cluster.build(*same)
    after = cluster.build(*same, service("other", index=3))
    assert len(after.slices[WEB]) == 2
    assert after.slices[WEB] is before.slices[WEB]
    changed = cluster.build(same[0], endpoints(address="10.0.0.3", index=1), same[2])
    assert {e.addresses[0] for piece in changed.slices[WEB] for e in piece.endpoints} == {"10.0.0.1", "10.0.0.3"}


def test_the_serial_follows_what_dns_shows_and_nothing_else():
    cluster = Cluster()
    first = cluster.build(service()).serial
    assert first == cluster.now
    told = Problem(severity=Severity.ERROR, reason=Reason.PARSE, message="", source="b.yaml")
    assert cluster.build(service(), problems=[told]).serial == first
    assert cluster.build(service(port=81)).serial == cluster.now
    cluster.now = NOW - 3600  # the clock went back
    last = cluster.built.snapshot.serial
    assert cluster.build(service(port=82)).serial == last + 1


def test_a_slice_that_names_no_service_is_there_to_be_seen_and_nobody_answers_of_it():
    cluster = Cluster()
    before = cluster.build(service())
    bare = cluster_slice("bare", of="", index=1)
    after = cluster.build(service(), bare)
    assert [piece.metadata.name for piece in after.loose_slices] == ["bare"]
    assert after.slices == before.slices
    assert (after.generation, after.serial) == (before.generation + 1, before.serial)
    assert cluster.build(service(), bare) is after


def node(name, *cidrs):
    return document("Node", name, source=f"{name}.yaml", spec={"podCIDRs": list(cidrs)} if cidrs else {})


def ranges(snapshot):
    return {name: each.spec.pod_cidrs for name, each in snapshot.nodes.items()}


def test_a_node_that_comes_later_shifts_nobodys_pod_range_also_over_a_restart():
    cluster = Cluster()
    before = cluster.build(node("n-2"), node("n-3"), pod("p", 1))
    assert ranges(before) == {"n-2": ("10.244.0.0/24",), "n-3": ("10.244.1.0/24",)}
    for later in (cluster, Cluster(state=cluster.built.state)):
        after = later.build(node("n-1"), node("n-2"), node("n-3"), pod("p", 1))
        assert ranges(after) == {"n-1": ("10.244.2.0/24",), **ranges(before)}
        assert after.pods == before.pods
    assert after.nodes["n-2"].spec.pod_cidr == "10.244.0.0/24"


def test_the_pod_range_of_a_node_that_is_gone_is_free_again():
    cluster = Cluster()
    cluster.build(node("n-1"), node("n-2"))
    cluster.build(node("n-2"))
    again = cluster.build(node("n-2"), node("n-3"))
    assert ranges(again) == {"n-2": ("10.244.1.0/24",), "n-3": ("10.244.0.0/24",)}
    assert cluster.built.state.node_ranges == ranges(again)


def test_a_pod_range_that_is_written_later_is_its_writers():
    cluster = Cluster()
    cluster.build(node("n-1"), node("n-2"))
    after = cluster.build(node("n-1"), node("n-2"), node("n-3", "10.244.0.0/23"))
    assert ranges(after) == {"n-1": ("10.244.2.0/24",), "n-2": ("10.244.3.0/24",), "n-3": ("10.244.0.0/23",)}
    assert "n-3" not in cluster.built.state.node_ranges


def test_a_node_keeps_its_identity_when_another_one_comes():
    cluster = Cluster()
    before = cluster.build(node("n-2"))
    after = cluster.build(node("n-1"), node("n-2"))
    assert after.nodes["n-2"] is before.nodes["n-2"]
    assert cluster.build(node("n-1"), node("n-2")) is after


def test_a_family_that_is_not_written_is_given_beside_the_other():
    cluster = Cluster(msgspec.structs.replace(OPTIONS, cluster_cidrs=("10.244.0.0/16", "fd00:244::/56")))
    after = cluster.build(node("n-1", "fd00:244:0:1::/64"), node("n-2"))
    assert ranges(after) == {
        "n-1": ("fd00:244:0:1::/64", "10.244.0.0/24"),
        "n-2": ("10.244.1.0/24", "fd00:244::/64"),
    }


def test_the_serial_grows_over_a_restart():
    assert Cluster(state=ClusterState(serial=NOW + 10_000)).build(service()).serial == NOW + 10_001


def test_what_was_decided_before_is_kept_over_a_restart():
    first = Cluster()
    given = first.build(service(type="NodePort"), pod("p", 1))
    again = Cluster(state=first.built.state)
    # The address that it was given is asked for now by a Service that comes first by name and in the file.
    taken = given.services[WEB].spec.cluster_ip
    after = again.build(service("a", clusterIP=taken), service(index=1, type="NodePort"), pod("p", 2))
    assert after.services[WEB].spec == given.services[WEB].spec
    assert after.pods == given.pods
    assert "provided IP is already allocated" in messages(after)[0]


def test_a_follower_takes_over_what_the_holder_has_decided():
    holder, follower = Cluster(), Cluster()
    follower.build(service("a"))
    holder.build(service(clusterIP="10.96.0.50"))
    follower.builder.adopt(holder.built.state)
    assert follower.build(service()).services[WEB].spec.cluster_ip == "10.96.0.50"
    kept = follower.built.snapshot
    follower.builder.adopt(msgspec.structs.replace(holder.built.state, serial=0))
    assert follower.build(service()).services[WEB] == kept.services[WEB]


def test_addresses_from_the_load_balancer_become_the_status_of_a_service_that_has_none():
    status = {"loadBalancer": {"ingress": [{"ip": "203.0.113.9"}]}}
    own = document("Service", "own", index=1, spec={"type": "LoadBalancer", "ports": [{"port": 80}]}, status=status)
    given = {f"default/{name}": ("203.0.113.1",) for name in ("web", "own", "plain", "gone")}
    cluster = Cluster(state=ClusterState(load_balancers=given))
    documents = (service(type="LoadBalancer"), own, service("plain", index=2))
    before = cluster.build(*documents)
    assert before.services[WEB].status.load_balancer.ingress == (LoadBalancerIngress(ip="203.0.113.1", ip_mode="VIP"),)
    assert [each.ip for each in before.services[NamespacedName("default", "own")].status.load_balancer.ingress] == [
        "203.0.113.9"
    ]
    assert before.services[NamespacedName("default", "plain")].status.load_balancer.ingress == ()
    after = cluster.build(*documents, service("more", index=3))
    assert after.services[WEB] is before.services[WEB]


@pytest.mark.parametrize(
    ("written", "outcome"),
    [
        ([], ["10.0.0.1", "fd00::1"]),
        ([("Hostname", "n")], ["10.0.0.1", "fd00::1", "n"]),
        ([("Hostname", "n"), ("InternalIP", "10.0.0.9")], ["10.0.0.9", "fd00::1", "n"]),
        ([("InternalIP", "fd00::9")], ["fd00::9", "10.0.0.1"]),
        ([("InternalIP", "fd00::9"), ("InternalIP", "10.0.0.9")], ["fd00::9", "10.0.0.9"]),
    ],
)
def test_a_node_has_the_decided_addresses_of_families_that_its_manifest_has_none_of(written, outcome):
    cluster = Cluster(state=ClusterState(nodes={"n": ("10.0.0.1", "fd00::1")}))
    status = {"addresses": [{"type": kind, "address": address} for kind, address in written]}
    node = document("Node", "n", index=1, status=status)
    built = cluster.build(node).nodes["n"]
    assert [each.address for each in built.status.addresses] == outcome
    assert cluster.build(node, service(index=2)).nodes["n"] is built


def test_objects_of_a_source_that_could_not_be_read_stay_also_after_a_restart():
    first = Cluster()
    before = first.build(service(source="b.yaml", clusterIP="10.96.0.50"))
    unreadable = Problem(severity=Severity.ERROR, reason=Reason.PARSE, message="torn", source="b.yaml")
    again = Cluster(state=first.built.state)
    assert again.build(problems=[unreadable]).services[WEB] == before.services[WEB]
    assert WEB not in again.build().services


def test_what_is_broken_before_it_was_ever_accepted_is_not_there():
    strange = document("Service", "web", index=1, spec={"prots": []})
    snapshot = Cluster().build(strange)
    assert WEB not in snapshot.services
    assert 'unknown field "spec.prots"' in messages(snapshot)[0]


@pytest.mark.parametrize("metadata", [{"name": 7}, {"name": "web", "namespace": 7}, None])
def test_a_broken_document_that_does_not_say_whose_it_is_holds_nobody_back(metadata):
    cluster = Cluster()
    cluster.build(service())
    raw = {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": {"prots": []}}
    snapshot = cluster.build(Document(source="a.yaml", raw=raw, digest="broken"))
    assert WEB not in snapshot.services
    assert snapshot.errors


def test_of_two_documents_for_one_object_the_last_counts_and_the_warning_names_both_places():
    snapshot = Cluster().build(service(port=80), service(port=81, index=1))
    assert snapshot.services[WEB].spec.ports[0].port == 81
    assert messages(snapshot) == [
        'Service "web" in namespace "default" is written twice: this document replaces the one at a.yaml:1'
    ]


def test_problems_come_file_by_file_whatever_found_them():
    snapshot = Cluster().build(
        document("Service", "late", source="b.yaml", spec={"prots": []}),
        service("early", 0),
        problems=[Problem(severity=Severity.ERROR, reason=Reason.PARSE, message="torn", source="c.yaml")],
    )
    assert [problem.source for problem in snapshot.problems] == ["a.yaml", "a.yaml", "b.yaml", "c.yaml"]


def test_other_kinds_are_counted():
    snapshot = Cluster().build(document("ConfigMap", "a"), document("ConfigMap", "b", index=1))
    assert snapshot.passed_over == {"ConfigMap": 2}


def test_a_deployment_and_a_stateful_set_may_share_a_name():
    def workload(kind, index, **spec):
        template = {
            "metadata": {"labels": {"app": kind.lower()}},
            "spec": {"containers": [{"name": "a", "image": "a"}]},
        }
        spec = {"selector": {"matchLabels": {"app": kind.lower()}}, "template": template, **spec}
        return document(kind, "web", index=index, version="apps/v1", spec=spec)

    both = (workload("Deployment", 0), workload("StatefulSet", 1, serviceName="web"))
    cluster = Cluster()
    assert len(cluster.build(*both).pods) == 2
    assert [key.name for key in cluster.build(both[1]).pods] == ["web-0"]


def test_the_dns_server_stands_behind_kube_dns_where_its_node_says():
    dns = NamespacedName("kube-system", "kube-dns")

    def address(*documents, options=OPTIONS):
        slices = Cluster(options).build(*documents).slices.get(dns, ())
        return [endpoint.addresses[0] for piece in slices for endpoint in piece.endpoints]

    status = {"addresses": [{"type": "Hostname", "address": "here"}, {"type": "InternalIP", "address": "192.0.2.7"}]}
    assert address() == ["192.0.2.1"]
    assert address(document("Node", "here", status=status)) == ["192.0.2.7"]
    assert address(document("Node", "there", status=status)) == ["192.0.2.1"]
    assert address(options=ClusterOptions()) == []


def test_a_restart_judges_no_unchanged_document_as_an_update_of_itself():
    # Applied a second time, kubectl would be told that the secondary family may not be released; a restart is no apply.
    options = msgspec.structs.replace(OPTIONS, service_cluster_ip_ranges=("10.96.0.0/12", "fd00:96::/108"))
    wanted = service(ipFamilyPolicy="PreferDualStack", ipFamilies=["IPv4"], externalIPs=["203.0.113.9"])
    first = Builder(options).build(Reading((wanted,)), NOW)
    again = Builder(options, first.state).build(Reading((wanted,)), NOW)
    assert again.snapshot.errors == ()
    assert again.snapshot.services[WEB] == first.snapshot.services[WEB]
    assert [p.message for p in again.snapshot.problems] == [p.message for p in first.snapshot.problems]
