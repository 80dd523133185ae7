"""Pure: the manifests that the program serves in the benchmarks, as text."""

from collections.abc import Iterable, Sequence

WEB_VIP, BULK_VIP, HEADLESS = "10.96.1.1", "10.96.1.2", "headless"


def service(name: str, cluster_ip: str, ports: Sequence[tuple[str, int, str]]) -> str:
    """A Service without a selector; a port is its name, number and protocol."""
    address = f"  clusterIP: {cluster_ip}\n" if cluster_ip else ""
    lines = "".join(f"    - {{name: {each}, port: {number}, protocol: {proto}}}\n" for each, number, proto in ports)
    return f"apiVersion: v1\nkind: Service\nmetadata:\n  name: {name}\nspec:\n{address}  ports:\n{lines}---\n"


def endpoint_slice(name: str, addresses: Iterable[str], ports: Sequence[tuple[str, int, str]]) -> str:
    """Its endpoints, on ports of the same names."""
    lines = "".join(f"  - {{name: {each}, port: {number}, protocol: {proto}}}\n" for each, number, proto in ports)
    endpoints = "".join(f"  - addresses: [{address}]\n" for address in addresses)
    return (
        "apiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\nmetadata:\n"
        f"  name: {name}-1\n  labels:\n    kubernetes.io/service-name: {name}\n"
        f"addressType: IPv4\nendpoints:\n{endpoints}ports:\n{lines}---\n"
    )


def relayed(backends: Sequence[str], http: int, bulk: int, datagrams: Sequence[int]) -> str:
    """Services for streams and datagrams: requests go to three endpoints, bulk and datagrams to the first of them."""
    web = [("http", http, "TCP")]
    one = [("bulk", bulk, "TCP"), *((f"udp-{port}", port, "UDP") for port in datagrams)]
    return (
        service("web", WEB_VIP, web)
        + endpoint_slice("web", backends, web)
        + service("bulk", BULK_VIP, one)
        + endpoint_slice("bulk", backends[:1], one)
    )


def cluster_ip(number: int) -> str:
    """The clusterIP of the Service of that number, below 60,000."""
    return f"10.100.{number // 250}.{number % 250 + 1}"


def name(number: int) -> str:
    """What the Service of that number is called."""
    return f"service-{number:05d}"


def endpoints(number: int) -> list[str]:
    """Its three endpoints."""
    return [f"10.{16 + each}.{number // 250}.{number % 250 + 1}" for each in range(3)]


def numbered(number: int, ports: Sequence[tuple[str, int, str]] = (("http", 80, "TCP"),)) -> str:
    """One of many alike, with its three endpoints."""
    text = service(name(number), cluster_ip(number), ports)
    return text + endpoint_slice(name(number), endpoints(number), ports)


def many(count: int) -> str:
    """That many Services with three endpoints each."""
    return "".join(map(numbered, range(count)))


def named(count: int) -> str:
    """What the DNS servers hold: many Services, and a headless one of three endpoints."""
    ports = [("http", 80, "TCP")]
    return many(count) + service(HEADLESS, "None", ports) + endpoint_slice(HEADLESS, endpoints(0), ports)
