"""The flags that say where the commands that show objects look: manifests, or a running agent."""

from typing import Any

import click
from click.shell_completion import CompletionItem

from .flagmaking import flag, together
from .flags import cluster_flags, filename_flag

_SERVER: dict[str, Any] = {"default": "http://127.0.0.1:10249", "metavar": "URL", "show_default": True}

server_flag = flag(
    "--server", "-s", **_SERVER, help="The running agent to ask where no -f is given: its metrics address."
)
agent_flag = flag("--server", "-s", **_SERVER, help="The running agent to ask: its metrics address.")


def _complete_namespace(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    from .completion import complete_namespaces  # noqa: PLC0415  to load when somebody completes

    return complete_namespaces(context, parameter, incomplete)


source_flags = together(
    filename_flag,
    server_flag,
    click.option(
        "--namespace",
        "-n",
        default="default",
        show_default=True,
        shell_complete=_complete_namespace,
        help="The namespace to look at.",
    ),
    click.option("--all-namespaces", "-A", is_flag=True, help="Look at all namespaces."),
    click.option(
        "--selector",
        "-l",
        default="",
        metavar="SELECTOR",
        help="Only objects with such labels: app=web,tier!=cache,zone in (a,b),!canary",
    ),
    cluster_flags,
)
