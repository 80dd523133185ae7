"""`clusterless lab`: a small cluster's network for manifests, with agents, pods and an outside, and a command in it."""

import asyncio
import os
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import click
import msgspec

from controlplane.build import Builder
from controlplane.clusterstate import ClusterState
from controlplane.manifests import ManifestReader
from controlplane.objects import Protocol
from controlplane.options import ClusterOptions
from controlplane.problems import render
from controlplane.serviceenv import service_environment
from controlplane.snapshot import Snapshot
from controlplane.state import StateDirectory
from lab.namespaces import NotAllowedError, run
from lab.processes import RUN, execute
from lab.runtime import NOTIFY, Lab, LabError
from lab.topology import CLIENT_POD, OUTSIDE_NAMES, Host, Role, topology_of
from lab.tour import walk

from .notify import notify
from .pod import PodOptions, start

STATE = RUN / "state"
# RFC 5737's third documentation network: where configs/manifests have their load balancer's address.
LOAD_BALANCER_RANGE = "203.0.113.0/24"
DEFAULT_NODES = (("node-1", "10.240.0.4"), ("node-2", "10.240.0.5"))


def lab(filenames: Sequence[str], options: ClusterOptions, command: Sequence[str], *, tour: bool) -> int:
    """Bring the lab up, run the command as a pod (or the tour, or a shell), take it down; returns the exit code."""
    paths = tuple(name if name == "-" else str(Path(name).absolute()) for name in filenames)
    try:
        return run(lambda: _inside(paths, options, command, tour=tour))
    except NotAllowedError as error:
        click.echo(f"error: {error}", err=True)
        return 1


def _inside(paths: Sequence[str], options: ClusterOptions, command: Sequence[str], *, tour: bool) -> int:
    """The first process of the lab: it is the control plane, which decides, and everybody's parent."""
    snapshot, state = _decide(paths, options)
    directory = StateDirectory(STATE)
    directory.hold()
    directory.save(state)
    inside = Lab(topology_of(snapshot, LOAD_BALANCER_RANGE), snapshot, _programs(paths, options, snapshot))
    started = time.monotonic()
    try:
        inside.up()
    except LabError as error:
        click.echo(f"error: {error}", err=True)
        return 1
    if tour:
        hosts = f"{len(snapshot.nodes)} nodes, {len(snapshot.pods)} pods"
        click.echo(f"{hosts} and the outside, ready after {time.monotonic() - started:.1f} s")
    try:
        return walk(inside, click.echo) if tour else _run_command(inside, command)
    finally:
        inside.down()


def _decide(paths: Sequence[str], options: ClusterOptions) -> tuple[Snapshot, ClusterState]:
    reading = ManifestReader().read(paths)
    scheduled = msgspec.structs.replace(options, schedule_pods=True)
    built = Builder(scheduled).build(reading, int(time.time()))
    for line in render(built.snapshot.problems):
        click.echo(line, err=True)
    return built


def _run_command(inside: Lab, command: Sequence[str]) -> int:
    variables = service_environment(inside.snapshot.services, "default")
    argv = list(command) or [os.environ.get("SHELL", "/bin/sh")]
    environment = {**os.environ, **variables, "HOSTNAME": CLIENT_POD}
    return inside.run(inside.topology.named(CLIENT_POD), execute(argv, environment))


def _programs(
    paths: Sequence[str], options: ClusterOptions, snapshot: Snapshot
) -> dict[Role, Callable[[Host], Callable[[], int]]]:
    backend = _backend_of(snapshot)
    return {
        Role.POD: backend,
        Role.OUTSIDE: backend,
        Role.OUTSIDE_DNS: lambda host: execute(_outside_dns(host), _environment()),
        Role.NODE: lambda host: execute(_agent(host, paths, options), _environment()),
    }


def _environment() -> dict[str, str]:
    return {**os.environ, "NOTIFY_SOCKET": str(NOTIFY)}


def _agent(host: Host, paths: Sequence[str], options: ClusterOptions) -> list[str]:
    """The command line of a node's agent: what a user would type on that node."""
    return [
        *(sys.executable, "-m", "clusterless", "up"),
        *(f"--filename={path}" for path in paths),
        f"--hostname-override={host.node}",
        f"--state-dir={STATE}",
        f"--service-cluster-ip-range={','.join(options.service_cluster_ip_ranges)}",
        f"--service-node-port-range={options.service_node_port_range}",
        f"--cluster-cidr={','.join(options.cluster_cidrs)}",
        f"--cluster-domain={options.cluster_domain}",
        f"--load-balancer-ip-range={LOAD_BALANCER_RANGE}",
    ]


def _outside_dns(host: Host) -> list[str]:
    """The name server of the outside world: our own, with nothing but a few hosts."""
    lines = "\n".join(f"        {address} {name}" for name, address in OUTSIDE_NAMES.items())
    corefile = RUN / "outside.Corefile"
    corefile.write_text(f".:53 {{\n    errors\n    hosts {{\n{lines}\n    }}\n}}\n")
    (RUN / "nothing").mkdir(exist_ok=True)
    return [
        *(sys.executable, "-m", "clusterless", "dns"),
        f"--filename={RUN / 'nothing'}",
        f"--corefile={corefile}",
        f"--dns-bind-address={host.addresses[0]}",
        "--healthz-bind-address=",
        "--metrics-bind-address=",
    ]


def _backend_of(snapshot: Snapshot) -> Callable[[Host], Callable[[], int]]:
    def backend(host: Host) -> Callable[[], int]:
        return lambda: asyncio.run(_serve(host, snapshot))

    return backend


async def _serve(host: Host, snapshot: Snapshot) -> int:
    """The demo backend on a host's ports, HTTP on TCP and echo on UDP, until the lab ends it."""
    os.environ["NOTIFY_SOCKET"] = str(NOTIFY)
    if host.pod:
        os.environ.update(service_environment(snapshot.services, host.pod.namespace))
    options = PodOptions(
        name=host.pod.name if host.pod else host.hostname,
        namespace=host.pod.namespace if host.pod else "",
        node=host.node,
        addresses=host.addresses,
        http=tuple(port.number for port in host.ports if port.protocol is Protocol.TCP),
        udp=tuple(port.number for port in host.ports if port.protocol is Protocol.UDP),
        bind="",
    )
    await start(options)
    notify("READY=1")
    await asyncio.Event().wait()
    return 0
