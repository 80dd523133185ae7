"""The command line: one function a command, each of which imports what it needs when it runs."""

# ruff: noqa: PLC0415  a command that only checks files must not pay for what serving needs

import json
import logging
import socket
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NoReturn

import click

from . import __version__
from .commandline.explain import explain
from .commandline.flags import (
    cluster_flags,
    cluster_options,
    dns_flags,
    filename_flag,
    load_balancer_flags,
    node_flags,
    proxy_flags,
    settings_of,
)
from .commandline.lab import lab
from .commandline.live import events, graph, top
from .commandline.objects import describe, get
from .configuration.kubeproxyconfig import ConfigError
from .configuration.settings import Settings, place_mistakes, split
from .operations import logs

log = logging.getLogger(__name__)

PORT = click.IntRange(1, 65535)


def _run_on_asyncio(coroutine: Coroutine[Any, Any, int]) -> int:
    import asyncio

    return asyncio.run(coroutine)


# The event loop to run under, and what loads it ahead of time; the script puts uvloop here.
runner: Any = SimpleNamespace(run=_run_on_asyncio, load=lambda: None)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120})
@click.version_option(__version__, prog_name="clusterless")
def cli() -> None:
    """Kubernetes Services without a cluster.

    Every flag can be set by an environment variable too: --state-dir by CLUSTERLESS_STATE_DIR.
    `clusterless completion --help` says how a shell completes commands, flags, kinds and names.
    """


@cli.command()
@node_flags
@proxy_flags
@dns_flags
@click.pass_context
def up(context: click.Context, /, **_flags: Any) -> None:
    """Run a node agent: proxy and DNS in one process."""
    _serve(context, proxy=True, dns=True)


@cli.command()
@node_flags
@proxy_flags
@click.pass_context
def proxy(context: click.Context, /, **_flags: Any) -> None:
    """Run the proxy alone."""
    _serve(context, proxy=True, dns=False)


@cli.command()
@node_flags
@dns_flags
@click.pass_context
def dns(context: click.Context, /, **_flags: Any) -> None:
    """Run the DNS server alone."""
    _serve(context, proxy=False, dns=True)


@cli.command()
@node_flags
@load_balancer_flags
@click.pass_context
def loadbalancer(context: click.Context, /, **_flags: Any) -> None:
    """Run the external load balancer in front of the nodes."""
    from .agent.serve import serve_load_balancer

    _run(context, lambda settings: serve_load_balancer(settings, runner.run))


@cli.command(short_help="Say what the API server would say of manifests.")
@filename_flag
@cluster_flags
@click.option("--output", "-o", type=click.Choice(["text", "json"]), default="text", show_default=True, help="Format.")
@click.option("--strict", is_flag=True, help="Exit 1 for warnings too.")
@click.option(
    "--load-balancer-ip-range",
    default="",
    metavar="CIDR[,CIDR]",
    help="Say which load balancers would get no address from this range.",
)
@click.pass_context
def check(context: click.Context, /, output: str, strict: bool, load_balancer_ip_range: str, **_flags: Any) -> None:
    """Say what the API server would say of manifests, and what is surely not meant; exit 1 if any would be refused."""
    from .checking.check import check as check_manifests

    filenames = _filenames(context)
    options = _or_usage(lambda: cluster_options(context.params))
    ranges = split(load_balancer_ip_range)
    if mistakes := list(place_mistakes(load_balancer_ip_ranges=ranges)):
        raise click.UsageError("\n".join(mistakes))
    report = check_manifests(filenames, options, ranges)
    click.echo(json.dumps(report.json, indent=2) if output == "json" else report.text)
    sys.exit(1 if report.is_refused or (strict and report.remarks) else 0)


@cli.command(short_help="Print a pod's service environment variables.")
@filename_flag
@cluster_flags
@click.option("--namespace", "-n", default="default", show_default=True, help="The pod's namespace.")
@click.option("--enable-service-links/--no-enable-service-links", default=True, help="As the pod's spec has it.")
@click.pass_context
def env(context: click.Context, /, namespace: str, enable_service_links: bool, **_flags: Any) -> None:
    """Print the service environment variables that a pod would get."""
    from .checking.env import env as print_environment

    options = _or_usage(lambda: cluster_options(context.params))
    sys.exit(print_environment(_filenames(context), options, namespace, enable_service_links=enable_service_links))


