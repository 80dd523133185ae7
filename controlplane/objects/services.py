"""Pure: Service."""

from .base import Condition, KubernetesObject, Struct


class ServicePort(Struct, frozen=True):
    name: str = ""
    protocol: str = ""  # defaulted to TCP
    app_protocol: str | None = None
    port: int = 0
    target_port: int | str = 0  # defaulted to `port`
    node_port: int = 0


class ClientIPConfig(Struct, frozen=True):
    timeout_seconds: int | None = None  # defaulted to 10800


class SessionAffinityConfig(Struct, frozen=True):
    client_ip: ClientIPConfig | None = None


class ServiceSpec(Struct, frozen=True):
    """`spec` of a Service, all of it."""

    type: str = ""  # defaulted to ClusterIP
    selector: dict[str, str] = {}
    ports: tuple[ServicePort, ...] = ()
    cluster_ip: str = ""
    cluster_ips: tuple[str, ...] = ()
    ip_families: tuple[str, ...] = ()
    ip_family_policy: str | None = None
    external_ips: tuple[str, ...] = ()
    external_name: str = ""
    external_traffic_policy: str = ""
    internal_traffic_policy: str | None = None
    health_check_node_port: int = 0
    load_balancer_ip: str = ""
    load_balancer_class: str | None = None
    load_balancer_source_ranges: tuple[str, ...] = ()
    allocate_load_balancer_node_ports: bool | None = None
    publish_not_ready_addresses: bool = False
    session_affinity: str = ""  # defaulted to None
    session_affinity_config: SessionAffinityConfig | None = None
    traffic_distribution: str | None = None


class PortStatus(Struct, frozen=True):
    port: int = 0
    protocol: str = ""
    error: str | None = None


class LoadBalancerIngress(Struct, frozen=True):
    ip: str = ""
    hostname: str = ""
    ip_mode: str | None = None  # defaulted to VIP when `ip` is set
    ports: tuple[PortStatus, ...] = ()


class LoadBalancerStatus(Struct, frozen=True):
    ingress: tuple[LoadBalancerIngress, ...] = ()


class ServiceStatus(Struct, frozen=True):
    load_balancer: LoadBalancerStatus = LoadBalancerStatus()
    conditions: tuple[Condition, ...] = ()


class Service(KubernetesObject, frozen=True):
    spec: ServiceSpec = ServiceSpec()
    status: ServiceStatus = ServiceStatus()

    @property
    def is_headless(self) -> bool:
        """Whether `clusterIP` is `None`."""
        return self.spec.cluster_ip == "None"

    @property
    def has_cluster_ip(self) -> bool:
        """Whether there is a virtual address to proxy for (kube-proxy `ShouldSkipService`)."""
        return self.spec.type != "ExternalName" and self.spec.cluster_ip not in ("", "None")
