import json
from datetime import UTC, datetime

from clusterless.introspection.ledger import Ledger
from clusterless.introspection.resources import SERVICES
from clusterless.introspection.shapes import added, bookmark, listed
from clusterless.introspection.tables import table, wants_table

from .conftest import service

KUBECTL = (
    "application/json;as=Table;v=v1;g=meta.k8s.io,application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json"
)


def ledger(cluster):
    made = Ledger()
    made.replace(cluster.apply(service(clusterIP="10.96.0.20")).services, 3, "2026-01-01T00:00:00Z")
    return made


def shape(**query):
    return table(SERVICES, query, lambda: datetime(2026, 1, 1, 0, 5, tzinfo=UTC))


def test_kubectl_gets_cells_and_what_it_needs_of_the_objects(cluster):
    made = ledger(cluster)
    whole = json.loads(b"".join(listed(shape(), made.version, made.entries.values())))
    assert (whole["kind"], whole["apiVersion"]) == ("Table", "meta.k8s.io/v1")
    row = next(each for each in whole["rows"] if each["cells"][0] == "web")
    columns = {
        each["name"]: (cell, each["priority"])
        for each, cell in zip(whole["columnDefinitions"], row["cells"], strict=True)
    }
    assert columns == {
        "Name": ("web", 0),
        "Type": ("ClusterIP", 0),
        "Cluster-Ip": ("10.96.0.20", 0),
        "External-Ip": ("<none>", 0),
        "Port(S)": ("80/TCP", 0),
        "Age": ("5m", 0),
        "Selector": ("<none>", 1),
    }
    assert row["object"]["kind"] == "PartialObjectMetadata"
    assert row["object"]["metadata"]["namespace"] == "default"


def test_a_watch_of_tables_has_a_table_of_one_row_an_event(cluster):
    (lines,) = added(shape(includeObject="None"), ledger(cluster).entries.values())
    first, *_ = map(json.loads, lines.splitlines())
    assert (first["type"], first["object"]["kind"], len(first["object"]["rows"])) == ("ADDED", "Table", 1)
    assert first["object"]["rows"][0]["object"] is None


def test_whole_objects_come_where_they_are_asked_for(cluster):
    made = ledger(cluster)
    whole = json.loads(b"".join(listed(shape(includeObject="Object"), 3, made.entries.values())))
    assert {row["object"]["kind"] for row in whole["rows"]} == {"Service"}


def test_who_accepts_a_table_first_gets_one():
    assert wants_table(KUBECTL)
    assert not wants_table("application/json")
    assert not wants_table("application/json, application/json;as=Table")
    assert not wants_table("")


def test_a_bookmark_says_how_far_a_watcher_is():
    plain, last = (json.loads(bookmark(SERVICES, 4, ends_initial_events=ends)) for ends in (False, True))
    assert plain == {
        "type": "BOOKMARK",
        "object": {
            "kind": "Service",
            "apiVersion": "v1",
            "metadata": {"resourceVersion": "4", "creationTimestamp": None},
        },
    }
    assert last["object"]["metadata"]["annotations"] == {"k8s.io/initial-events-end": "true"}