@cli.command(short_help="Run the demo backend: HTTP, TCP and UDP.")
@click.option("--name", default=socket.gethostname, show_default="the host's name", help="The pod's name.")
@click.option("--namespace", "-n", default="default", show_default=True, help="Its namespace.")
@click.option("--node", default="", help="The node that it runs on.")
@click.option("--bind-address", "bind", default="", metavar="IP", help="Where it listens. Default: everywhere.")
@click.option(
    "--http", multiple=True, type=PORT, metavar="PORT", help="A port that speaks HTTP (repeatable). Default: 8080."
)
@click.option("--tcp", multiple=True, type=PORT, metavar="PORT", help="A port that echoes over TCP (repeatable).")
@click.option("--udp", multiple=True, type=PORT, metavar="PORT", help="A port that echoes over UDP (repeatable).")
def pod(**flags: Any) -> None:
    """Run the demo backend: HTTP, TCP and UDP, says who it is and whom it sees."""
    from ipaddress import ip_address

    from .demo.pod import PodOptions, PodStartError, serve

    if flags["bind"]:
        try:
            ip_address(flags["bind"])
        except ValueError as error:
            raise click.UsageError(f"--bind-address: {error}") from error
    http = flags["http"] or (() if flags["tcp"] or flags["udp"] else (8080,))
    try:
        runner.run(serve(PodOptions(**{**flags, "http": http})))
    except PodStartError as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(1)


@cli.command(short_help="Ask once how an agent is, for health checks.")
@click.argument("url", default="http://127.0.0.1:10256/healthz", envvar="CLUSTERLESS_HEALTHZ_URL")
@click.option(
    "--timeout",
    default=2.0,
    type=click.FloatRange(min=0.1),
    metavar="SECONDS",
    show_default=True,
    help="How long to wait for the answer.",
)
def healthz(url: str, timeout: float) -> None:
    """Ask URL once how the program is; exit 1 if it is not well. Default: this host's agent, at port 10256."""
    from .operations.healthz import probe

    try:
        answer = probe(url, timeout)
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    click.echo(answer.text, err=not answer.is_good)
    sys.exit(0 if answer.is_good else 1)


@cli.command()
@click.option("--output", "-o", "format", type=click.Choice(["json", "yaml"]), help="As an object, with more in it.")
def version(format: str | None) -> None:  # noqa: A002  the flag's own name
    """Print the version."""
    if format is None:
        click.echo(f"clusterless {__version__}")
        return
    from .commandline.versiontext import version_text

    click.echo(version_text(__version__, format), nl=False)


@cli.command(short_help="Print a script for a shell's completion.")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print a script that makes a shell complete commands, flags, kinds and names.

    \b
    bash:  source <(clusterless completion bash)
    zsh:   source <(clusterless completion zsh)
    fish:  clusterless completion fish | source

    Put the line into ~/.bashrc or ~/.zshrc, or the script of fish into ~/.config/fish/completions/clusterless.fish.
    """
    from .commandline.completion import script

    click.echo(script(cli, shell))


def _serve(context: click.Context, *, proxy: bool, dns: bool) -> NoReturn:
    from .agent.serve import serve

    _run(context, lambda settings: serve(settings, runner.run, proxy=proxy, dns=dns))


def _run(context: click.Context, serve: Callable[[Settings], int]) -> NoReturn:
    """Serve with the settings that the flags make, and exit."""
    from .agent.starterror import StartError
    from .configuration.kubeproxyfile import LENIENT

    if context.params["cleanup"]:
        _cleanup(context)
    if target := context.params["write_config_to"]:
        _write_config(target, _or_usage(lambda: settings_of(context)))
    _filenames(context)
    settings = _or_usage(lambda: settings_of(context))
    logs.set_up(json=settings.json_logs, verbosity=settings.verbosity)
    for warning in settings.warnings:
        log.warning(LENIENT, extra={"kv": {"problem": warning}})
    if settings.workers > 1:  # they share what is loaded before they are forked
        runner.load()
    try:
        sys.exit(serve(settings))
    except StartError as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(1)


def _cleanup(context: click.Context) -> NoReturn:
    """As kube-proxy's flag of that name does: take back what is left of an earlier run, and no serving."""
    from .agent.cleanup import cleanup
    from .agent.starterror import StartError

    try:
        sys.exit(cleanup(str(context.info_name), runner.run))
    except StartError as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(1)


def _write_config(target: str, settings: Settings) -> NoReturn:
    """As kube-proxy's flag of that name does: the file, and no serving."""
    from .configuration.kubeproxyfile import written
    from .configuration.settings import as_file

    try:
        Path(target).write_text(written(as_file(settings)))
    except OSError as error:
        click.echo(f"error: {target}: {error.strerror}", err=True)
        sys.exit(1)
    sys.exit(0)


def _filenames(context: click.Context) -> tuple[str, ...]:
    filenames: tuple[str, ...] = context.params["filename"]
    if not filenames:
        raise click.UsageError("must specify -f: a manifest file, a folder of them, or -", context)
    return filenames


def _or_usage(make: Callable[[], Any]) -> Any:
    """What `make` returns; a mistake in the flags or their file is wrong usage."""
    try:
        return make()
    except ConfigError as error:
        raise click.UsageError(str(error)) from error


cli.add_command(explain)
cli.add_command(get)
cli.add_command(describe)
cli.add_command(events)
cli.add_command(top)
cli.add_command(graph)
cli.add_command(lab)
