"""Pure: the resources that are served, as Kubernetes names them, and the documents by which clients discover them.

Sources: apimachinery's `pkg/apis/meta/v1/types.go` (APIResourceList, APIGroup), and what an API server answers.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

DISCOVERY = "discovery.k8s.io"


class Resource(NamedTuple):
    """One resource: `name` is the plural that stands in paths."""

    name: str
    singular: str
    kind: str
    group: str = ""  # "" is the core group
    namespaced: bool = True
    short_names: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()

    @property
    def api_version(self) -> str:
        """As in manifests: `v1`, `discovery.k8s.io/v1`."""
        return f"{self.group}/v1" if self.group else "v1"

    @property
    def qualified_name(self) -> str:
        """As in error messages: `services`, `endpointslices.discovery.k8s.io`."""
        return f"{self.name}.{self.group}" if self.group else self.name


NAMESPACES = Resource("namespaces", "namespace", "Namespace", namespaced=False, short_names=("ns",))
NODES = Resource("nodes", "node", "Node", namespaced=False, short_names=("no",))
PODS = Resource("pods", "pod", "Pod", short_names=("po",), categories=("all",))
SERVICES = Resource("services", "service", "Service", short_names=("svc",), categories=("all",))
ENDPOINTS = Resource("endpoints", "endpoints", "Endpoints", short_names=("ep",))
EVENTS = Resource("events", "event", "Event", short_names=("ev",))
SLICES = Resource("endpointslices", "endpointslice", "EndpointSlice", DISCOVERY)

RESOURCES = (ENDPOINTS, EVENTS, NAMESPACES, NODES, PODS, SERVICES, SLICES)


def resource(group: str, name: str) -> Resource | None:
    """The resource of that group and plural name."""
    return next((each for each in RESOURCES if (each.group, each.name) == (group, name)), None)


def discovery_documents(version: str) -> Mapping[str, dict[str, Any]]:
    """What each path of the API that is no resource answers; `version` is the program's."""
    return {
        "/version": _version(version),
        "/api": {"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": []},
        "/api/v1": _resource_list(""),
        "/apis": {"kind": "APIGroupList", "apiVersion": "v1", "groups": [_group(DISCOVERY)]},
        f"/apis/{DISCOVERY}": {"kind": "APIGroup", "apiVersion": "v1", **_group(DISCOVERY)},
        f"/apis/{DISCOVERY}/v1": _resource_list(DISCOVERY),
    }


def _group(name: str) -> dict[str, Any]:
    version = {"groupVersion": f"{name}/v1", "version": "v1"}
    return {"name": name, "versions": [version], "preferredVersion": version}


def _resource_list(group: str) -> dict[str, Any]:
    return {
        "kind": "APIResourceList",
        "apiVersion": "v1",
        "groupVersion": f"{group}/v1" if group else "v1",
        "resources": [_described(each) for each in RESOURCES if each.group == group],
    }


def _described(each: Resource) -> dict[str, Any]:
    described: dict[str, Any] = {
        "name": each.name,
        "singularName": each.singular,
        "namespaced": each.namespaced,
        "kind": each.kind,
        "verbs": ["get", "list", "watch"],
    }
    if each.short_names:
        described["shortNames"] = list(each.short_names)
    if each.categories:
        described["categories"] = list(each.categories)
    return described


def _version(version: str) -> dict[str, Any]:
    """A semantic version, which kubectl wants: `gitVersion` names us, the numbers the Kubernetes that is emulated."""
    return {"major": "1", "minor": "36", "gitVersion": f"v1.36.0-clusterless.{version}", "platform": "linux/amd64"}
