import pytest

from clusterless.introspection.apipaths import Target, WatchOptions, selection, target, watch_options
from clusterless.introspection.resources import (
    ENDPOINTS,
    NAMESPACES,
    NODES,
    PODS,
    SERVICES,
    SLICES,
    discovery_documents,
)

SLICE_ROOT = "/apis/discovery.k8s.io/v1"


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/api/v1/services", Target(SERVICES)),
        ("/api/v1/services/", Target(SERVICES)),
        ("/api/v1/namespaces/default/services", Target(SERVICES, "default")),
        ("/api/v1/namespaces/default/services/web", Target(SERVICES, "default", "web")),
        ("/api/v1/namespaces/default/endpoints/web", Target(ENDPOINTS, "default", "web")),
        ("/api/v1/namespaces", Target(NAMESPACES)),
        ("/api/v1/namespaces/default", Target(NAMESPACES, "", "default")),
        ("/api/v1/nodes/n1", Target(NODES, "", "n1")),
        (f"{SLICE_ROOT}/endpointslices", Target(SLICES)),
        (f"{SLICE_ROOT}/namespaces/default/endpointslices/web-1", Target(SLICES, "default", "web-1")),
        ("/api/v1/services/web", None),
        ("/api/v1/endpointslices", None),
        (f"{SLICE_ROOT}/services", None),
        ("/api/v1/namespaces/default/nodes", None),
        ("/api/v1/namespaces/default/pods/p/log", None),
        ("/api/v1/namespaces//services", None),
        ("/apis/apps/v1/deployments", None),
        ("/api/v2/services", None),
        ("/", None),
    ],
)
def test_a_path_names_a_resource_or_nothing(path: str, expected: Target | None):
    assert target(path) == expected


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, None),
        ({"watch": "false"}, None),
        ({"watch": "true"}, WatchOptions(None, bookmarks=False, seconds=None, ends_initial_events=False)),
        (
            {"watch": "", "resourceVersion": "7", "allowWatchBookmarks": "true", "timeoutSeconds": "5"},
            WatchOptions(7, bookmarks=True, seconds=5.0, ends_initial_events=False),
        ),
        (
            {"watch": "1", "resourceVersion": "0"},
            WatchOptions(None, bookmarks=False, seconds=None, ends_initial_events=False),
        ),
        (
            {"watch": "true", "sendInitialEvents": "true", "resourceVersion": "3"},
            WatchOptions(None, bookmarks=False, seconds=None, ends_initial_events=True),
        ),
    ],
)
def test_a_query_says_whether_and_how_to_watch(query: dict[str, str], expected: WatchOptions | None):
    assert watch_options(query) == expected


def test_a_resource_version_that_is_no_number_is_told():
    with pytest.raises(ValueError, match='invalid resource version "x"'):
        watch_options({"watch": "true", "resourceVersion": "x"})


def test_a_field_that_cannot_be_selected_by_is_told():
    assert selection(PODS, {"fieldSelector": "spec.nodeName=n1"}).fields({"spec": {"nodeName": "n1"}})
    with pytest.raises(ValueError, match=r"field label not supported: spec.nodeName"):
        selection(SERVICES, {"fieldSelector": "spec.nodeName=n1"})


def test_every_resource_is_discovered_where_it_is_served():
    for root, document in discovery_documents("1.0").items():
        for each in document.get("resources", ()):
            found = target(f"{root}/{each['name']}")
            assert found is not None
            assert (found.resource.kind, found.resource.namespaced) == (each["kind"], each["namespaced"])
