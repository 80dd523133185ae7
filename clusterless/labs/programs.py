"""What runs on the hosts of a lab, each forked from a warm process: agents, load balancer, pods, name server."""

import asyncio
import gc
import importlib
import os
from collections.abc import Mapping, Sequence

import click

from clusterless.demo.pod import PodOptions, PodStartError, start
from clusterless.operations.notify import notify
from controlplane.objects import Protocol
from controlplane.options import ClusterOptions
from controlplane.snapshot import Snapshot
from lab.addresses import RANGES, families, of_families
from lab.notifications import NOTIFY
from lab.podenvironment import pod_environment
from lab.processes import RUN
from lab.runtime import READY_SECONDS, Program
from lab.topology import OUTSIDE_NAMES, Host, Role

STATE = RUN / "state"
METRICS_PORT = 10249


def warm_up() -> None:
    """Import what agents and their helpers need before they are forked: to do it in each takes longer than all else."""
    for module in ("clusterless.agent.serve", "proxy.addresses.service", "watchfiles"):
        importlib.import_module(module)
    gc.freeze()


def programs(paths: Sequence[str], options: ClusterOptions) -> Mapping[Role, Program]:
    """What runs on a host, by its role."""
    return {
        Role.POD: lambda host, snapshot: lambda: _serve_pod(host, snapshot),
        Role.OUTSIDE: lambda host, snapshot: lambda: _serve_pod(host, snapshot),
        Role.OUTSIDE_DNS: lambda host, _: lambda: _clusterless(_outside_dns(host)),
        Role.NODE: lambda host, _: lambda: _clusterless(_agent(host, paths, options)),
        Role.LOAD_BALANCER: lambda host, _: lambda: _clusterless(_load_balancer(host, paths, options)),
    }


def _clusterless(arguments: Sequence[str]) -> int:
    """What the command line does with these arguments, in this process."""
    from clusterless.cli import cli  # noqa: PLC0415  which imports this module

    os.environ["NOTIFY_SOCKET"] = str(NOTIFY)
    cli(arguments, prog_name="clusterless")
    return 0


def _agent(host: Host, paths: Sequence[str], options: ClusterOptions) -> list[str]:
    """The command line of a node's agent: what a user would type on that node."""
    return [
        "up",
        f"--hostname-override={host.node}",
        f"--metrics-bind-address=0.0.0.0:{METRICS_PORT}",  # whoever is in the lab may ask it
        *(f"--external-ip-range={each}" for each in of_families(RANGES.external_ips, families(options))),
        *_cluster_flags(paths, options),
    ]


def _load_balancer(host: Host, paths: Sequence[str], options: ClusterOptions) -> list[str]:
    return ["loadbalancer", f"--hostname-override={host.hostname}", *_cluster_flags(paths, options)]


def _cluster_flags(paths: Sequence[str], options: ClusterOptions) -> list[str]:
    """What all agents of a cluster must agree on."""
    return [
        *(f"--filename={path}" for path in paths),
        f"--state-dir={STATE}",
        f"--service-cluster-ip-range={','.join(options.service_cluster_ip_ranges)}",
        f"--service-node-port-range={options.service_node_port_range}",
        f"--cluster-cidr={','.join(options.cluster_cidrs)}",
        f"--cluster-domain={options.cluster_domain}",
        f"--endpoint-cidrs={','.join(options.endpoint_cidrs)}",
        *(["--allow-loopback-endpoints"] if options.allow_loopback_endpoints else []),
        f"--load-balancer-ip-range={','.join(of_families(RANGES.load_balancer, families(options)))}",
    ]


def _outside_dns(host: Host) -> list[str]:
    """The name server of the outside world: our own, with nothing but a few hosts."""
    lines = "\n".join(f"        {each} {name}" for name, addresses in OUTSIDE_NAMES.items() for each in addresses)
    corefile = RUN / "outside.Corefile"
    corefile.write_text(f".:53 {{\n    errors\n    hosts {{\n{lines}\n    }}\n}}\n")
    nothing = RUN / "nothing.json"
    nothing.write_text('{"apiVersion": "v1", "kind": "List", "items": []}')
    return [
        "dns",
        f"--filename={nothing}",
        f"--corefile={corefile}",
        *(f"--dns-bind-address={address}" for address in host.addresses),
        "--healthz-bind-address=",
        "--metrics-bind-address=",
    ]


def _serve_pod(host: Host, snapshot: Snapshot) -> int:
    try:
        asyncio.run(_serve(host, snapshot))
    except PodStartError as error:
        click.echo(f"error: {error}", err=True)
    return 1


async def _serve(host: Host, snapshot: Snapshot) -> None:
    """The demo backend on a host's ports, HTTP on TCP and echo on UDP, until the lab ends it."""
    os.environ["NOTIFY_SOCKET"] = str(NOTIFY)
    pod = snapshot.pods.get(host.pod) if host.pod else None
    if pod is not None:
        os.environ.update(pod_environment(pod, pod.metadata.namespace, snapshot))
    options = PodOptions(
        name=host.pod.name if host.pod else host.hostname,
        namespace=host.pod.namespace if host.pod else "",
        node=host.node,
        addresses=host.addresses,
        http=tuple(port.number for port in host.ports if port.protocol is Protocol.TCP),
        udp=tuple(port.number for port in host.ports if port.protocol is Protocol.UDP),
        everywhere=not host.in_network_of,
    )
    await start(options)
    notify("READY=1", patience=READY_SECONDS)
    await asyncio.Event().wait()
