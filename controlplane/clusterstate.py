"""Pure: what a control plane has decided and must not decide again: the `etcd` of this cluster, in one value."""

from collections.abc import Mapping

import msgspec

from .objects import ContainerPort, NamespacedName, Service


class StoredService(msgspec.Struct, frozen=True):
    """A Service as it was last accepted, with everything allocated, and the document that it came from."""

    object: Service
    source: str = ""
    digest: str = ""  # of the document: one that has not changed since is not judged again


class StoredPod(msgspec.Struct, frozen=True, kw_only=True):
    """What was decided or observed of one pod. One without a node is to be placed anew, on other addresses."""

    node: str = ""
    ips: tuple[str, ...] = ()  # at most one a family, the primary first
    running: bool = False  # something runs it
    ready: bool = True
    terminating: bool = False


class FoundPod(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a Pod that runs; its name and labels are good ones, its addresses at most one a family."""

    namespace: str
    name: str
    labels: dict[str, str] = {}
    node: str = ""
    hostname: str = ""
    subdomain: str = ""
    image: str = ""
    ports: tuple[ContainerPort, ...] = ()
    ips: tuple[str, ...]
    ready: bool
    terminating: bool = False

    @property
    def key(self) -> NamespacedName:
        """Namespace and name."""
        return NamespacedName(self.namespace, self.name)


class ClusterState(msgspec.Struct, frozen=True, kw_only=True):
    """Keys are `namespace/name`; `serial` is the SOA serial, seconds since 1970."""

    services: Mapping[str, StoredService] = {}
    pods: Mapping[str, StoredPod] = {}
    load_balancers: Mapping[str, tuple[str, ...]] = {}  # the addresses that the load balancer gave a Service
    serial: int = 0
    found: tuple[FoundPod, ...] = ()  # the Pods that were found to run, as containers
    nodes: Mapping[str, tuple[str, ...]] = {}  # by name, InternalIPs in families that the manifest has none of
    node_ranges: Mapping[str, tuple[str, ...]] = {}  # by name, the pod ranges that no manifest of the node has
    unreachable: tuple[str, ...] = ()  # nodes that have not been heard of for the node controller's grace period
    deleted: tuple[str, ...] = ()  # pods that were deleted by hand: a generated name does not come back
