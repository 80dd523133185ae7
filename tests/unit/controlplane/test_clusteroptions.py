"""The flags of the cluster are judged before anything is allocated from them."""

import pytest

from controlplane.clusteroptions import validate_options
from controlplane.names import dns_1123_subdomain
from controlplane.netaddr import INVALID_ADDRESS, INVALID_CIDR
from controlplane.options import ClusterOptions, PortRange

RANGE = "--service-cluster-ip-range"


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"service_cluster_ip_ranges": ("10.96.0.0/12", "fd00:10:96::/108")},
        {"service_cluster_ip_ranges": ("fd00:10:96::/64",), "cluster_cidrs": ()},
        {"service_cluster_ip_ranges": ("127.96.0.0/16",), "endpoint_cidrs": ("10.0.0.0/8", "10.244.0.0/16")},
        {"service_cluster_ip_ranges": ("10.96.0.0/28",), "node_addresses": ("192.0.2.1", "2001:db8::1")},
    ],
)
def test_good_options(options):
    assert validate_options(ClusterOptions(**options)) == []


@pytest.mark.parametrize(
    ("options", "errors"),
    [
        ({"service_cluster_ip_ranges": ()}, [f"{RANGE} must contain at least one valid cidr"]),
        ({"service_cluster_ip_ranges": ("10.0.0.0/16", "fd00::/108", "10.1.0.0/16")},
         [f"{RANGE} must not contain more than two entries"]),
        ({"service_cluster_ip_ranges": ("10.96.0.0",)},
         [f"service-cluster-ip-range[0] is not a valid cidr: 10.96.0.0: {INVALID_CIDR}"]),
        ({"service_cluster_ip_ranges": ("10.96.0.0/12", "fd00::1/108")},
         ["service-cluster-ip-range[1] is not a valid cidr: fd00::1/108: must not have bits set beyond the prefix "
          "length"]),
        ({"service_cluster_ip_ranges": ("10.96.0.0/16", "10.97.0.0/16")},
         [f"{RANGE}[0] and {RANGE}[1] must be of different IP family"]),
        ({"service_cluster_ip_ranges": ("fd00::/63",)},
         ["shortest allowed prefix length for service CIDR is 64, got 63"]),
        ({"service_cluster_ip_ranges": ("10.96.0.0/29",)},
         [f"{RANGE} 10.96.0.0/29: subnet with 8 address(es) is too small, the minimum is 10"]),
        ({"service_cluster_ip_ranges": ("fd00::/126",)},
         [f"{RANGE} fd00::/126: subnet with 4 address(es) is too small, the minimum is 10"]),
        ({"cluster_domain": "a..b"}, [f'--cluster-domain: Invalid value: "a..b": {dns_1123_subdomain("a..b")[0]}']),
        ({"cluster_domain": "_.local"},
         [f'--cluster-domain: Invalid value: "_.local": {dns_1123_subdomain("_.local")[0]}']),
        ({"cluster_cidrs": ("10.100.0.0/16",)}, [f"{RANGE} 10.96.0.0/12 overlaps --cluster-cidr 10.100.0.0/16"]),
        ({"cluster_cidrs": ("10.244.0.0",)}, [f"--cluster-cidr 10.244.0.0: {INVALID_CIDR}"]),
        ({"endpoint_cidrs": ("10.0.0.1/8",)},
         ["--endpoint-cidrs 10.0.0.1/8: must not have bits set beyond the prefix length"]),
        ({"node_addresses": ("here",)}, [f"node address here: {INVALID_ADDRESS}"]),
        ({"service_node_port_range": PortRange(2, 1)},
         ["end port must be equal to or greater than start port: 2-1"]),
        ({"service_node_port_range": PortRange(1, 70000)},
         ["the port range cannot be greater than 65535: 1-70000"]),
        ({"service_node_port_range": PortRange(0, 9)},
         ["--service-node-port-range must not hold port 0 or less: 0-9"]),
    ],
)  # fmt: skip
def test_broken_options(options, errors):
    assert validate_options(ClusterOptions(**options)) == errors
