"""Runs the control plane over the files of a scenario, as a node agent does: reader, builder, proxy and DNS."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import msgspec

from controlplane.build import Builder
from controlplane.builtin import DNS_SERVICE, KUBERNETES_SERVICE
from controlplane.clusteroptions import validate_options
from controlplane.documents import Document, Reading
from controlplane.manifests import ManifestReader
from controlplane.objects import NamespacedName, Service
from controlplane.options import ClusterOptions, PortRange
from controlplane.problems import render
from proxy.desired import Desired, DesiredMaker, Surroundings
from proxy.frontends import FrontendCache, Frontends
from proxy.hostfacts import HostAddress, HostFacts
from proxy.model import FrontendKey, Protocol
from proxy.nodeview import node_view
from proxy.options import ProxyOptions
from tests.files import put_long_ago

from .scenariofile import Change, Expectation, ScenarioError, Step, edited

START = 1_700_000_000  # seconds since 1970
_HOSTNAME = "node-1"
_NODE_ADDRESS = "10.240.0.1"


def _list(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(","))


def _ports(text: str) -> PortRange:
    first, _, last = text.partition("-")
    return PortRange(int(first), int(last))


_CLUSTER: dict[str, tuple[str, Callable[[str], object]]] = {
    "hostname": ("hostname", str),
    "node-addresses": ("node_addresses", _list),  # of a node that no manifest has
    "service-cluster-ip-range": ("service_cluster_ip_ranges", _list),
    "service-node-port-range": ("service_node_port_range", _ports),
    "cluster-cidr": ("cluster_cidrs", _list),
    "cluster-domain": ("cluster_domain", str),
    "schedule-pods": ("schedule_pods", lambda text: text == "yes"),  # whether something runs the pods
    "allow-loopback-endpoints": ("allow_loopback_endpoints", lambda text: text == "yes"),
}
_PROXY: dict[str, tuple[str, Callable[[str], object]]] = {
    "nodeport-addresses": ("node_port_addresses", _list),
    "external-ip-range": ("external_ip_ranges", _list),
    "load-balancer-ip-range": ("load_balancer_ip_ranges", _list),
    "allow-external-ips": ("allow_external_ips", lambda text: text == "yes"),
}


class Cluster:
    """A cluster whose manifests are in a folder, the current one, for the time of one scenario."""

    def __init__(self, folder: Path, options: dict[str, str]) -> None:
        if unknown := options.keys() - _CLUSTER.keys() - _PROXY.keys():
            raise ScenarioError(f"no such option: {', '.join(sorted(unknown))}")
        self._folder = folder
        self.options = _cluster_options(options)
        self.proxy_options = ProxyOptions(
            cluster_cidrs=self.options.cluster_cidrs,
            service_ranges=self.options.service_cluster_ip_ranges,
            **_given(_PROXY, options),
        )
        self._reader = ManifestReader()
        self._builder = Builder(self.options)
        self._caches: dict[str, FrontendCache] = {}
        self._makers: dict[str, DesiredMaker] = {}
        self.documents: tuple[Document, ...] = ()
        self.snapshot = Builder(self.options).build(Reading(), START).snapshot

    def take(self, step: Step) -> None:
        """Make the step's changes, and build what follows from them."""
        for change in step.changes:
            self._change(change)
        reading = self._reader.read(["."])
        self.documents = reading.documents
        built = self._builder.build(reading, START + 60 * step.number)
        self.snapshot = built.snapshot
        if not self.snapshot.errors:  # what was refused now may have been accepted in another form before
            again = Builder(self.options, built.state).build(reading, START + 60 * step.number).snapshot
            assert render(again.problems) == render(self.snapshot.problems), "a restart changes the problems"
            for name in ("services", "pods", "slices", "nodes", "namespaces"):
                assert getattr(again, name) == getattr(self.snapshot, name), f"a restart changes the {name}"

    def _change(self, change: Change) -> None:
        path = self._folder / change.file
        match change.action:
            case "file":
                put_long_ago(path, change.text)
            case "remove":
                path.unlink()
            case _:
                put_long_ago(path, edited(path.read_text(), change.text))

    def services(self, expectation: Expectation) -> list[Service]:
        """The Services that an expectation is about; the two of every cluster only if named, or written."""
        if wanted := {_key(name) for name in expectation.services}:
            return [service for key, service in self.snapshot.services.items() if key in wanted]
        hidden = {KUBERNETES_SERVICE, DNS_SERVICE} - set(_written(self.documents))
        return [service for key, service in self.snapshot.services.items() if key not in hidden]

    def frontends(self, node: str) -> tuple[Frontends, Desired]:
        """What a node's proxy makes of the cluster."""
        name = node or self.options.hostname
        around = self._surroundings(name)
        cache = self._caches.setdefault(name, FrontendCache())
        frontends = cache.update(self.snapshot, around.node, around.options)
        desired = self._makers.setdefault(name, DesiredMaker()).make(self.snapshot, around)
        assert desired == DesiredMaker().make(self.snapshot, around), "what is remembered differs from what is new"
        return frontends, desired

    def _surroundings(self, name: str) -> Surroundings:
        facts = HostFacts(
            (HostAddress("127.0.0.1", 8, "lo"), *(HostAddress(each, 24, "eth0") for each in self.addresses(name)))
        )
        dns = self.snapshot.services[DNS_SERVICE].spec.cluster_ips
        ports = ((53, Protocol.UDP), (53, Protocol.TCP), (9153, Protocol.TCP))
        return Surroundings(
            node=node_view(self.snapshot.nodes, name, facts, self.proxy_options),
            facts=facts,
            options=self.proxy_options,
            served_by_dns=frozenset(FrontendKey(vip, port, protocol) for vip in dns for port, protocol in ports),
        )

    def addresses(self, name: str) -> tuple[str, ...]:
        """The InternalIPs of a node."""
        node = self.snapshot.nodes.get(name)
        return tuple(each.address for each in node.status.addresses if each.type == "InternalIP") if node else ()


def _cluster_options(options: dict[str, str]) -> ClusterOptions:
    defaults = ClusterOptions(hostname=_HOSTNAME, node_addresses=(_NODE_ADDRESS,), schedule_pods=True)
    cluster = msgspec.structs.replace(defaults, **_given(_CLUSTER, options))
    if mistakes := validate_options(cluster):
        raise ScenarioError("; ".join(mistakes))
    return cluster


def _given(known: dict[str, tuple[str, Callable[[str], object]]], options: dict[str, str]) -> dict[str, Any]:
    return {known[key][0]: known[key][1](value) for key, value in options.items() if key in known}


def _key(name: str) -> NamespacedName:
    namespace, _, bare = name.rpartition("/")
    return NamespacedName(namespace or "default", bare)


def _written(documents: Iterable[Document]) -> Iterable[NamespacedName]:
    """The Services that the manifests hold."""
    for document in documents:
        metadata = document.raw.get("metadata")
        if document.kind == "Service" and isinstance(metadata, dict):
            yield NamespacedName(str(metadata.get("namespace", "default")), str(metadata.get("name", "")))
