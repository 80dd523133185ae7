"""One small cluster for all DNS tests."""

from collections.abc import Iterable

import msgspec

from controlplane.objects import (
    Endpoint,
    EndpointConditions,
    EndpointPort,
    EndpointSlice,
    LoadBalancerIngress,
    LoadBalancerStatus,
    Namespace,
    NamespacedName,
    ObjectMeta,
    ObjectReference,
    Pod,
    PodIP,
    PodStatus,
    Service,
    ServicePort,
    ServiceSpec,
    ServiceStatus,
)
from controlplane.options import ClusterOptions
from controlplane.snapshot import Snapshot

SERIAL = 1_700_000_000


def _port(text: str) -> ServicePort:
    """`http:80/TCP`; the name may be empty."""
    name, _, rest = text.partition(":")
    number, _, protocol = rest.partition("/")
    return ServicePort(name=name, port=int(number), protocol=protocol or "TCP")


def _service(key: str, *addresses: str, ports: str = "http:80", **spec: object) -> Service:
    namespace, _, name = key.partition("/")
    return Service(
        metadata=ObjectMeta(name=name, namespace=namespace, labels={"app": name}),
        spec=ServiceSpec(
            **{
                "type": "ClusterIP",
                "cluster_ip": addresses[0] if addresses else "",
                "cluster_ips": addresses,
                "ports": tuple(map(_port, ports.split())),
            }
            | spec
        ),
    )


def _external(key: str, target: str) -> Service:
    return _service(key, ports="", type="ExternalName", external_name=target)


def _endpoint(text: str) -> Endpoint:
    """`10.0.0.1 [hostname] [pod=NAME] [zone=NAME] [unready]`."""
    address, *words = text.split()
    pods = [word.removeprefix("pod=") for word in words if word.startswith("pod=")]
    zones = [word.removeprefix("zone=") for word in words if word.startswith("zone=")]
    hostnames = [word for word in words if word != "unready" and "=" not in word]
    return Endpoint(
        addresses=(address,),
        conditions=EndpointConditions(ready=False if "unready" in words else None),
        hostname=hostnames[0] if hostnames else None,
        zone=zones[0] if zones else None,
        target_ref=ObjectReference(kind="Pod", name=pods[0]) if pods else None,
    )


def _slice(key: str, endpoints: Iterable[str], ports: str = "http:8080", family: str = "IPv4") -> EndpointSlice:
    namespace, _, name = key.partition("/")
    return EndpointSlice(
        metadata=ObjectMeta(name=name, namespace=namespace, labels={"kubernetes.io/service-name": name}),
        address_type=family,
        endpoints=tuple(map(_endpoint, endpoints)),
        ports=tuple(EndpointPort(name=p.name, port=p.port, protocol=p.protocol) for p in map(_port, ports.split())),
    )


def _pod(key: str, *addresses: str, phase: str = "Running", deleted: str = "") -> Pod:
    namespace, _, name = key.partition("/")
    return Pod(
        metadata=ObjectMeta(name=name, namespace=namespace, deletion_timestamp=deleted),
        status=PodStatus(phase=phase, pod_ip=addresses[0], pod_ips=tuple(PodIP(ip=each) for each in addresses)),
    )


