"""Pure: the environment of a pod's first container, as the kubelet makes it.

Sources: `makeEnvironmentVariables` in `pkg/kubelet/kubelet_pods.go`; `third_party/forked/golang/expansion`.
"""

import re
from collections.abc import Mapping

from controlplane.objects import Pod
from controlplane.serviceenv import service_environment
from controlplane.snapshot import Snapshot

_REFERENCE = re.compile(r"\$(?:\$|\(([^)]*)\))")


def pod_environment(pod: Pod | None, namespace: str, snapshot: Snapshot) -> dict[str, str]:
    """The service variables and the container's own; `None` is a pod of that namespace with nothing special about it.

    What a container takes from ConfigMaps, Secrets and fields is not among them.
    """
    links = pod is None or pod.spec.enable_service_links is not False
    variables = service_environment(snapshot.services, namespace, enable_service_links=links)
    containers = pod.spec.containers if pod is not None else ()
    known = dict(variables)
    for variable in containers[0].env if containers else ():
        known[variable.name] = expanded(variable.value, known)
    return known


def expanded(text: str, known: Mapping[str, str]) -> str:
    """`$(NAME)` replaced by what is known, left as it is where nothing is; `$$` is a dollar."""

    def replacement(reference: re.Match[str]) -> str:
        name = reference[1]
        return "$" if name is None else known.get(name, reference[0])

    return _REFERENCE.sub(replacement, text)
