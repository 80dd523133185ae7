"""The commands that show objects as kubectl does: `get` and `describe`."""

# ruff: noqa: PLC0415  a command that only checks files must not pay for what this one needs

from typing import Any

import click
from click.shell_completion import CompletionItem

from .kubectlflags import KubectlCommand
from .shared import exit_with, source
from .sourceflags import source_flags


def _complete(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    from .completion import complete_resources

    return complete_resources(context, parameter, incomplete)


def _complete_format(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    from .completion import complete_formats

    return complete_formats(context, parameter, incomplete)


_resource_arguments = click.argument(
    "resources", nargs=-1, metavar="KIND[,KIND] [NAME...] | KIND/NAME...", shell_complete=_complete
)


@click.command(cls=KubectlCommand, short_help="Print objects as kubectl does.")
@_resource_arguments
@click.option(
    "--output",
    "-o",
    "format",
    default="",
    metavar="FORMAT",
    shell_complete=_complete_format,
    help="wide, yaml, json, name, jsonpath=TEMPLATE, jsonpath-as-json=TEMPLATE or custom-columns=SPEC.",
)
@click.option("--watch", "-w", is_flag=True, help="After the table, print each object that changes.")
@click.option("--watch-only", is_flag=True, help="Print changes alone.")
@click.option("--output-watch-events", is_flag=True, help="Say of a change whether it is ADDED, MODIFIED or DELETED.")
@click.option("--no-headers", is_flag=True, help="Print no headings.")
@click.option("--show-labels", is_flag=True, help="Show all labels in a last column.")
@click.option("--label-columns", "-L", multiple=True, metavar="LABEL[,LABEL]", help="Show these labels as columns.")
@click.option("--sort-by", default="", metavar="PATH", help="Sort by a field: .metadata.name, say.")
@click.option(
    "--field-selector", default="", metavar="SELECTOR", help="Only objects with such fields: spec.type=NodePort."
)
@click.option("--ignore-not-found", is_flag=True, help="A name that nobody has is no error.")
@source_flags
@click.pass_context
def get(context: click.Context, /, **flags: Any) -> None:
    """Print objects as kubectl does: services, endpointslices, endpoints, pods, nodes, namespaces, events.

    \b
    clusterless get svc                    what a running agent has
    clusterless get svc,ep -A -f FOLDER    what manifests would come to
    clusterless get svc/web -o yaml
    clusterless get svc -l app=web -w
    """
    from clusterless.kubectl.get import GetFlags
    from clusterless.kubectl.printers.output import output

    def run() -> int:
        chosen = GetFlags(
            output=output(flags["format"]),
            headings=not flags["no_headers"],
            show_labels=flags["show_labels"],
            label_columns=tuple(label for text in flags["label_columns"] for label in text.split(",")),
            sort_by=flags["sort_by"],
            field_selector=flags["field_selector"],
            ignore_not_found=flags["ignore_not_found"],
        )
        if flags["watch"] or flags["watch_only"]:
            from clusterless.kubectl.getwatch import WatchFlags, get_and_watch

            watching = WatchFlags(skip_list=flags["watch_only"], say_change=flags["output_watch_events"])
            return get_and_watch(source(context), flags["resources"], chosen, watching)
        from clusterless.kubectl.get import get as get_objects

        return get_objects(source(context), flags["resources"], chosen)

    exit_with(run)


@click.command(cls=KubectlCommand, short_help="Tell all of an object as kubectl does.")
@_resource_arguments
@click.option("--show-events/--no-show-events", default=True, help="Whether events stand at the end of each.")
@source_flags
@click.pass_context
def describe(context: click.Context, /, resources: tuple[str, ...], show_events: bool, **_flags: Any) -> None:
    """Tell all of objects as kubectl does: services, endpointslices, endpoints, pods, nodes, namespaces.

    \b
    clusterless describe svc web           of a running agent, with events
    clusterless describe svc -f FOLDER     all of a namespace
    clusterless describe pod web-          all pods whose names begin so
    """
    from clusterless.kubectl.describe import describe as describe_objects

    exit_with(lambda: describe_objects(source(context), resources, show_events=show_events))