SERVICES = (
    _service("default/kubernetes", "10.96.0.1", ports="https:443"),
    _service("kube-system/kube-dns", "10.96.0.10", ports="dns:53/UDP dns-tcp:53/TCP metrics:9153/TCP"),
    _service("shop/web", "10.96.1.1", ports="http:80 https:443"),
    _service("shop/lonely", "10.96.1.2", ports=":80"),
    _service("shop/mixed", "10.96.1.3", ports="dns:53/UDP dns-tcp:53/TCP http:80"),
    _service("shop/dual", "10.96.1.4", "fd00:96::4"),
    _service("shop/six", "fd00:96::6"),
    msgspec.structs.replace(
        _service("shop/front", "10.96.1.5", type="LoadBalancer", external_ips=("198.51.100.7",)),
        status=ServiceStatus(load_balancer=LoadBalancerStatus(ingress=(LoadBalancerIngress(ip="198.51.100.8"),))),
    ),
    _service("shop/4digits", "10.96.1.6"),
    _service("data/db", "None", ports="pg:5432"),
    _service("data/both", "None"),
    _service("data/hollow", "None"),
    _service("data/cold", "None"),
    _service("data/portless", "None", ports=""),
    _service("data/overlap", "None"),
    _service("data/ports", "None"),
    _service("data/shared", "None"),
    _service("data/zonal", "None"),
    _external("shop/outside", "www.upstream.example"),
    _external("shop/dotted", "WWW.upstream.example."),
    _external("shop/inside", "web.shop.svc.cluster.local"),
    _external("shop/twice", "inside.shop.svc.cluster.local."),
    _external("shop/away", "outside.shop.svc.cluster.local"),
    _external("shop/dead", "nothing.shop.svc.cluster.local"),
    _external("shop/self", "self.shop.svc.cluster.local"),
    _external("shop/ping", "pong.shop.svc.cluster.local"),
    _external("shop/pong", "ping.shop.svc.cluster.local"),
    _external("shop/literal", "192.0.2.1"),
    _external("shop/broken", "no..name"),
    *[_external(f"shop/hop-{n}", f"hop-{n - 1}.shop.svc.cluster.local") for n in range(2, 12)],
    _external("shop/hop-1", "web.shop.svc.cluster.local"),
)

SLICES = (
    _slice("kube-system/kube-dns", ["10.60.0.2"], "dns:53/UDP dns-tcp:53/TCP metrics:9153"),
    _slice("shop/web", ["10.60.1.1 pod=web-a", "10.60.1.2 pod=web-b", "10.60.1.3 unready"], "http:8080 https:8443"),
    _slice("shop/dual", ["10.60.1.1 pod=web-a"]),
    _slice("data/db", ["10.60.2.1 db-0 pod=db-0", "10.60.2.2 DB-1 pod=db-1", "10.60.2.3 db-2 unready"], "pg:15432"),
    _slice("data/both", ["10.60.2.11", "10.60.2.12"]),
    _slice("data/both", ["fd00:60::2:b", "fd00:60:2::"], family="IPv6"),
    _slice("data/both", ["host.upstream.example"], family="FQDN"),
    _slice("data/cold", ["10.60.2.21 unready"]),
    _slice("data/portless", ["10.60.2.31"], ""),
    _slice("data/overlap", ["10.60.2.41", "10.60.2.42"]),
    _slice("data/overlap", ["10.60.2.41"]),
    _slice("data/ports", ["10.60.2.51"], "http:8080"),
    _slice("data/ports", ["10.60.2.52"], "http:9090"),
    _slice("data/shared", ["10.60.2.61 twin", "10.60.2.62 twin"]),
    _slice(
        "data/zonal", ["10.60.2.91 zone=West-2a", "10.60.2.92 zone=rack.example", "10.60.2.93 zone=west-2b unready"]
    ),
    _slice("data/orphan", ["10.60.2.71"]),
    _slice("shop/outside", ["10.60.2.81"]),
)

PODS = (
    _pod("shop/web-a", "10.60.1.1", "fd00:60::1"),
    _pod("shop/going", "10.60.1.7", deleted="2026-01-01T00:00:00Z"),
    _pod("shop/done", "10.60.1.8", phase="Succeeded"),
    _pod("data/six", "fd00:60::6"),
)


def example_snapshot() -> Snapshot:
    """The cluster, at its first generation."""
    slices: dict[NamespacedName, tuple[EndpointSlice, ...]] = {}
    for each in SLICES:
        slices[each.key] = (*slices.get(each.key, ()), each)
    names = ("default", "kube-system", "shop", "data", "empty")
    return Snapshot(
        generation=1,
        options=ClusterOptions(),
        namespaces={n: Namespace(metadata=ObjectMeta(name=n, labels={"name": n})) for n in names},
        nodes={},
        pods={pod.key: pod for pod in PODS},
        services={service.key: service for service in SERVICES},
        slices=slices,
        serial=SERIAL,
    )
