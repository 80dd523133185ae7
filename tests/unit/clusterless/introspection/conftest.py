"""A small cluster whose manifests change from one snapshot to the next."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from controlplane.build import Builder
from controlplane.documents import Document, Reading
from controlplane.options import ClusterOptions
from controlplane.snapshot import Snapshot

Manifest = Mapping[str, Any]


class Cluster:
    """Snapshots of what is applied, one after the other."""

    def __init__(self) -> None:
        self._builder = Builder(ClusterOptions(hostname="here", node_addresses=("192.0.2.1",), schedule_pods=True))

    def apply(self, *manifests: Manifest) -> Snapshot:
        documents = tuple(
            Document(source="all.yaml", raw=each, digest=json.dumps(each), index=index, line=index * 10 + 1)
            for index, each in enumerate(manifests)
        )
        return self._builder.build(Reading(documents=documents), 1_700_000_000).snapshot


@pytest.fixture
def cluster() -> Cluster:
    return Cluster()


def service(name: str = "web", **spec: Any) -> Manifest:
    spec = {"ports": [{"port": 80}], **spec}
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name, "namespace": "default"}, "spec": spec}


def endpoints(*addresses: str, of: str = "web", **conditions: Sequence[str]) -> Manifest:
    """A slice: all addresses are ready but those named: `not_ready=[...]`, `terminating=[...]`."""
    not_ready, going = conditions.get("not_ready", ()), conditions.get("terminating", ())
    return {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {
            "name": f"{of}-1",
            "namespace": "default",
            "labels": {"kubernetes.io/service-name": of},
        },
        "addressType": "IPv4",
        "endpoints": [
            {
                "addresses": [each],
                "conditions": {
                    "ready": each not in (*not_ready, *going),
                    "serving": each not in not_ready,
                    "terminating": each in going,
                },
            }
            for each in addresses
        ],
        "ports": [{"port": 8080}],
    }


def node(name: str, ready: str = "True") -> Manifest:
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name},
        "status": {"conditions": [{"type": "Ready", "status": ready}]},
    }
