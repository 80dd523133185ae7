"""Pure: who asks: a pod, a node's own process, or somebody outside of the cluster."""

from collections.abc import Iterable
from enum import StrEnum
from typing import NamedTuple

from controlplane.hints import nearest_name
from controlplane.netaddr import parse_address
from controlplane.nodeaddresses import host_ips
from controlplane.objects import NamespacedName, Pod
from controlplane.podranges import pod_ranges
from controlplane.podstatus import pod_addresses
from lab.addresses import OUTSIDE_CLIENT, last_free
from lab.topology import CLIENT_POD
from proxy.addresstext import canonical, family_of, is_loopback_address, is_within

from .model import Client
from .question import Asking, QuestionError
from .world import World


class OriginKind(StrEnum):
    """Where a client is."""

    POD = "pod"
    NODE = "node"
    EXTERNAL = "external"


class Origin(NamedTuple):
    """A client with its addresses, at most one a family; `node` is `""` for one outside that names none."""

    kind: OriginKind
    name: str
    addresses: tuple[str, ...]
    node: str
    namespace: str
    pod: Pod | None = None
    is_imagined: bool = False  # nobody has said which one, so that the addresses are examples

    @property
    def is_inside(self) -> bool:
        """Whether its packets meet a node's proxy first."""
        return self.kind is not OriginKind.EXTERNAL

    def address_for(self, destination: str) -> str:
        """Its address of the destination's family; any other one where it has none of that."""
        family = family_of(destination)
        return next((each for each in self.addresses if family_of(each) == family), next(iter(self.addresses), ""))

    def shown(self, destination: str = "") -> Client:
        """The client in an explanation."""
        return Client(kind=self.kind, name=self.name, address=self.address_for(destination), node=self.node)


def origin_of(world: World, asking: Asking) -> Origin:
    """The client that --from, --node and --namespace mean. Raises QuestionError for one that is not there."""
    source = asking.source
    _check_node(world, asking.node)
    if not source:
        return _any_pod(world, asking.node or world.own_node, asking.namespace)
    if source == OriginKind.EXTERNAL:
        return Origin(OriginKind.EXTERNAL, "", OUTSIDE_CLIENT, asking.node, "", is_imagined=True)
    if parse_address(source) is not None:
        return _of_address(world, asking, canonical(source))
    kind, slash, name = source.partition("/")
    if slash and kind in ("node", "nodes", "no"):
        return _node(world, name)
    if slash and kind in ("pod", "pods", "po"):
        return _pod(world, NamespacedName(asking.namespace, name), asking.node)
    return _pod(world, NamespacedName(kind, name) if slash else NamespacedName(asking.namespace, source), asking.node)


def _any_pod(world: World, node: str, namespace: str, address: str = "") -> Origin:
    """A pod that nobody has written, with an address of the node's range that no pod has."""
    taken = {str(each) for pod in world.snapshot.pods.values() for each in pod_addresses(pod)}
    ranges = pod_ranges(world.snapshot.nodes, world.snapshot.options).get(node, ())
    addresses = (address,) if address else tuple(last_free(cidr, taken) for cidr in ranges)
    return Origin(OriginKind.POD, "", addresses, node, namespace, is_imagined=not address)


def _pod(world: World, key: NamespacedName, node: str) -> Origin:
    pod = world.snapshot.pods.get(key)
    if pod is None and key.name == CLIENT_POD:  # that a lab makes to stand in, without a manifest
        return _any_pod(world, node or world.own_node, key.namespace)._replace(name=str(key), is_imagined=False)
    if pod is None:
        raise QuestionError(_not_found("pods", key, world.snapshot.pods))
    where = pod.spec.node_name or node or world.own_node
    addresses = tuple(str(each) for each in pod_addresses(pod))
    return Origin(
        OriginKind.POD, str(key), addresses or _any_pod(world, where, "").addresses, where, key.namespace, pod
    )


def _node(world: World, name: str) -> Origin:
    _check_node(world, name)
    return Origin(OriginKind.NODE, name, _own_addresses(world, name), name, "")


def _own_addresses(world: World, name: str) -> tuple[str, ...]:
    node = world.snapshot.nodes.get(name)
    return (host_ips(node) if node else ()) or world.view(name).primary_addresses


def _of_address(world: World, asking: Asking, address: str) -> Origin:
    """Whoever has the address; in the pods' ranges an unknown one is a pod's, else it is somebody's outside."""
    for key, pod in world.snapshot.pods.items():
        if not pod.spec.host_network and address in (str(each) for each in pod_addresses(pod)):
            return _pod(world, key, asking.node)
    if (node := world.node_of_address(address)) is not None:
        return Origin(OriginKind.NODE, node.metadata.name, (address,), node.metadata.name, "")
    own = asking.node or world.own_node
    if is_loopback_address(address) or address in world.host_facts(own).own:
        return Origin(OriginKind.NODE, own, (address,), own, "")
    if is_within(address, world.options.cluster_cidrs):
        return _any_pod(world, asking.node or _node_of_range(world, address), asking.namespace, address)
    return Origin(OriginKind.EXTERNAL, "", (address,), asking.node, "")


def _node_of_range(world: World, address: str) -> str:
    ranges = pod_ranges(world.snapshot.nodes, world.snapshot.options)
    return next((name for name, cidrs in ranges.items() if is_within(address, cidrs)), world.own_node)


def _check_node(world: World, name: str) -> None:
    if name and name not in world.snapshot.nodes:
        known = frozenset(world.snapshot.nodes)
        meant = nearest_name(name, known)
        hint = f'did you mean "{meant}"?' if meant else f"there are: {', '.join(sorted(known)[:10])}"
        raise QuestionError(f'nodes "{name}" not found: {hint}')


def _not_found(plural: str, key: NamespacedName, known: Iterable[NamespacedName]) -> str:
    """As kubectl says it, with what may have been meant."""
    here = frozenset(each.name for each in known if each.namespace == key.namespace)
    meant = nearest_name(key.name, here)
    there = sorted(str(each) for each in known if each.name == key.name)
    hint = f'did you mean "{meant}"?' if meant else f"there is {', '.join(there)}" if there else ""
    return f'{plural} "{key.name}" not found in namespace "{key.namespace}"' + (f": {hint}" if hint else "")


def not_found(world: World, key: NamespacedName) -> str:
    """What is said of a Service that is not there."""
    return _not_found("services", key, world.snapshot.services)
