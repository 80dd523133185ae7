"""Pure: what a name below a cluster zone asks for (CoreDNS plugin/kubernetes/parse.go).

Read from the right, after the zone: `svc` or `pod`, then a namespace, then a Service or a pod's address, then

1. nothing more: the zone, `svc` and `pod` themselves (`Branch`), a namespace (`NamespaceName`), a Service
   (`ServiceName`), a pod (`PodName`);
2. one label: an endpoint of the Service, whatever the label is;
3. two labels: a port's name and a protocol, each without one leading `_` if it has one;
4. more: no name at all (`NoName`), but with the option `zonal` for `TOPOLOGY-ZONE.pin._zone` and `.prefer._zone`, where
   the topology zone may be of several labels.

Under `pod` one or two labels more are passed over. All names are in lower case.
"""

from typing import NamedTuple, TypeAlias

from .model import Labels


class Branch(NamedTuple):
    """The zone itself, `svc` or `pod`: a name without records of its own."""


class NamespaceName(NamedTuple):
    """`NAMESPACE.svc` or `NAMESPACE.pod`."""

    namespace: str
    is_pod: bool


class ServiceName(NamedTuple):
    """A Service, one of its endpoints, or one of its ports; an empty part was not asked for and matches any."""

    namespace: str
    service: str
    endpoint: str = ""
    port: str = ""
    protocol: str = ""
    is_below: bool = False  # there is a label left of the Service
    zone: str = ""  # only endpoints of this topology zone
    prefers_zone: bool = False  # all, if it has none


class PodName(NamedTuple):
    """A pod, by its address with dashes for dots or colons."""

    namespace: str
    label: str


class NoName(NamedTuple):
    """No name that the schema knows."""


AskedName: TypeAlias = Branch | NamespaceName | ServiceName | PodName | NoName


def parse(name: Labels, *, zonal: bool = False) -> AskedName:
    """What `name`, in lower case and relative to its zone, asks for; `zonal` is the option."""
    words = [label.decode("latin-1") for label in name]
    match words:
        case [] | ["svc"] | ["pod"]:
            return Branch()
        case [namespace, "svc" | "pod" as tree]:
            return NamespaceName(namespace, is_pod=tree == "pod")
        case [*more, label, namespace, "pod"] if len(more) <= 2:
            return PodName(namespace, label)
        case [service, namespace, "svc"]:
            return ServiceName(namespace, service)
        case [endpoint, service, namespace, "svc"]:
            return ServiceName(namespace, service, endpoint=endpoint, is_below=True)
        case [port, protocol, service, namespace, "svc"]:
            return ServiceName(
                namespace,
                service,
                port=_without_underscore(port),
                protocol=_without_underscore(protocol),
                is_below=True,
            )
        case [*zone, "pin" | "prefer" as directive, "_zone", service, namespace, "svc"] if zonal and zone:
            return ServiceName(
                namespace, service, is_below=True, zone=".".join(zone), prefers_zone=directive == "prefer"
            )
        case _:
            return NoName()


def _without_underscore(word: str) -> str:
    return word.removeprefix("_")
