"""Pods and slices that are amended by what changed are those that looking at everything anew would find."""

import random

import msgspec
import pytest

from controlplane.clusterstate import FoundPod, StoredPod
from controlplane.derive import SliceMaker
from controlplane.objects import NamespacedName, Node, Pod, Service, Workload
from controlplane.options import ClusterOptions
from controlplane.podmaking import PodMaker
from controlplane.scheduling import Placement

# Two nodes with eleven addresses each: they fill up, and pods wait.
OPTIONS = ClusterOptions(cluster_cidrs=("10.244.0.0/24",), schedule_pods=True)
RANGES = {"a": "10.244.0.0/28", "b": "10.244.0.16/28"}
TEAMS = ("one", "two")


def node(name: str) -> Node:
    return msgspec.convert({"metadata": {"name": name}, "spec": {"podCIDR": RANGES[name]}}, Node)


def workload(rng: random.Random, name: str) -> Workload:
    kind = rng.choice(["Deployment", "Deployment", "ReplicaSet", "StatefulSet", "DaemonSet"])
    labels = {"app": name, "team": rng.choice(TEAMS)}
    spec = {"hostNetwork": rng.random() < 0.1, "nodeName": rng.choice(["", "", "", "a", "nowhere"])}
    metadata = {"name": name, "namespace": "shop"}
    if kind == "ReplicaSet" and rng.random() < 0.5:
        owner = {"kind": "Deployment", "name": rng.choice("abc"), "controller": True}
        metadata["ownerReferences"] = [owner]
    return msgspec.convert(
        {
            "kind": kind,
            "metadata": metadata,
            "spec": {
                "replicas": rng.randrange(6),
                "selector": {"matchLabels": {"app": name}},
                "template": {"metadata": {"labels": labels}, "spec": spec},
            },
        },
        Workload,
    )


def pod(rng: random.Random, name: str) -> Pod:
    status = rng.choice([{}, {}, {"podIP": f"10.244.0.{rng.randrange(2, 6)}"}, {"phase": "Failed"}])
    owner = {"kind": "StatefulSet", "name": name[0], "controller": True}
    metadata = {
        "name": name,
        "namespace": "shop",
        "labels": {"app": rng.choice("ab"), "team": rng.choice(TEAMS)},
        "ownerReferences": [owner] if rng.random() < 0.3 else [],
    }
    return msgspec.convert({"kind": "Pod", "metadata": metadata, "status": status}, Pod)


def service(rng: random.Random, name: str) -> Service:
    selector = rng.choice([{"team": "one"}, {"app": "a"}, {"app": "b", "team": "two"}, {"app": "none"}])
    spec = {"selector": selector, "clusterIP": "10.96.0.1", "ipFamilies": ["IPv4"], "ports": [{"port": 80}]}
    return msgspec.convert({"metadata": {"name": name, "namespace": "shop"}, "spec": spec}, Service)


CALM = ["workload"] * 30 + ["gone"] * 8 + ["service"] * 2 + ["pod", "stored"]
ROUGH = ["workload", "gone", "pod", "service", "node", "stored", "deleted", "found"]


class Cluster:
    """What both are asked about; `change` changes a little of it."""

    def __init__(self, rng: random.Random, changes: list[str]) -> None:
        self.rng = rng
        self.changes = changes
        self.nodes = {name: node(name) for name in RANGES}
        self.sources: dict[object, Pod | Workload] = {}
        self.services = {NamespacedName("shop", name): service(rng, name) for name in "xyz"}
        self.stored: dict[str, StoredPod] = {}
        self.deleted: tuple[str, ...] = ()
        self.found: tuple[FoundPod, ...] = ()

    def change(self) -> None:
        rng = self.rng
        for _ in range(rng.choice([1, 1, 2])):
            name = rng.choice("abc")
            match rng.choice(self.changes):
                case "workload":
                    made = workload(rng, name)
                    self.sources[made.kind, name] = made
                case "gone" if self.sources:
                    del self.sources[rng.choice(list(self.sources))]
                case "pod":
                    name = rng.choice(["a-0", "a-1", "b-0", "p"])
                    self.sources["Pod", name] = pod(rng, name)
                case "service":
                    self.services[NamespacedName("shop", "x")] = service(rng, "x")
                case "node":
                    self.nodes = {"a": node("a")} | ({"b": node("b")} if rng.random() < 0.5 else {})
                case "stored" if self.stored:
                    self._edit_a_record(rng.choice(list(self.stored)))
                case "deleted":
                    self.deleted = tuple(rng.sample([*self.stored, "shop/p"], 1)) if rng.random() < 0.5 else ()
                case "found":
                    self.found = (
                        (FoundPod(namespace="shop", name="a-0", ips=("172.17.0.2",), ready=True),)
                        if rng.random() < 0.3
                        else ()
                    )

    def _edit_a_record(self, key: str) -> None:
        edits: list[dict[str, object]] = [{"terminating": True}, {"ready": False}, {"node": ""}]
        changed = msgspec.structs.replace(self.stored[key], **self.rng.choice(edits))
        self.stored = {**self.stored, key: changed}


