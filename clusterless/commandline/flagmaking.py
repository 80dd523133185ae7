"""How flags are made: each can be set by an environment variable too, and some are given to commands together."""

from collections.abc import Callable
from typing import Any, TypeVar

import click

_Command = TypeVar("_Command", bound=Callable[..., Any])


def flag(name: str, *more: str, **attributes: Any) -> Callable[[_Command], _Command]:
    """A click option that can also be set by an environment variable: `--state-dir` by CLUSTERLESS_STATE_DIR."""
    variable = "CLUSTERLESS_" + name.lstrip("-").upper().replace("-", "_")
    return click.option(name, *more, envvar=variable, show_envvar=False, **attributes)


def together(*flags: Callable[[_Command], _Command]) -> Callable[[_Command], _Command]:
    """One decorator for several, the help shows them in this order."""

    def decorate(command: _Command) -> _Command:
        for each in reversed(flags):
            command = each(command)
        return command

    return decorate
