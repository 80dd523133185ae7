"""Pure: the Kubernetes objects that matter here, as frozen values with the field names of their manifests.

Rules of the file: a Go string or int that may be left out is `""` or `0`, as its zero value is in Go; a Go pointer
is `None`. Python names are the snake case of Kubernetes' (`cluster_ip` is `clusterIP`). A struct whose `partial` is
true models only some of the fields that Kubernetes knows, so that an unknown field is not an error there.
"""

from typing import NamedTuple, TypeAlias

from .base import (
    Condition,
    KubernetesObject,
    NamespacedName,
    ObjectMeta,
    ObjectReference,
    OwnerReference,
    Protocol,
    Struct,
    manifest_name,
)
from .cluster import Namespace, Node, NodeAddress, NodeSpec, NodeStatus, Taint
from .endpoints import (
    Endpoint,
    EndpointAddress,
    EndpointConditions,
    EndpointHints,
    EndpointPort,
    Endpoints,
    EndpointSlice,
    EndpointSubset,
    NamedHint,
)
from .events import Event, EventSeries, EventSource
from .pods import (
    Container,
    ContainerPort,
    EnvVar,
    HostAlias,
    LabelSelector,
    LabelSelectorRequirement,
    Pod,
    PodDNSConfig,
    PodDNSConfigOption,
    PodIP,
    PodSpec,
    PodStatus,
    PodTemplate,
    StatefulSetOrdinals,
    Toleration,
    Workload,
    WorkloadSpec,
)
from .services import (
    ClientIPConfig,
    LoadBalancerIngress,
    LoadBalancerStatus,
    PortStatus,
    Service,
    ServicePort,
    ServiceSpec,
    ServiceStatus,
    SessionAffinityConfig,
)

AnyObject: TypeAlias = Namespace | Node | Pod | Workload | Service | Endpoints | EndpointSlice


class Kind(NamedTuple):
    """A kind that is read: its group and version, its struct, and whether it lives in a namespace."""

    api_version: str
    struct: type[AnyObject]
    namespaced: bool = True


KINDS: dict[str, Kind] = {
    "Namespace": Kind("v1", Namespace, namespaced=False),
    "Node": Kind("v1", Node, namespaced=False),
    "Pod": Kind("v1", Pod),
    "Service": Kind("v1", Service),
    "Endpoints": Kind("v1", Endpoints),
    "EndpointSlice": Kind("discovery.k8s.io/v1", EndpointSlice),
    "Deployment": Kind("apps/v1", Workload),
    "ReplicaSet": Kind("apps/v1", Workload),
    "StatefulSet": Kind("apps/v1", Workload),
    "DaemonSet": Kind("apps/v1", Workload),
}

__all__ = [
    "KINDS",
    "AnyObject",
    "ClientIPConfig",
    "Condition",
    "Container",
    "ContainerPort",
    "Endpoint",
    "EndpointAddress",
    "EndpointConditions",
    "EndpointHints",
    "EndpointPort",
    "EndpointSlice",
    "EndpointSubset",
    "Endpoints",
    "EnvVar",
    "Event",
    "EventSeries",
    "EventSource",
    "HostAlias",
    "Kind",
    "KubernetesObject",
    "LabelSelector",
    "LabelSelectorRequirement",
    "LoadBalancerIngress",
    "LoadBalancerStatus",
    "NamedHint",
    "Namespace",
    "NamespacedName",
    "Node",
    "NodeAddress",
    "NodeSpec",
    "NodeStatus",
    "ObjectMeta",
    "ObjectReference",
    "OwnerReference",
    "Pod",
    "PodDNSConfig",
    "PodDNSConfigOption",
    "PodIP",
    "PodSpec",
    "PodStatus",
    "PodTemplate",
    "PortStatus",
    "Protocol",
    "Service",
    "ServicePort",
    "ServiceSpec",
    "ServiceStatus",
    "SessionAffinityConfig",
    "StatefulSetOrdinals",
    "Struct",
    "Taint",
    "Toleration",
    "Workload",
    "WorkloadSpec",
    "manifest_name",
]
