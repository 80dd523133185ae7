"""`clusterless env`: the service environment variables of a pod, as the kubelet makes them."""

import time
from collections.abc import Sequence

from controlplane.build import Builder
from controlplane.manifests import ManifestReader
from controlplane.options import ClusterOptions
from controlplane.serviceenv import service_environment


def environment_lines(
    filenames: Sequence[str], options: ClusterOptions, namespace: str, *, enable_service_links: bool
) -> list[str]:
    """`NAME=value` for a pod of `namespace`, sorted by name."""
    reading = ManifestReader().read(filenames)
    snapshot = Builder(options).build(reading, int(time.time())).snapshot
    variables = service_environment(snapshot.services, namespace, enable_service_links=enable_service_links)
    return [f"{name}={value}" for name, value in sorted(variables.items())]