@pytest.mark.parametrize("seed", range(10))
def test_amending_is_as_looking_at_everything(seed: int):
    cluster = Cluster(random.Random(seed), ROUGH if seed < 2 else CALM)
    pods, slices = PodMaker(OPTIONS), SliceMaker()
    for _ in range(60):
        cluster.change()
        asked = (tuple(cluster.sources.values()), cluster.nodes, cluster.stored, cluster.deleted, cluster.found)
        made = pods.make(*asked)
        assert made == PodMaker(OPTIONS).make(*asked)
        assert list(made.pods) == sorted(made.pods)
        found = slices.make(cluster.services, made.pods, cluster.nodes, (), ())
        assert found == SliceMaker().make(cluster.services, made.pods, cluster.nodes, (), ())
        cluster.stored = made.stored


def stateful(name: str, replicas: int) -> Workload:
    labels = {"app": name}
    template = {"metadata": {"labels": labels}}
    spec = {"replicas": replicas, "selector": {"matchLabels": labels}, "template": template}
    return msgspec.convert(
        {"kind": "StatefulSet", "metadata": {"name": name, "namespace": "shop"}, "spec": spec}, Workload
    )


def written(name: str) -> Pod:
    return msgspec.convert({"kind": "Pod", "metadata": {"name": name, "namespace": "shop"}}, Pod)


def test_a_written_pod_stays_when_the_workload_goes_whose_pod_has_its_name():
    nodes, maker, own = {"a": node("a")}, PodMaker(OPTIONS), written("db-0")
    both = maker.make((own, stateful("db", 1)), nodes, {})
    assert [key.name for key in both.pods] == ["db-0"]
    left = maker.make((own,), nodes, both.stored)
    assert [key.name for key in left.pods] == ["db-0"]


def test_pods_that_stay_are_the_same_objects():
    nodes, maker = {"a": node("a")}, PodMaker(OPTIONS)
    other = stateful("other", 2)
    before = maker.make((stateful("db", 2), other), nodes, {})
    after = maker.make((stateful("db", 3), other), nodes, before.stored)
    assert [key.name for key in after.pods] == ["db-0", "db-1", "db-2", "other-0", "other-1"]
    assert all(after.pods[key] is each for key, each in before.pods.items())
    assert all(after.stored[key] is each for key, each in before.stored.items())


def test_a_node_that_was_full_takes_pods_again_when_one_has_gone():
    placement = Placement({"a": node("a"), "b": roomy("b")}, OPTIONS)
    pods = {each.key: each for each in map(written, (f"pod-{number:02}" for number in range(40)))}
    placed = placement.all_of(pods.values(), {})
    on_a = [key for key, record in placed.items() if record.node == "a"]
    assert len(on_a) < 20, "it is full, and the others are on the roomy one"
    gone, new = on_a[0], written("new")
    assert placement.amend([(pods[gone], placed[gone])], [(new, None)]) == {new.key: placed[gone]}


def roomy(name: str) -> Node:
    return msgspec.convert({"metadata": {"name": name}, "spec": {"podCIDR": "10.244.0.128/25"}}, Node)


def test_what_a_pod_had_that_comes_back_elsewhere_is_free_at_the_next_look():
    nodes, maker = {"a": node("a")}, PodMaker(OPTIONS)
    sources = (stateful("db", 13), written("first"))
    full = maker.make(sources, nodes, {})
    waiting = [key for key in full.pods if str(key) not in full.stored]
    assert waiting == [NamespacedName("shop", "first")]
    lost = {**full.stored, "shop/db-0": msgspec.structs.replace(full.stored["shop/db-0"], node="")}
    again = maker.make(sources, nodes, lost)
    assert len(again.stored) == 12
    assert len(maker.make(sources, nodes, again.stored).stored) == 13
