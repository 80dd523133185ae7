"""`clusterless lab`: a small cluster's network for manifests, with agents, pods and an outside, and a command in it."""

import asyncio
import gc
import importlib
import os
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import click
import msgspec

from controlplane.build import Builder
from controlplane.manifests import STANDARD_INPUT, ManifestReader
from controlplane.objects import Pod, Protocol
from controlplane.options import ClusterOptions
from controlplane.problems import render
from controlplane.serviceenv import service_environment
from controlplane.snapshot import Snapshot
from controlplane.state import StateDirectory
from lab.addresses import LOAD_BALANCER_RANGES, families, ipv4_only, node_addresses, of_families
from lab.namespaces import NotAllowedError, run
from lab.network import has_ipv6
from lab.processes import RUN, execute
from lab.runtime import NOTIFY, Lab, LabError
from lab.topology import CLIENT_POD, OUTSIDE_NAMES, Host, Role, topology_of
from lab.tourguide import walk

from .notify import notify
from .pod import PodOptions, PodStartError, start

STATE = RUN / "state"
DEFAULT_NODES = ("node-1", "node-2")  # where no manifest has a Node

Program = Callable[[Host], Callable[[], int]]


def lab(filenames: Sequence[str], options: ClusterOptions, command: Sequence[str], *, tour: bool) -> int:
    """Bring the lab up, run the command as a pod (or the tour, or a shell), take it down; returns the exit code."""
    if len(families(options)) > 1 and not has_ipv6():
        click.echo("Warning: this kernel has no IPv6, and so the lab has IPv4 only", err=True)
        options = ipv4_only(options)
    paths = tuple(name if name == STANDARD_INPUT else str(Path(name).absolute()) for name in filenames)
    try:
        return run(lambda: _inside(paths, options, command, tour=tour))
    except NotAllowedError as error:
        click.echo(f"error: {error}", err=True)
        return 1


def _inside(paths: Sequence[str], options: ClusterOptions, command: Sequence[str], *, tour: bool) -> int:
    """The first process of the lab: it is the control plane, which decides, and everybody's parent."""
    RUN.mkdir()
    paths, snapshot = _decide(paths, options)
    _warm_up()
    inside = Lab(topology_of(snapshot, LOAD_BALANCER_RANGES), snapshot, _programs(paths, options, snapshot))
    try:
        seconds = inside.up()
    except LabError as error:
        click.echo(f"error: {error}", err=True)
        return 1
    try:
        return _tour(inside, seconds) if tour else _command(inside, command)
    finally:
        inside.down()


def _decide(paths: Sequence[str], options: ClusterOptions) -> tuple[Sequence[str], Snapshot]:
    """Decide what a control plane would, and keep it for the agents; returns what they are to read, and the outcome."""
    reader = ManifestReader()
    paths = [_kept_input() if path == STANDARD_INPUT else path for path in paths]
    if not any(document.raw.get("kind") == "Node" for document in reader.read(paths).documents):
        paths.append(_default_nodes())
    builder = Builder(msgspec.structs.replace(options, schedule_pods=True))
    built = builder.build(reader.read(paths), int(time.time()))
    if missing := node_addresses(built.snapshot.nodes, families(options)):
        builder.adopt(msgspec.structs.replace(built.state, nodes=missing))
        built = builder.build(reader.read(paths), int(time.time()))
    for line in render(built.snapshot.problems):
        click.echo(line, err=True)
    directory = StateDirectory(STATE)
    directory.hold()
    directory.save(built.state)
    return paths, built.snapshot


def _kept_input() -> str:
    """A file with what came on standard input: all agents read it."""
    path = RUN / "stdin.yaml"
    path.write_bytes(sys.stdin.buffer.read())
    return str(path)


def _default_nodes() -> str:
    path = RUN / "nodes.json"
    nodes = [{"apiVersion": "v1", "kind": "Node", "metadata": {"name": name}} for name in DEFAULT_NODES]
    path.write_bytes(msgspec.json.encode({"apiVersion": "v1", "kind": "List", "items": nodes}))
    return str(path)


def _warm_up() -> None:
    """Import what agents and their helpers need before they are forked: to do it in each takes longer than all else."""
    for module in ("clusterless.serve", "proxy.addresses.service", "watchfiles"):
        importlib.import_module(module)
    gc.freeze()


def _tour(inside: Lab, seconds: float) -> int:
    hosts = f"{len(inside.snapshot.nodes)} nodes, {len(inside.snapshot.pods)} pods"
    click.echo(f"{hosts} and the outside, ready after {seconds:.1f} s")
    return walk(_Tourist(inside), click.echo)


class _Tourist:
    """Takes the tour in this lab."""

    def __init__(self, inside: Lab) -> None:
        self._lab = inside

    def run(self, host: str, command: str) -> str:
        with tempfile.TemporaryFile("w+") as output:

            def redirected() -> int:
                os.dup2(output.fileno(), 1)
                os.dup2(output.fileno(), 2)
                return execute(["sh", "-c", command], os.environ)()

            self._lab.run(self._lab.topology.named(host), redirected)
            output.seek(0)
            return output.read()

    def stop_node(self, node: str) -> str:
        self._lab.stop_node(node)
        return f"clusterless lab node down {node}"

    def start_node(self, node: str) -> str:
        self._lab.start_node(node)
        return f"clusterless lab node up {node}"


def _command(inside: Lab, command: Sequence[str]) -> int:
    variables = service_environment(inside.snapshot.services, "default")
    argv = list(command) or [os.environ.get("SHELL", "/bin/sh")]
    environment = {**os.environ, **variables, "HOSTNAME": CLIENT_POD}
    return inside.run(inside.topology.named(CLIENT_POD), execute(argv, environment))


def _programs(paths: Sequence[str], options: ClusterOptions, snapshot: Snapshot) -> Mapping[Role, Program]:
    return {
        Role.POD: lambda host: lambda: _serve_pod(host, snapshot),
        Role.OUTSIDE: lambda host: lambda: _serve_pod(host, snapshot),
        Role.OUTSIDE_DNS: lambda host: lambda: _clusterless(_outside_dns(host)),
        Role.NODE: lambda host: lambda: _clusterless(_agent(host, paths, options)),
        Role.LOAD_BALANCER: lambda host: lambda: _clusterless(_load_balancer(host, paths, options)),
    }


def _clusterless(arguments: Sequence[str]) -> int:
    """What the command line does with these arguments, in this process."""
    from .cli import cli  # noqa: PLC0415  which imports this module

    os.environ["NOTIFY_SOCKET"] = str(NOTIFY)
    cli(arguments, prog_name="clusterless")
    return 0


def _agent(host: Host, paths: Sequence[str], options: ClusterOptions) -> list[str]:
    """The command line of a node's agent: what a user would type on that node."""
    return ["up", f"--hostname-override={host.node}", *_cluster_flags(paths, options)]


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
        f"--load-balancer-ip-range={','.join(of_families(LOAD_BALANCER_RANGES, families(options)))}",
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
        os.environ.update(_service_links(pod, snapshot))
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
    notify("READY=1")
    await asyncio.Event().wait()


def _service_links(pod: Pod, snapshot: Snapshot) -> dict[str, str]:
    links = pod.spec.enable_service_links is not False
    return service_environment(snapshot.services, pod.metadata.namespace, enable_service_links=links)
