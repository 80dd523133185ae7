"""What a changed cluster means for a node is worked out beside the loop: clients are served meanwhile."""

import asyncio

import msgspec

from clusterless.configuration.settings import Settings
from clusterless.node.nodeproxy import NodeProxy
from controlplane.objects import NamespacedName, Service
from controlplane.options import ClusterOptions
from controlplane.snapshot import Snapshot
from proxy.addresses import LocalSockets
from proxy.hostfacts import HostFacts
from proxy.model import FrontendKey, Protocol

WEB = NamespacedName("default", "web")


async def test_the_loop_turns_while_a_node_works_out_what_to_serve():
    proxy = NodeProxy(Settings(filenames=(), cluster=ClusterOptions()), LocalSockets(), HostFacts())
    turned = asyncio.Event()
    asyncio.get_running_loop().call_soon(turned.set)
    desired = await proxy.desire(snapshot(), ())
    assert turned.is_set()
    assert FrontendKey("10.96.0.7", 80, Protocol.TCP) in desired.frontends | desired.elsewhere
    await proxy.close()


def snapshot() -> Snapshot:
    spec = {"clusterIP": "10.96.0.7", "clusterIPs": ["10.96.0.7"], "ipFamilies": ["IPv4"], "ports": [{"port": 80}]}
    web = msgspec.convert({"metadata": {"name": "web", "namespace": "default"}, "spec": spec}, Service)
    return Snapshot(
        generation=1, options=ClusterOptions(), namespaces={}, nodes={}, pods={}, services={WEB: web}, slices={}
    )
