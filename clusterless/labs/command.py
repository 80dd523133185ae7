"""`clusterless lab`: a small cluster's network for manifests, with agents, pods and an outside, and a command in it."""

import asyncio
import os
import socket
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import click

from controlplane.manifests import STANDARD_INPUT
from controlplane.options import ClusterOptions
from lab.addresses import families, ipv4_only
from lab.cluster import Cluster, Manifests
from lab.forked import exit_code, fork
from lab.namespaces import NotAllowedError, Privilege, run
from lab.network import has_ipv6
from lab.places import PlaceError, claim, release
from lab.processes import RUN, execute
from lab.runtime import LabError
from lab.terminal import keeping_terminal
from lab.topology import CLIENT_POD

from .life import Life
from .programs import STATE, warm_up
from .shell import banner, environment, shell
from .tour import take_tour

DEFAULT_NODES = 2  # where no manifest has a Node

_NO_UP = -1


class LabOptions(NamedTuple):
    """What the command line says; without `command` there is a shell, or nothing where the lab is `detached`."""

    filenames: tuple[str, ...]
    cluster: ClusterOptions
    nodes: int | None
    name: str
    privilege: Privilege
    node_grace: float
    command: tuple[str, ...] = ()
    tour: bool = False
    detached: bool = False


class _Place(NamedTuple):
    """How the lab is called, and where it listens: nowhere if that is not possible."""

    name: str
    listener: socket.socket | None


def lab(options: LabOptions) -> int:
    """Bring the lab up, run the command as a pod (or the tour, or a shell), take it down; returns the exit code."""
    if missing := [name for name in options.filenames if name != STANDARD_INPUT and not Path(name).exists()]:
        # What comes later is followed, but a path that was mistyped would be a lab without pods.
        click.echo(f'error: the path "{missing[0]}" does not exist', err=True)
        return 1
    if len(families(options.cluster)) > 1 and not has_ipv6():
        click.echo("Warning: this kernel has no IPv6, and so the lab has IPv4 only", err=True)
        options = options._replace(cluster=ipv4_only(options.cluster))
    try:
        place = _claimed(options)
        return _in_background(options, place) if options.detached else _run(options, place)
    except (NotAllowedError, PlaceError) as error:
        click.echo(f"error: {error}", err=True)
        return 1


def _claimed(options: LabOptions) -> _Place:
    """A name and a place; where there is none, only a lab that somebody must find needs one. Raises PlaceError."""
    try:
        return _Place(*claim(options.name))
    except PlaceError as error:
        if options.name or options.detached:
            raise
        click.echo(f"Warning: other terminals cannot reach this lab: {error}", err=True)
        return _Place("lab", None)


def _run(options: LabOptions, place: _Place, up: int = _NO_UP) -> int:
    try:
        with keeping_terminal():
            return run(lambda: _inside(options, place, up), options.privilege)
    finally:
        if place.listener is not None:
            place.listener.close()
            release(place.name)


def _in_background(options: LabOptions, place: _Place) -> int:
    """Leave the lab to a process of its own once it is up."""
    reading, writing = os.pipe()
    with tempfile.TemporaryFile("w+") as errors:

        def daemon() -> int:
            os.close(reading)
            os.setsid()
            null = os.open("/dev/null", os.O_RDONLY)
            for source, target in ((null, 0), (errors.fileno(), 1), (errors.fileno(), 2)):
                os.dup2(source, target)
            try:
                return _run(options, place, writing)
            except NotAllowedError as error:
                click.echo(f"error: {error}", err=True)
                return 1

        pid = fork(daemon)
        os.close(writing)
        told = os.read(reading, 4096).decode()  # nothing once all of the lab has ended; its hosts hold the pipe too
        os.close(reading)
        code = 0 if told else exit_code(os.waitpid(pid, 0)[1])
        errors.seek(0)
        click.echo(errors.read(), err=True, nl=False)
    click.echo(told, nl=False)
    return code


def _inside(options: LabOptions, place: _Place, up: int) -> int:
    """The first process of the lab: it is the control plane, which decides, and everybody's parent."""
    RUN.mkdir()
    manifests = Manifests(_paths(options.filenames), RUN / "nodes.json", _node_names(options))
    cluster = Cluster(manifests, options.cluster, STATE, lambda line: click.echo(line, err=True))
    warm_up()
    try:
        return asyncio.run(_live(options, place, up, cluster, manifests))
    except LabError as error:
        click.echo(f"error: {error}", err=True)
        return 1


async def _live(options: LabOptions, place: _Place, up: int, cluster: Cluster, manifests: Manifests) -> int:
    life = Life(place.name, cluster, manifests, options.cluster, options.node_grace)
    if options.nodes is not None and cluster.has_written_nodes:
        raise LabError("the manifests have Nodes of their own: --nodes is for manifests without")

    async def doing(seconds: float) -> int:
        if options.detached:
            os.write(up, _how_to_reach(life, seconds).encode())
            os.close(up)
        elif not options.tour and not options.command and sys.stdin.isatty():
            click.echo(banner(life.name, life.lab.topology, life.playing.snapshot, seconds))
        return await _what_is_asked(options, life, seconds)

    return await life.live(doing, place.listener)


async def _what_is_asked(options: LabOptions, life: Life, seconds: float) -> int:
    """The tour, or the command, or a shell; or nothing until somebody stops the lab."""
    if options.detached and not options.command:
        return await life.until_over()
    life.leave_ctrl_c_to_others()
    client = life.lab.topology.named(CLIENT_POD)
    if options.tour:
        snapshot = life.playing.snapshot
        hosts = f"{len(snapshot.nodes)} nodes, {len(snapshot.pods)} pods"
        click.echo(f"{hosts} and the outside, ready after {seconds:.1f} s")
        return await life.lab.run(client, take_tour)
    variables = environment(client, life.lab.topology, life.playing.snapshot)
    return await life.lab.run(client, execute(options.command or shell(client), variables))


def _how_to_reach(life: Life, seconds: float) -> str:
    snapshot = life.playing.snapshot
    return (
        f'lab "{life.name}" is up: {len(snapshot.nodes)} nodes, {len(snapshot.pods)} pods and the outside, '
        f"ready after {seconds:.1f} s\n"
        f"  clusterless lab shell --name {life.name}\n"
        f"  clusterless lab stop {life.name}\n"
    )


def _paths(filenames: Sequence[str]) -> tuple[str, ...]:
    """What all agents read: what came on standard input is a file for them, and so are made-up nodes."""
    return (*(_kept_input() if name == STANDARD_INPUT else name for name in filenames), str(RUN / "nodes.json"))


def _kept_input() -> str:
    path = RUN / "stdin.yaml"
    path.write_bytes(sys.stdin.buffer.read())
    return str(path)


def _node_names(options: LabOptions) -> tuple[str, ...]:
    count = DEFAULT_NODES if options.nodes is None else options.nodes
    return tuple(f"node-{number}" for number in range(1, count + 1))
