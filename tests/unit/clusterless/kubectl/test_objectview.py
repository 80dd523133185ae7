"""A cluster's objects are the same whether they come from a snapshot or out of an API server's lists."""

from pathlib import Path

import msgspec
import pytest

from clusterless.kubectl.objectview import ObjectView, decoded, view_of_lists, view_of_snapshot
from clusterless.kubectl.sources import built
from controlplane.encode import encoded
from controlplane.objects import EndpointSlice, Event, NamespacedName, ObjectMeta, ObjectReference, Service
from controlplane.options import ClusterOptions

MANIFESTS = Path(__file__).parents[4] / "configs" / "manifests"
WRITTEN = """
apiVersion: v1
kind: Service
metadata: {name: outside}
spec: {ports: [{port: 80}]}
---
apiVersion: v1
kind: Endpoints
metadata: {name: outside}
subsets: [{addresses: [{ip: 198.51.100.7}], ports: [{port: 8080}]}]
---
apiVersion: v1
kind: Endpoints
metadata: {name: nobodys}
---
apiVersion: v1
kind: Namespace
metadata: {name: shop, labels: {tier: a}}
"""


@pytest.fixture
def view(tmp_path: Path) -> ObjectView:
    (tmp_path / "written.yaml").write_text(WRITTEN)
    return view_of_snapshot(built([str(MANIFESTS), str(tmp_path)], ClusterOptions()))


def test_what_is_sent_and_read_again_is_the_same(view: ObjectView):
    lists = {
        "namespaces": view.namespaces.values(),
        "nodes": view.nodes.values(),
        "pods": view.pods.values(),
        "services": view.services.values(),
        "endpointslices": view.all_slices(),
        "endpoints": view.endpoints.values(),
    }
    sent = {plural: {"items": [encoded(obj) for obj in objects]} for plural, objects in lists.items()}
    received = view_of_lists(msgspec.json.decode(msgspec.json.encode(sent)))
    assert received == view


def test_endpoints_are_those_written_and_those_of_selectors(view: ObjectView):
    names = {key.name for key in view.endpoints if key.namespace == "default"}
    assert {"outside", "nobodys", "web", "db"} <= names
    assert "example-none-selector" not in names
    assert view.endpoints[NamespacedName("default", "outside")].subsets[0].addresses[0].ip == "198.51.100.7"


def test_a_written_namespace_lives_and_bears_its_name(view: ObjectView):
    shop = view.namespaces["shop"]
    assert shop.status == {"phase": "Active"}
    assert shop.metadata.labels == {"kubernetes.io/metadata.name": "shop", "tier": "a"}


def test_a_node_whose_manifest_speaks_of_no_conditions_is_ready(view: ObjectView):
    assert [(each.type, each.status) for each in view.nodes["node-1"].status.conditions] == [("Ready", "True")]


def test_null_is_nothing_and_unknown_fields_are_passed_over():
    piece = decoded(
        {"addressType": "IPv4", "endpoints": None, "ports": None, "heard": "never", "metadata": {"name": "x"}},
        EndpointSlice,
    )
    assert (piece.endpoints, piece.ports, piece.metadata.name) == ((), (), "x")


def test_what_is_no_such_object_is_an_error():
    with pytest.raises(msgspec.ValidationError):
        decoded({"spec": {"ports": "80"}}, Service)


def test_slices_without_a_services_label_are_there_too():
    labelled = EndpointSlice(metadata=ObjectMeta(name="b", labels={"kubernetes.io/service-name": "web"}))
    bare = EndpointSlice(metadata=ObjectMeta(name="a"))
    view = view_of_lists({"endpointslices": {"items": [encoded(labelled), encoded(bare)]}})
    assert [each.metadata.name for each in view.all_slices()] == ["a", "b"]
    assert [each.metadata.name for each in view.slices_of(NamespacedName("", "web"))] == ["b"]


def test_events_of_an_object_speak_of_its_kind_namespace_and_name():
    def event(kind: str, namespace: str) -> Event:
        return Event(involved_object=ObjectReference(kind=kind, namespace=namespace, name="web"))

    view = ObjectView(events=(event("Service", "default"), event("Pod", "default"), event("Service", "other")))
    web = Service(metadata=ObjectMeta(name="web", namespace="default"))
    assert view.events_of(web) == view.events[:1]
