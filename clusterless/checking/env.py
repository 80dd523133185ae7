"""`clusterless env`: the service environment variables of a pod, as the kubelet makes them."""

from collections.abc import Sequence

import click

from clusterless.kubectl.get import tell_problems
from clusterless.kubectl.sources import built
from controlplane.options import ClusterOptions
from controlplane.serviceenv import service_environment


def env(filenames: Sequence[str], options: ClusterOptions, namespace: str, *, enable_service_links: bool) -> int:
    """Print `NAME=value` for a pod of `namespace`, sorted by name; the exit code, 1 if a file is unreadable."""
    snapshot = built(filenames, options)
    is_unreadable = tell_problems(snapshot.errors)
    variables = service_environment(snapshot.services, namespace, enable_service_links=enable_service_links)
    for name, value in sorted(variables.items()):
        click.echo(f"{name}={value}")
    return 1 if is_unreadable else 0
