"""Pure: the tour of the seven kinds of Service: what is run where, and what its output must look like.

It holds for any lab of configs/manifests whose hosts bear these names; a `Runner` is what knows how to act in one.
"""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

# A pod, a host outside that the load balancer lets in, and one outside that it does not.
CLIENT, OUTSIDE, STRANGER = "client", "outside", "stranger"

# An answer comes at once; the bounds are against hangs, but for one: silence has to be cut short somewhere.
CURL = "curl -sS -m 10"
HURRIED_CURL = "curl -sS -m 2"
DIG = "dig +short +search"

# A load balancer takes a silent node out after ten seconds at the most, a node's agent may need as long to come back.
PATIENT_SECONDS = 30.0

_VIP = r"10\.\d+\.\d+\.\d+"
_POD = r"10\.244\.\d+\.\d+"
_APP = r"example-app-\S+"


class Step(NamedTuple):
    """One command on one host, and what its output must look like (a regular expression for all of it).

    Where something has to take effect first, a wrong answer may still become right for `patience` seconds.
    """

    host: str
    command: str
    expected: str
    patience: float = 0.0


class StopNode(NamedTuple):
    """A node loses its power: it falls silent, and all of its pods with it."""

    node: str


class StartNode(NamedTuple):
    """The node comes back."""

    node: str


Action = Step | StopNode | StartNode


class Kind(NamedTuple):
    """One kind of Service: what there is to see of it."""

    title: str
    actions: Sequence[Action]


class Runner(Protocol):
    """Acts in one lab: in namespaces, or in containers."""

    def run(self, host: str, command: str) -> str:
        """What a shell command writes on a host, to both its outputs, whatever its exit code."""
        ...

    def stop_node(self, node: str) -> str:
        """Have a node fail; returns the command that a user would type for it."""
        ...

    def start_node(self, node: str) -> str:
        """Have it come back; returns the command that a user would type for it."""
        ...


TOUR = (
    Kind(
        "ClusterIP: one virtual address in front of the pods",
        (
            Step(CLIENT, f"{DIG} web", _VIP),
            Step(
                CLIENT,
                f"for i in 1 2 3; do {CURL} http://web/hostname; done",
                r"(example-app-\S+)\n(?!\1)(example-app-\S+)\n(?!\1|\2)example-app-\S+",
            ),
            Step(CLIENT, f"{CURL} http://$({DIG} web)/hostname", _APP),
        ),
    ),
    Kind(
        "ExternalIP: a node's address, at the Service's port, from outside",
        (
            Step(CLIENT, f"{DIG} example-externalip", _VIP),
            Step(OUTSIDE, f"{CURL} http://10.240.0.4:8080/hostname", _APP),
            Step(OUTSIDE, f"{CURL} http://10.240.0.5:8080/hostname", _APP),
        ),
    ),
    Kind(
        "NodePort: the same port on every node, from outside",
        (
            Step(CLIENT, f"{DIG} example-nodeport", _VIP),
            Step(OUTSIDE, f"{CURL} http://10.240.0.4:30080/hostname", _APP),
            Step(OUTSIDE, f"{CURL} http://10.240.0.5:30080/hostname", _APP),
        ),
    ),
    Kind(
        "LoadBalancer: an address in front of the nodes, for those whom it lets in",
        (
            Step(CLIENT, f"{DIG} example-loadbalancer", _VIP),
            Step(OUTSIDE, f"{CURL} http://203.0.113.10:8080/hostname", _APP),
            Step(STRANGER, f"{HURRIED_CURL} http://203.0.113.10:8080/hostname", r"curl: \(28\) .*"),
            StopNode("node-2"),
            Step(
                OUTSIDE,
                f"for i in 1 2 3 4; do {HURRIED_CURL} http://203.0.113.10:8080/hostname; done",
                rf"{_APP}(\n{_APP}){{3}}",
                PATIENT_SECONDS,
            ),
            StartNode("node-2"),
            Step(OUTSIDE, f"{HURRIED_CURL} http://10.240.0.5:30080/hostname", _APP, PATIENT_SECONDS),
        ),
    ),
    Kind(
        "Headless: no virtual address, DNS answers the pods",
        (
            Step(CLIENT, f"{DIG} db", rf"{_POD}\n{_POD}", PATIENT_SECONDS),
            Step(CLIENT, f"{DIG} db-0.db", _POD),
            Step(CLIENT, f"{CURL} http://db-0.db/hostname", "db-0"),
            Step(CLIENT, f"{CURL} http://db-1.db/hostname", "db-1"),
        ),
    ),
    Kind(
        "ExternalName: an alias for a name outside",
        (
            Step(CLIENT, f"{DIG} example-externalname", r"external\.example\.com\.\n198\.51\.100\.80"),
            Step(CLIENT, f"{CURL} http://example-externalname/hostname", r"external\.example\.com"),
        ),
    ),
    Kind(
        "Without selector: endpoints written by hand, machines outside the cluster",
        (
            Step(CLIENT, f"{DIG} example-none-selector", _VIP),
            Step(CLIENT, f"{CURL} http://example-none-selector/hostname", r"host-10-0-1-10[12]"),
        ),
    ),
    Kind(
        "And with no endpoints at all: refused, as here where no API server runs",
        (
            Step(CLIENT, f"{DIG} kubernetes", _VIP),
            Step(CLIENT, f"{CURL} -k https://kubernetes/", r"curl: \(7\) .*"),
        ),
    ),
)
