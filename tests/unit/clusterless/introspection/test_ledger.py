import json

from clusterless.introspection.inventory import Inventory
from clusterless.introspection.ledger import Change, Ledger
from clusterless.introspection.resources import ENDPOINTS, SERVICES, SLICES
from clusterless.introspection.shapes import changed, followed, listed, plain
from controlplane.objects import NamespacedName, ObjectMeta, Service, ServiceSpec

WEB, API = NamespacedName("default", "web"), NamespacedName("default", "api")
EARLY, LATE = "2026-01-01T00:00:00Z", "2026-01-01T00:00:09Z"


def a_service(key=WEB, kind="ClusterIP", **metadata):
    meta = ObjectMeta(name=key.name, namespace=key.namespace, **metadata)
    return Service(metadata=meta, spec=ServiceSpec(type=kind))


def kinds(changes):
    return [(change.version, bool(change.before), bool(change.after)) for change in changes]


def test_an_object_has_the_time_at_which_it_was_seen_first_and_the_version_of_its_last_change():
    ledger = Ledger()
    ledger.replace({WEB: a_service()}, 1, EARLY)
    ledger.replace({WEB: a_service(kind="NodePort"), API: a_service(API)}, 4, LATE)
    web, api = (ledger.entries[key].encoded()["metadata"] for key in (WEB, API))
    assert (web["creationTimestamp"], web["resourceVersion"]) == (EARLY, "4")
    assert (api["creationTimestamp"], api["resourceVersion"]) == (LATE, "4")
    assert web["uid"] != api["uid"]


def test_what_the_manifest_says_of_its_creation_stays():
    ledger = Ledger()
    ledger.replace({WEB: a_service(uid="u-1", creation_timestamp=EARLY)}, 1, LATE)
    metadata = ledger.entries[WEB].encoded()["metadata"]
    assert (metadata["uid"], metadata["creationTimestamp"]) == ("u-1", EARLY)


def test_an_object_that_is_written_anew_and_says_the_same_has_not_changed():
    ledger = Ledger()
    assert ledger.replace({WEB: a_service()}, 1, EARLY)
    assert not ledger.replace({WEB: a_service()}, 2, LATE)
    assert ledger.entries[WEB].version == 1
    assert ledger.version == 2


def test_a_watcher_hears_of_all_that_changed_after_its_version():
    ledger = Ledger()
    ledger.replace({WEB: a_service()}, 1, EARLY)
    ledger.replace({WEB: a_service(), API: a_service(API)}, 2, EARLY)
    ledger.replace({WEB: a_service(kind="NodePort")}, 3, EARLY)
    position = ledger.position_after(1)
    assert kinds(ledger.since(position)) == [(2, False, True), (3, True, True), (3, True, False)]
    assert ledger.since(ledger.position) == []
    assert ledger.since(ledger.position_after(3)) == []


def test_a_version_of_which_not_all_is_known_is_too_old():
    ledger = Ledger(at_most=2)
    for version in range(1, 6):
        ledger.replace({WEB: a_service(labels={"version": str(version)})}, version, EARLY)
    assert ledger.position_after(2) is None
    assert kinds(ledger.since(ledger.position_after(3))) == [(4, True, True), (5, True, True)]
    assert ledger.since(ledger.position - 3) is None
    assert ledger.position_after(6) is None, "a version of another life of the agent"


def event(change, matches=lambda _: True):
    text = changed(plain(SERVICES), change, matches)
    return json.loads(text) if text else None


def test_a_watch_with_a_selector_sees_objects_come_and_go_as_they_match():
    ledger = Ledger()
    ledger.replace({WEB: a_service()}, 1, EARLY)
    plain_web = ledger.entries[WEB]
    ledger.replace({WEB: a_service(labels={"tier": "front"})}, 2, EARLY)
    labelled = ledger.entries[WEB]

    def matches(entry):
        return "tier" in entry.object.metadata.labels

    assert event(Change(2, plain_web, labelled))["type"] == "MODIFIED"
    assert event(Change(2, plain_web, labelled), matches)["type"] == "ADDED"
    gone = event(Change(3, labelled, plain_web), matches)
    assert (gone["type"], gone["object"]["metadata"]["resourceVersion"]) == ("DELETED", "3")
    assert event(Change(2, None, plain_web), matches) is None
    assert event(Change(2, labelled, None))["type"] == "DELETED"


def test_many_changes_at_once_come_in_pieces():
    ledger = Ledger()
    ledger.replace({}, 1, EARLY)
    ledger.replace({key: a_service(key) for key in (NamespacedName("default", f"s{n}") for n in range(120))}, 2, EARLY)
    pieces = list(followed(plain(SERVICES), ledger.since(0), lambda entry: entry.object.metadata.name != "s7"))
    lines = [json.loads(line) for piece in pieces for line in piece.splitlines()]
    assert len(pieces) > 2, "so that connections are served in between"
    assert [each["object"]["metadata"]["name"] for each in lines] == [f"s{n}" for n in range(120) if n != 7]


def test_a_list_in_pieces_is_one_list():
    ledger = Ledger()
    objects = {key: a_service(key) for key in (NamespacedName("default", f"s{n}") for n in range(120))}
    ledger.replace(objects, 9, EARLY)
    pieces = list(listed(plain(SERVICES), 9, ledger.entries.values()))
    whole = json.loads(b"".join(pieces))
    assert len(pieces) > 3, "so that connections are served in between"
    assert (whole["kind"], whole["apiVersion"], whole["metadata"]) == ("ServiceList", "v1", {"resourceVersion": "9"})
    assert [each["metadata"]["name"] for each in whole["items"]] == [f"s{n}" for n in range(120)]
    assert json.loads(b"".join(listed(plain(SERVICES), 9, ())))["items"] == []


def test_the_inventory_has_the_endpoints_that_a_cluster_would_have_and_spares_what_stays(cluster):
    inventory = Inventory()
    written = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "web"},
        "spec": {"selector": {"app": "web"}, "ports": [{"port": 80}]},
    }
    first = inventory.collect(cluster.apply(written))
    second = inventory.collect(cluster.apply(written, {**written, "metadata": {"name": "api"}}))
    assert WEB in first[ENDPOINTS]
    assert second[ENDPOINTS][WEB] is first[ENDPOINTS][WEB]
    assert API in second[SERVICES]
    assert {key.namespace for key in first[SLICES]} == {"default", "kube-system"}
