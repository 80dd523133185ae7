"""The command that says why a connection goes where it goes: `explain`."""

# ruff: noqa: PLC0415  a command that only checks files must not pay for what this one needs

import json
import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from clusterless.configuration.kubeproxyconfig import ConfigError

from .flags import cluster_flags, cluster_options, dns_corefile_flag, filename_flag, proxy_place_flags
from .kubectlflags import KubectlCommand
from .shared import tell_server_error
from .sourceflags import server_flag

if TYPE_CHECKING:
    from collections.abc import Sequence

    from clusterless.explain.answering import Answer, Words
    from controlplane.problems import Problem


@click.command(cls=KubectlCommand, short_help="Walk the way of one connection, and say why.")
@click.argument("target", metavar="HOST:PORT|SERVICE")
@click.option(
    "--from",
    "source",
    default="",
    metavar="POD|IP|external|node/NAME",
    help="Who asks: POD or NAMESPACE/POD, an address, somebody outside, or a node. Default: any pod of the namespace.",
)
@click.option("--node", default="", metavar="NAME", help="The node that the client is on, or is routed to.")
@click.option("--udp", is_flag=True, help="Ask for UDP instead of TCP.")
@click.option("--ping", is_flag=True, help="Ask what ping sees instead of a connection.")
@click.option("--namespace", "-n", default="default", show_default=True, help="The client's namespace.")
@click.option("--output", "-o", type=click.Choice(["text", "json"]), default="text", show_default=True, help="Format.")
@click.option("--svg", default="", metavar="FILE", help="Also write a picture of the text, by Rich.")
@filename_flag
@server_flag
@cluster_flags
@proxy_place_flags
@dns_corefile_flag
@click.pass_context
def explain(context: click.Context, /, **flags: Any) -> None:
    """Walk the way of one connection and say at each step why: name, address, policy, endpoints, outcome.

    \b
    clusterless explain web:80                               from any pod, of a running agent
    clusterless explain web.shop:80 --from shop/cart-1 -f manifests/
    clusterless explain 10.240.0.4:30080 --from external
    clusterless explain svc/web                              all its ports and addresses
    clusterless explain dns.kube-system:53 --udp -o json

    Exit code 0: it connects; 1: it does not; 2: the question is wrong.
    """
    from clusterless.explain.question import QuestionError
    from clusterless.introspection.client import ServerError

    words = _words(flags)
    try:
        answered = _of_files(context, words) if flags["filename"] else _of_agent(flags["server"], words)
    except (QuestionError, ConfigError) as error:
        raise click.UsageError(str(error), context) from error
    except ServerError as error:
        tell_server_error(error)
        sys.exit(2 if error.code == 400 else 1)
    _show(answered, words, flags)
    sys.exit(0 if answered.is_good else 1)


def _words(flags: dict[str, Any]) -> "Words":
    from clusterless.explain.answering import Words
    from controlplane.objects import Protocol

    return Words(
        target=flags["target"],
        source=flags["source"],
        node=flags["node"],
        namespace=flags["namespace"],
        protocol=Protocol.UDP if flags["udp"] else Protocol.TCP,
        is_ping=flags["ping"],
    )


def _of_files(context: click.Context, words: "Words") -> "Answer":
    from clusterless.configuration.settings import place_mistakes, split
    from clusterless.explain.answering import answer
    from clusterless.explain.files import facts_of_files
    from clusterless.explain.world import World
    from proxy.options import LOCALHOST, PRIMARY, ProxyOptions

    flags = context.params
    options = cluster_options(flags)
    proxy = ProxyOptions(
        cluster_cidrs=options.cluster_cidrs,
        service_ranges=options.service_cluster_ip_ranges,
        node_port_addresses=split(flags["nodeport_addresses"]) or (PRIMARY, LOCALHOST),
        external_ip_ranges=tuple(flags["external_ip_range"]),
        load_balancer_ip_ranges=split(flags["load_balancer_ip_range"]),
    )
    if mistakes := list(
        place_mistakes(proxy.external_ip_ranges, proxy.load_balancer_ip_ranges, proxy.node_port_addresses)
    ):
        raise ConfigError("\n".join(mistakes))
    facts = facts_of_files(flags["filename"], options, proxy, flags["corefile"])
    _tell_errors(facts.snapshot.errors)
    return answer(World(facts), words)


def _tell_errors(errors: "Sequence[Problem]") -> None:
    """Files that cannot be read by name, since what they hold is missed; of objects that are refused, how many."""
    from controlplane.problems import Reason, render

    for line in render([each for each in errors if each.reason is Reason.PARSE]):
        click.echo(line, err=True)
    if refused := sum(each.reason is not Reason.PARSE for each in errors):
        count = f"{refused} error{'' if refused == 1 else 's'}"
        click.echo(f"warning: manifests with {count} are refused: see clusterless check", err=True)


def _of_agent(server: str, words: "Words") -> "Answer":
    from clusterless.explain.answering import PATH, from_json
    from clusterless.introspection.client import Client

    return from_json(Client(server).get(PATH, **words.query()))


def _show(answered: "Answer", words: "Words", flags: dict[str, Any]) -> None:
    from clusterless.explain.answering import to_json
    from clusterless.explain.text import lines_of, printed

    lines = lines_of(answered, _width())
    if flags["svg"]:
        _write_picture(Path(flags["svg"]), lines, words)
    if flags["output"] == "json":
        click.echo(json.dumps(to_json(answered), indent=2, ensure_ascii=False))
    else:
        click.echo(printed(lines, colours=_has_colours()))


def _width() -> int:
    """A terminal's, within reason; what is piped has the usual one."""
    from clusterless.explain.text import WIDTH

    return min(max(shutil.get_terminal_size().columns - 1, 72), 120) if sys.stdout.isatty() else WIDTH


def _has_colours() -> bool:
    """A terminal that was not asked to be plain (https://no-color.org)."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def _write_picture(path: Path, lines: Any, words: "Words") -> None:
    from clusterless.explain.svg import NoRichError, write_svg

    source = f" --from {words.source}" if words.source else ""
    try:
        write_svg(path, lines, f"clusterless explain {words.target}{source}")
    except NoRichError as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(1)
    except OSError as error:
        click.echo(f"error: {path}: {error.strerror}", err=True)
        sys.exit(1)
