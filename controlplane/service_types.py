"""Pure: what a Service is by its type and policies (Kubernetes `api/v1/service/util.go`, `registry/core/service`)."""

from .objects import ServiceSpec

CLUSTER_IP = "ClusterIP"
NODE_PORT = "NodePort"
LOAD_BALANCER = "LoadBalancer"
EXTERNAL_NAME = "ExternalName"
TYPES = (CLUSTER_IP, EXTERNAL_NAME, LOAD_BALANCER, NODE_PORT)
HEADLESS = "None"  # the clusterIP of a Service without one

SINGLE_STACK = "SingleStack"
PREFER_DUAL_STACK = "PreferDualStack"
REQUIRE_DUAL_STACK = "RequireDualStack"


def needs_cluster_ip(spec: ServiceSpec) -> bool:
    """Whether `clusterIP` means anything, `None` included."""
    return spec.type != EXTERNAL_NAME


def needs_node_ports(spec: ServiceSpec) -> bool:
    """Whether its ports open on the nodes."""
    return spec.type in (NODE_PORT, LOAD_BALANCER)


def needs_health_check(spec: ServiceSpec) -> bool:
    """Whether each node tells a load balancer if it has endpoints (`healthCheckNodePort`)."""
    return spec.type == LOAD_BALANCER and spec.external_traffic_policy == "Local"


def is_externally_accessible(spec: ServiceSpec) -> bool:
    """Whether traffic may come from outside of the cluster, so that `externalTrafficPolicy` means something."""
    return needs_node_ports(spec) or (spec.type == CLUSTER_IP and bool(spec.external_ips))


def allocates_node_ports(spec: ServiceSpec) -> bool:
    """Whether ports that name no node port are given one."""
    return spec.type == NODE_PORT or (
        spec.type == LOAD_BALANCER and spec.allocate_load_balancer_node_ports is not False
    )


def is_headless(spec: ServiceSpec) -> bool:
    """Whether `clusterIPs` is just `None`, as validation sees it."""
    return spec.cluster_ips == (HEADLESS,)


def node_ports_of(spec: ServiceSpec) -> tuple[int, ...]:
    """The node ports in the order of the ports, without the unset."""
    return tuple(port.node_port for port in spec.ports if port.node_port)
