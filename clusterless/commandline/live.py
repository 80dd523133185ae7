"""The commands that show what is going on: `events`, `top` and `graph`."""

# ruff: noqa: PLC0415  a command that only checks files must not pay for what these need

import sys
from typing import Any

import click

from .kubectlflags import KubectlCommand
from .shared import exit_with, source
from .sourceflags import agent_flag, source_flags


@click.command(cls=KubectlCommand, short_help="Print what happened, as kubectl events.")
@click.option("--output", "-o", "format", default="", metavar="FORMAT", help="wide, yaml, json or name.")
@click.option("--watch", "-w", is_flag=True, help="After the list, print what happens from now on.")
@click.option("--for", "about", default="", metavar="KIND/NAME", help="Only events about this object.")
@click.option("--types", default="", metavar="TYPE[,TYPE]", help="Only events of these types: Normal, Warning.")
@click.option("--no-headers", is_flag=True, help="Print no headings.")
@source_flags
@click.pass_context
def events(context: click.Context, /, **flags: Any) -> None:
    """Print what happened: what changed, what was refused, endpoints in and out of rotation.

    \b
    clusterless events -A -w               as it happens, in a running agent
    clusterless events --for svc/web
    clusterless events --types=Warning -f FOLDER
    """
    from clusterless.kubectl.events import EventsFlags, wanted
    from clusterless.kubectl.events import events as show_events
    from clusterless.kubectl.printers.output import output

    def run() -> int:
        chosen = EventsFlags(
            output=output(flags["format"]),
            wanted=wanted(flags["about"], flags["types"]),
            watch=flags["watch"],
            headings=not flags["no_headers"],
        )
        return show_events(source(context), chosen)

    exit_with(run)


@click.command(cls=KubectlCommand, short_help="Show live what an agent carries.")
@click.option("--namespace", "-n", default="default", show_default=True, help="The namespace to look at.")
@click.option("--all-namespaces", "-A", is_flag=True, help="Look at all namespaces.")
@click.option(
    "--interval",
    default=2.0,
    type=click.FloatRange(min=0.05),
    metavar="SECONDS",
    show_default=True,
    help="From one frame to the next.",
)
@click.option("--once", is_flag=True, help="Print one frame, with the rates of one interval, and end.")
@click.option("--svg", default="", metavar="FILE", help="Draw that frame into an SVG file instead.")
@agent_flag
def top(**flags: Any) -> None:
    """Show live what a running agent carries: connections, rates, who is not served and why, flows, DNS.

    Needs Rich: pip install 'clusterless[tui]'
    """
    try:
        from clusterless.introspection.top import TopFlags
        from clusterless.introspection.top import top as show_top
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != "rich":
            raise
        click.echo("error: top needs Rich: pip install 'clusterless[tui]'", err=True)
        sys.exit(1)
    namespace = "" if flags["all_namespaces"] else flags["namespace"]
    chosen = TopFlags(flags["server"], namespace, flags["interval"], flags["once"], flags["svg"])
    exit_with(lambda: show_top(chosen), takes_files=False)


@click.command(cls=KubectlCommand, short_help="Draw Services with their ports and endpoints.")
@click.argument("services", nargs=-1, metavar="[SERVICE...]")
@click.option(
    "--output",
    "-o",
    "form",
    type=click.Choice(["mermaid", "dot", "svg"]),
    default="mermaid",
    show_default=True,
    help="A Mermaid flowchart, Graphviz' language, or a picture.",
)
@source_flags
@click.pass_context
def graph(context: click.Context, /, form: str, services: tuple[str, ...], **_flags: Any) -> None:
    """Draw Services with their ports, endpoints and nodes.

    \b
    clusterless graph -f FOLDER            for Markdown
    clusterless graph web -o svg > web.svg
    """
    from clusterless.graph.command import graph as draw

    exit_with(lambda: draw(source(context), services, form))
