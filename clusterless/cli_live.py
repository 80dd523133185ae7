"""The commands that show what is going on: `events`, `top` and `graph`."""

# ruff: noqa: PLC0415  a command that only checks files must not pay for what these need

import sys
from collections.abc import Callable
from typing import Any, NoReturn

import click

from .flags import source_flags
from .kubeproxyconfig import ConfigError


@click.command()
@source_flags
@click.option("--output", "-o", "format", default="", metavar="FORMAT", help="wide, yaml, json or name.")
@click.option("--watch", "-w", is_flag=True, help="After the list, print what happens from now on.")
@click.option("--for", "about", default="", metavar="KIND/NAME", help="Only events about this object.")
@click.option("--types", default="", metavar="TYPE[,TYPE]", help="Only events of these types: Normal, Warning.")
@click.option("--no-headers", is_flag=True, help="Print no headings.")
@click.pass_context
def events(context: click.Context, /, **flags: Any) -> None:
    """Print what happened: what changed, what was refused, endpoints in and out of rotation.

    \b
    clusterless events -A -w               as it happens, in a running agent
    clusterless events --for svc/web
    clusterless events --types=Warning -f FOLDER
    """
    from .eventscommand import EventsFlags, wanted
    from .eventscommand import events as show_events
    from .printers.output import output

    def run() -> int:
        chosen = EventsFlags(
            output=output(flags["format"]),
            wanted=wanted(flags["about"], flags["types"]),
            watch=flags["watch"],
            headings=not flags["no_headers"],
        )
        return show_events(_source(context), chosen)

    _exit_with(run)


def _source(context: click.Context) -> Any:
    from .sources import source_of

    try:
        return source_of(context.params)
    except ConfigError as error:
        raise click.UsageError(str(error)) from error


def _exit_with(run: Callable[[], int]) -> NoReturn:
    """Run, and exit with the code; what kubectl would refuse is told on stderr, with code 1."""
    from .introspection.client import ServerError
    from .printers.arguments import ArgumentError
    from .printers.output import OutputError

    try:
        sys.exit(run())
    except (ArgumentError, OutputError, ValueError) as error:
        click.echo(f"error: {error}", err=True)
    except ServerError as error:
        click.echo(error, err=True)
    except KeyboardInterrupt:
        sys.exit(130)
    sys.exit(1)
