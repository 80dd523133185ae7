"""What the maker remembers never shows: one snapshot after the other means what the last one alone would."""

import random

import msgspec
import pytest

from controlplane.objects import EndpointSlice, Pod, Service
from controlplane.options import ClusterOptions
from controlplane.snapshot import Snapshot
from proxy.desired import DesiredMaker, Surroundings
from proxy.hostfacts import HostAddress, HostFacts
from proxy.nodeview import NodeView
from proxy.options import ProxyOptions


def around(own):
    return Surroundings(
        node=NodeView(name="n1", primary_addresses=(own,), node_port_addresses=(own,)),
        facts=HostFacts((HostAddress(own, 24, "eth0"),)),
        options=ProxyOptions(service_ranges=("10.96.0.0/12",), external_ip_ranges=("203.0.113.0/24",)),
    )


PLACES = [around("192.168.0.1"), around("192.168.0.2")]
ENDPOINTS = ["10.0.0.1", "10.0.0.2", "10.96.0.1", "192.168.0.1"]
EXTERNAL = ["203.0.113.1", "203.0.113.2", "10.0.0.1", "192.168.0.1", "192.168.0.2", "8.8.8.8"]


def a_service(rng, name):
    port = {"port": rng.choice([80, 81])} | ({"nodePort": 30000 + ord(name)} if rng.random() < 0.3 else {})
    external = rng.sample(EXTERNAL, 1) if rng.random() < 0.3 else []
    spec = {"type": "ClusterIP", "clusterIP": f"10.96.0.{ord(name) - 96}", "ports": [port], "externalIPs": external}
    return msgspec.convert({"metadata": {"namespace": "default", "name": name}, "spec": spec}, Service)


def a_slice(rng):
    endpoints = [{"addresses": [address]} for address in rng.sample(ENDPOINTS, rng.randrange(3))]
    return msgspec.convert({"addressType": "IPv4", "ports": [{"port": 80}], "endpoints": endpoints}, EndpointSlice)


@pytest.mark.parametrize("seed", range(15))
def test_step_by_step_is_as_all_at_once(seed):
    rng = random.Random(seed)
    maker, services, slices = DesiredMaker(), {}, {}
    a_pod = msgspec.convert({"metadata": {"name": "p"}, "status": {"podIP": "10.0.0.1"}}, Pod)
    place = PLACES[0]
    for generation in range(30):
        for _ in range(rng.choice([0, 1, 1, 3])):
            new = a_service(rng, rng.choice("abcdefgh"))
            change = rng.randrange(4)
            if change == 0:
                services.pop(new.key, None)
            elif change == 1:
                slices[new.key] = (a_slice(rng),)
            else:
                services[new.key] = new
        place = rng.choice(PLACES) if rng.random() < 0.1 else place
        snapshot = Snapshot(
            generation=generation,
            options=ClusterOptions(),
            namespaces={},
            nodes={},
            pods={a_pod.key: a_pod} if rng.random() < 0.3 else {},
            services=dict(sorted(services.items())),
            slices=dict(slices),
        )
        assert maker.make(snapshot, place) == DesiredMaker().make(snapshot, place)
