"""Pure: pods as DNS names their addresses: `10-0-0-1.NAMESPACE.pod` (CoreDNS `findPods`, object/pod.go)."""

import ipaddress
from collections.abc import Iterable
from typing import Self

from controlplane.objects import Pod

_ENDED = frozenset({"Succeeded", "Failed", "Unknown"})  # phases that CoreDNS does not watch


def address_of_label(label: str) -> str | None:
    """The address that a pod's label spells, as it is spelled; None for what is no address.

    Three dashes and no two in a row make an IPv4 address, everything else an IPv6 one.
    """
    separator = "." if label.count("-") == 3 and "--" not in label else ":"
    address = label.replace("-", separator)
    if "%" in address or "." in label:  # a scope, which only Python takes for part of an address; a dot in a label
        return None
    try:
        ipaddress.ip_address(address)
    except ValueError:
        return None
    return address


class PodIndex:
    """Which addresses have a pod, by namespace; of several addresses of a pod only the first counts."""

    def __init__(self, known: frozenset[tuple[str, str]]) -> None:
        self._known = known
        self._namespaces = {address: namespace for namespace, address in sorted(known, reverse=True)}

    @classmethod
    def of(cls, pods: Iterable[Pod]) -> Self:
        """The pods that have an address and are not about to go; readiness does not matter."""
        return cls(
            frozenset(
                (pod.metadata.namespace, pod.status.pod_ip)
                for pod in pods
                if pod.status.pod_ip and not pod.metadata.deletion_timestamp and pod.status.phase not in _ENDED
            )
        )

    def holds(self, namespace: str, address: str) -> bool:
        """Whether a pod of the namespace has the address, compared as text."""
        return (namespace, address) in self._known

    def namespace_of(self, address: str) -> str | None:
        """The namespace of the pod that has the address; of several, which share their node's, the first by name."""
        return self._namespaces.get(address)
