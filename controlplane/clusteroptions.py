"""Pure: what is wrong with the flags of the cluster, in kube-apiserver's and kubeadm's words where they have any.

Sources: Kubernetes `cmd/kube-apiserver/app/options`, `ipallocator` NewIPAllocator, kubeadm `validation`,
apimachinery `util/net/port_range.go`.
"""

from .names import dns_1123_subdomain
from .netaddr import IPV6, Prefix, address_error, cidr_error, parse_cidr
from .options import ClusterOptions, PortRange

_RANGE_FLAG = "--service-cluster-ip-range"
_SHORTEST_IPV6 = 64
_FEWEST_ADDRESSES = 10  # kubeadm MinimumAddressesInServiceSubnet: the DNS Service has the tenth
_HIGHEST_PORT = 65535


def validate_options(options: ClusterOptions) -> list[str]:
    """All mistakes in `options`, a sentence each; Services can be allocated from options without any."""
    ranges = [parse_cidr(text) for text in options.service_cluster_ip_ranges]
    good = [prefix for prefix in ranges if prefix is not None]
    return [
        *_range_errors(options.service_cluster_ip_ranges, ranges),
        *(error for prefix in good for error in _size_errors(prefix)),
        *_overlap_errors(good, options.cluster_cidrs),
        *_port_range_errors(options.service_node_port_range),
        *_list_errors("--cluster-cidr", options.cluster_cidrs),
        *_list_errors("--endpoint-cidrs", options.endpoint_cidrs),
        *(
            f'--cluster-domain: Invalid value: "{options.cluster_domain}": {error}'
            for error in dns_1123_subdomain(options.cluster_domain)
        ),
        *(f"node address {text}: {error}" for text in options.node_addresses if (error := address_error(text))),
    ]


def _range_errors(texts: tuple[str, ...], ranges: list[Prefix | None]) -> list[str]:
    if not texts:
        return [f"{_RANGE_FLAG} must contain at least one valid cidr"]
    if len(texts) > 2:
        return [f"{_RANGE_FLAG} must not contain more than two entries"]
    errors = [
        f"service-cluster-ip-range[{index}] is not a valid cidr: {text}: {cidr_error(text)}"
        for index, (text, prefix) in enumerate(zip(texts, ranges, strict=True))
        if prefix is None
    ]
    families = {prefix.family for prefix in ranges if prefix}
    if not errors and len(families) < len(texts):
        errors.append(f"{_RANGE_FLAG}[0] and {_RANGE_FLAG}[1] must be of different IP family")
    return errors


def _size_errors(prefix: Prefix) -> list[str]:
    if prefix.family == IPV6 and prefix.length < _SHORTEST_IPV6:
        return [f"shortest allowed prefix length for service CIDR is {_SHORTEST_IPV6}, got {prefix.length}"]
    if prefix.size < _FEWEST_ADDRESSES:
        return [
            f"{_RANGE_FLAG} {prefix}: subnet with {prefix.size} address(es) is too small, "
            f"the minimum is {_FEWEST_ADDRESSES}"
        ]
    return []


def _overlap_errors(ranges: list[Prefix], cluster_cidrs: tuple[str, ...]) -> list[str]:
    """Pods and Services need addresses of their own: Kubernetes does not look, and then packets go astray."""
    pods = [prefix for text in cluster_cidrs if (prefix := parse_cidr(text))]
    return [
        f"{_RANGE_FLAG} {one} overlaps --cluster-cidr {other}"
        for one in ranges
        for other in pods
        if one.overlaps(other)
    ]


def _port_range_errors(ports: PortRange) -> list[str]:
    if ports.last < ports.first:
        return [f"end port must be equal to or greater than start port: {ports}"]
    if ports.last > _HIGHEST_PORT:
        return [f"the port range cannot be greater than {_HIGHEST_PORT}: {ports}"]
    return [] if ports.first > 0 else [f"--service-node-port-range must not hold port 0 or less: {ports}"]


def _list_errors(flag: str, texts: tuple[str, ...]) -> list[str]:
    return [f"{flag} {text}: {error}" for text in texts if (error := cidr_error(text))]
