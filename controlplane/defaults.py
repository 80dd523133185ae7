"""Pure: the values that the API server fills in where a manifest leaves them out.

What depends on the cluster (`clusterIPs`, `ipFamilies`, node ports) is the business of `allocation`.
Sources: Kubernetes `core/v1/defaults.go`, `discovery/v1/defaults.go`, `apps/v1/defaults.go`.
"""

from collections.abc import Callable
from typing import TypeVar

import msgspec

from .objects import (
    AnyObject,
    ClientIPConfig,
    Condition,
    Container,
    ContainerPort,
    EndpointPort,
    Endpoints,
    EndpointSlice,
    EndpointSubset,
    LoadBalancerIngress,
    Namespace,
    Node,
    Pod,
    PodSpec,
    Service,
    ServicePort,
    ServiceSpec,
    SessionAffinityConfig,
    Workload,
)
from .service_types import CLUSTER_IP, EXTERNAL_NAME, LOAD_BALANCER, is_externally_accessible

CLIENT_IP_TIMEOUT = 10800  # seconds, DefaultClientIPServiceAffinitySeconds
_AFFINITY = SessionAffinityConfig(client_ip=ClientIPConfig(timeout_seconds=CLIENT_IP_TIMEOUT))
_NAMESPACE_LABEL = "kubernetes.io/metadata.name"
_NODE_READY = Condition(type="Ready", status="True")
_WITH_INTERNAL_POLICY = (CLUSTER_IP, "NodePort", LOAD_BALANCER)

_Struct = TypeVar("_Struct", bound=msgspec.Struct)
_Item = TypeVar("_Item")


def with_defaults(obj: AnyObject) -> AnyObject:
    """`obj` with its defaults; the same object where none is missing."""
    match obj:
        case Service():
            return _service(obj)
        case Endpoints():
            return _replace(obj, subsets=_each(obj.subsets, _subset))
        case EndpointSlice():
            return _replace(obj, ports=_each(obj.ports, _endpoint_port))
        case Pod():
            return _replace(obj, spec=_pod_spec(obj.spec))
        case Workload():
            return _workload(obj)
        case Namespace():
            return _namespace(obj)
        case Node():
            return _node(obj)


def _replace(struct: _Struct, **fields: object) -> _Struct:
    """`struct` with `fields`; itself where it has them already."""
    changed = {name: value for name, value in fields.items() if getattr(struct, name) is not value}
    return msgspec.structs.replace(struct, **changed) if changed else struct


def _each(items: tuple[_Item, ...], default: Callable[[_Item], _Item]) -> tuple[_Item, ...]:
    """`items` with their defaults; the same tuple where none is missing."""
    defaulted = tuple(default(item) for item in items)
    unchanged = all(new is old for new, old in zip(defaulted, items, strict=True))
    return items if unchanged else defaulted


def _namespace(namespace: Namespace) -> Namespace:
    """Every namespace bears its name as a label, and lives (`pkg/registry/core/namespace/strategy.go`)."""
    metadata = namespace.metadata
    labels = {_NAMESPACE_LABEL: metadata.name, **metadata.labels}
    return _replace(
        namespace,
        metadata=metadata if labels == metadata.labels else _replace(metadata, labels=labels),
        spec=namespace.spec or {"finalizers": ["kubernetes"]},
        status=namespace.status or {"phase": "Active"},
    )


def _node(node: Node) -> Node:
    """A Node whose manifest speaks of no conditions is ready, as a Pod is: there is no kubelet that would say so."""
    return _replace(node, status=_replace(node.status, conditions=node.status.conditions or (_NODE_READY,)))


def _service(service: Service) -> Service:
    spec = _service_spec(service.spec)
    status = service.status
    if spec.type == LOAD_BALANCER and status.load_balancer.ingress:
        ingress = _each(status.load_balancer.ingress, _ingress)
        status = _replace(status, load_balancer=_replace(status.load_balancer, ingress=ingress))
    return _replace(service, spec=spec, status=status)


def _service_spec(spec: ServiceSpec) -> ServiceSpec:
    typed = _replace(
        spec,
        type=spec.type or CLUSTER_IP,
        session_affinity=spec.session_affinity or "None",
        ports=_each(spec.ports, _service_port),
    )
    return _replace(
        typed,
        session_affinity_config=_session_affinity_config(typed),
        external_traffic_policy=_external_traffic_policy(typed),
        internal_traffic_policy=_internal_traffic_policy(typed),
        allocate_load_balancer_node_ports=_allocate_load_balancer_node_ports(typed),
    )


def _service_port(port: ServicePort) -> ServicePort:
    target = port.port if port.target_port in (0, "") else port.target_port
    return _replace(port, protocol=port.protocol or "TCP", target_port=target)


def _session_affinity_config(spec: ServiceSpec) -> SessionAffinityConfig | None:
    """Affinity `None` drops what was configured; a configuration without a timeout is replaced whole."""
    config = spec.session_affinity_config
    if spec.session_affinity == "None":
        return None
    timeout = config.client_ip.timeout_seconds if config and config.client_ip else None
    return _AFFINITY if spec.session_affinity == "ClientIP" and timeout is None else config


def _external_traffic_policy(spec: ServiceSpec) -> str:
    return spec.external_traffic_policy or ("Cluster" if is_externally_accessible(spec) else "")


def _internal_traffic_policy(spec: ServiceSpec) -> str | None:
    if spec.type == EXTERNAL_NAME:
        return None
    unset = spec.internal_traffic_policy is None and spec.type in _WITH_INTERNAL_POLICY
    return "Cluster" if unset else spec.internal_traffic_policy


def _allocate_load_balancer_node_ports(spec: ServiceSpec) -> bool | None:
    unset = spec.allocate_load_balancer_node_ports is None and spec.type == LOAD_BALANCER
    return True if unset else spec.allocate_load_balancer_node_ports


def _ingress(ingress: LoadBalancerIngress) -> LoadBalancerIngress:
    return _replace(ingress, ip_mode="VIP") if ingress.ip and ingress.ip_mode is None else ingress


def _subset(subset: EndpointSubset) -> EndpointSubset:
    return _replace(subset, ports=_each(subset.ports, _endpoint_port))


def _endpoint_port(port: EndpointPort) -> EndpointPort:
    return port if port.protocol else _replace(port, protocol="TCP")


def _workload(workload: Workload) -> Workload:
    spec = workload.spec
    template = _replace(spec.template, spec=_pod_spec(spec.template.spec))
    # A DaemonSet has as many pods as there are nodes.
    replicas = 1 if spec.replicas is None and workload.kind != "DaemonSet" else spec.replicas
    return _replace(workload, spec=_replace(spec, replicas=replicas, template=template))


def _pod_spec(spec: PodSpec) -> PodSpec:
    return _replace(
        spec,
        enable_service_links=True if spec.enable_service_links is None else spec.enable_service_links,
        dns_policy=spec.dns_policy or "ClusterFirst",
        containers=_each(spec.containers, _container),
        init_containers=_each(spec.init_containers, _container),
    )


def _container(container: Container) -> Container:
    return _replace(container, ports=_each(container.ports, _container_port))


def _container_port(port: ContainerPort) -> ContainerPort:
    return port if port.protocol else _replace(port, protocol="TCP")
