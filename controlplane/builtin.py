"""Pure: the objects that every cluster has without anybody writing them.

Sources: `pkg/controlplane/controller/{systemnamespaces,kubernetesservice}`, and kubeadm's DNS addon
(`cmd/kubeadm/app/phases/addons/dns/manifests.go`).
"""

from collections.abc import Sequence

from .endpointslices import slice_labels
from .generatednames import generated_name
from .netaddr import IPV4, sloppy_address, sloppy_cidr
from .objects import (
    Endpoint,
    EndpointConditions,
    EndpointPort,
    EndpointSlice,
    Namespace,
    NamespacedName,
    ObjectMeta,
    OwnerReference,
    Protocol,
    Service,
    ServicePort,
    ServiceSpec,
)
from .options import ClusterOptions

KUBERNETES_SERVICE = NamespacedName("default", "kubernetes")
DNS_SERVICE = NamespacedName("kube-system", "kube-dns")
NAMESPACES = ("default", "kube-system", "kube-public", "kube-node-lease")

_KUBERNETES_INDEX = 1
_DNS_INDEX = 10  # kubeadm `GetDNSIP`
_READY = EndpointConditions(ready=True, serving=True, terminating=False)


def objects(options: ClusterOptions) -> tuple[Namespace | Service, ...]:
    """All of them, as manifests would say it: nothing is defaulted or allocated but their cluster IPs."""
    primary = options.service_cluster_ip_ranges[0]
    return (
        *(namespace(name) for name in NAMESPACES),
        kubernetes_service(indexed_address(primary, _KUBERNETES_INDEX)),
        dns_service(indexed_address(primary, _DNS_INDEX)),
    )


def namespace(name: str) -> Namespace:
    """A namespace with the label that the API server puts on every one."""
    return Namespace(
        api_version="v1",
        kind="Namespace",
        metadata=ObjectMeta(name=name, labels={"kubernetes.io/metadata.name": name}),
        spec={"finalizers": ["kubernetes"]},
        status={"phase": "Active"},
    )


def indexed_address(cidr: str, index: int) -> str:
    """The address at `index` of a Service range, or `""` if the range has no such usable address."""
    prefix = sloppy_cidr(cidr)
    assert prefix is not None, f"{cidr} is no CIDR"
    usable = prefix.size - 1 if prefix.family == IPV4 else prefix.size  # the IPv4 broadcast address is never given
    return str(prefix.address(index)) if index < usable else ""


def kubernetes_service(cluster_ip: str) -> Service:
    """`default/kubernetes`, which leads to no API server here: it has no endpoints, unless some are written."""
    port = ServicePort(name="https", protocol=Protocol.TCP, port=443, target_port=6443)
    return Service(
        api_version="v1",
        kind="Service",
        metadata=ObjectMeta(
            name=KUBERNETES_SERVICE.name,
            namespace=KUBERNETES_SERVICE.namespace,
            labels={"component": "apiserver", "provider": "kubernetes"},
        ),
        spec=ServiceSpec(type="ClusterIP", ip_family_policy="SingleStack", cluster_ip=cluster_ip, ports=(port,)),
    )


def dns_service(cluster_ip: str) -> Service:
    """`kube-system/kube-dns`, as kubeadm's addon has it."""
    ports = (
        ServicePort(name="dns", protocol=Protocol.UDP, port=53, target_port=53),
        ServicePort(name="dns-tcp", protocol=Protocol.TCP, port=53, target_port=53),
        ServicePort(name="metrics", protocol=Protocol.TCP, port=9153, target_port=9153),
    )
    return Service(
        api_version="v1",
        kind="Service",
        metadata=ObjectMeta(
            name=DNS_SERVICE.name,
            namespace=DNS_SERVICE.namespace,
            labels={
                "k8s-app": "kube-dns",
                "kubernetes.io/cluster-service": "true",
                "kubernetes.io/name": "CoreDNS",
            },
            annotations={"prometheus.io/port": "9153", "prometheus.io/scrape": "true"},
        ),
        spec=ServiceSpec(selector={"k8s-app": "kube-dns"}, cluster_ip=cluster_ip, ports=ports),
    )


def dns_slices(service: Service, addresses: Sequence[str], node_name: str = "") -> tuple[EndpointSlice, ...]:
    """The slices of the DNS Service where our own server stands behind it, sorted by name.

    `addresses` are those of the server's node; one of each family that the Service has is used. A port's number is
    its numeric `targetPort`, else the Service's.
    """
    first: dict[str, str] = {}
    for text in addresses:
        if (address := sloppy_address(text)) is not None:
            first.setdefault(address.family, str(address))
    slices = [_dns_slice(service, family, first[family], node_name) for family in _families(service, first)]
    return tuple(sorted(slices, key=lambda piece: piece.metadata.name))


def _families(service: Service, known: dict[str, str]) -> list[str]:
    return [family for family in service.spec.ip_families or tuple(known) if family in known]


def _dns_slice(service: Service, family: str, address: str, node_name: str) -> EndpointSlice:
    namespace_name, name = service.key
    return EndpointSlice(
        api_version="discovery.k8s.io/v1",
        kind="EndpointSlice",
        metadata=ObjectMeta(
            name=generated_name(f"{name}-", namespace_name, family, "0"),
            generate_name=f"{name}-",
            namespace=namespace_name,
            labels=slice_labels(service),
            owner_references=(OwnerReference(kind="Service", name=name, controller=True),),
        ),
        address_type=family,
        endpoints=(Endpoint(addresses=(address,), conditions=_READY, node_name=node_name or None),),
        ports=tuple(_dns_port(port) for port in service.spec.ports),
    )


def _dns_port(port: ServicePort) -> EndpointPort:
    number = port.target_port if isinstance(port.target_port, int) and port.target_port else port.port
    return EndpointPort(name=port.name, port=number, protocol=port.protocol or "TCP", app_protocol=port.app_protocol)
