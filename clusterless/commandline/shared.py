"""What commands that look at objects have in common: where they look, and how they end."""

# ruff: noqa: PLC0415  a command that only checks files must not pay for what these need

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, NoReturn

import click

from clusterless.configuration.kubeproxyconfig import ConfigError

if TYPE_CHECKING:
    from clusterless.introspection.client import ServerError
    from clusterless.kubectl.sources import Source


def source(context: click.Context) -> "Source":
    """Where the running command's `source_flags` say to look. Raises click.UsageError."""
    from clusterless.kubectl.sources import source_of

    try:
        return source_of(context.params)
    except ConfigError as error:
        raise click.UsageError(str(error)) from error


def exit_with(run: Callable[[], int], *, takes_files: bool = True) -> NoReturn:
    """Run, and exit with the code; what kubectl would refuse is told on stderr, with code 1."""
    from clusterless.introspection.client import ServerError
    from clusterless.kubectl.printers.arguments import ArgumentError
    from clusterless.kubectl.printers.jsonpathnodes import JSONPathError
    from clusterless.kubectl.printers.output import OutputError

    try:
        sys.exit(run())
    except (ArgumentError, OutputError, JSONPathError) as error:
        click.echo(f"error: {error}", err=True)
    except ServerError as error:
        tell_server_error(error, takes_files=takes_files)
    except KeyboardInterrupt:
        sys.exit(130)
    sys.exit(1)


def tell_server_error(error: "ServerError", *, takes_files: bool = True) -> None:
    """Say on stderr what an agent has answered; where none has, what to do about it."""
    click.echo(error, err=True)
    if not error.code:
        otherwise = "; -f PATH looks at manifests instead" if takes_files else ""
        click.echo(f"    hint: `clusterless up` runs an agent{otherwise}", err=True)
