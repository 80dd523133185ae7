"""Where the commands that show objects look: manifests, else a running agent; and all that is there."""

import socket
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from clusterless.commandline.flags import cluster_options
from controlplane.build import Builder
from controlplane.manifests import ManifestReader
from controlplane.options import ClusterOptions
from controlplane.problems import Problem
from controlplane.snapshot import Snapshot

from .objectview import ObjectView, view_of_lists, view_of_snapshot

_NODE_ADDRESS = "192.0.2.1"  # where nobody wrote a Node: the DNS server and hostNetwork pods are endpoints somewhere

# By plural name, where the API server has them.
PATHS = {
    "namespaces": "/api/v1/namespaces",
    "nodes": "/api/v1/nodes",
    "pods": "/api/v1/pods",
    "services": "/api/v1/services",
    "endpointslices": "/apis/discovery.k8s.io/v1/endpointslices",
    "endpoints": "/api/v1/endpoints",
    "events": "/api/v1/events",
}


class Source(NamedTuple):
    """What the source flags say; `namespace` is `""` for all. Files, if there are any, are looked at, else `server`."""

    filenames: tuple[str, ...]
    options: ClusterOptions
    server: str
    namespace: str = "default"
    selector: str = ""

    @property
    def is_files(self) -> bool:
        """Whether manifests are looked at."""
        return bool(self.filenames)


class Look(NamedTuple):
    """All objects, and what is wrong with the manifests that they came from."""

    view: ObjectView
    problems: tuple[Problem, ...] = ()


def source_of(flags: Mapping[str, Any]) -> Source:
    """The source that the `source_flags` of a command name. Raises ConfigError for ranges that cannot be."""
    return Source(
        filenames=tuple(flags["filename"]),
        options=cluster_options(dict(flags)),
        server=flags["server"],
        namespace="" if flags["all_namespaces"] else flags["namespace"],
        selector=flags["selector"],
    )


def look(source: Source, plurals: Iterable[str] = tuple(PATHS), namespace: str = "") -> Look:
    """The objects that the source has now; an agent is asked for the kinds and the namespace (`""`: all) given alone.

    Raises ServerError where the agent cannot be asked.
    """
    if source.is_files:
        snapshot = built(source.filenames, source.options)
        return Look(view_of_snapshot(snapshot), snapshot.errors)
    return Look(view_of_lists(asked(source.server, plurals, namespace)))


def built(filenames: Sequence[str], options: ClusterOptions) -> Snapshot:
    """The cluster that would come of the manifests if everything ran that they ask for."""
    return Builder(imagined(options)).build(ManifestReader().read(filenames), int(time.time())).snapshot


def imagined(options: ClusterOptions) -> ClusterOptions:
    """The options of a cluster that nobody runs: every pod is taken to run, and a lone node to have an address."""
    hostname = options.hostname or socket.gethostname()
    return msgspec.structs.replace(
        options, schedule_pods=True, node_addresses=options.node_addresses or (_NODE_ADDRESS,), hostname=hostname
    )


def asked(server: str, plurals: Iterable[str], namespace: str = "") -> dict[str, dict[str, Any]]:
    """The lists of an agent, by plural name."""
    from clusterless.introspection.client import Client  # noqa: PLC0415  files need no client

    client = Client(server)
    return {plural: client.get(path_of(plural, namespace)) for plural in plurals}


def path_of(plural: str, namespace: str) -> str:
    """Where the API server has the objects of one kind, in one namespace if the kind is in any."""
    version, _, _ = PATHS[plural].rpartition("/")
    in_namespace = namespace and plural not in ("namespaces", "nodes")
    return f"{version}/namespaces/{namespace}/{plural}" if in_namespace else PATHS[plural]
