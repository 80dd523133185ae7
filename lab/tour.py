"""I/O: walks through the seven kinds of Service, shows each command with its answer, and checks every answer."""

import os
import re
import tempfile
from collections.abc import Callable, Sequence
from typing import NamedTuple

from .processes import execute
from .runtime import Lab
from .topology import CLIENT_POD

# An answer comes at once; the bound is against hangs, and dig has its own.
CURL = "curl -sS -m 10"
DIG = "dig +short +search"


class Step(NamedTuple):
    """One command on one host, and what its output must look like (a regular expression for all of it)."""

    host: str
    command: str
    expected: str


class Stop(NamedTuple):
    """One kind of Service: what there is to see of it."""

    title: str
    steps: Sequence[Step]


TOUR = (
    Stop(
        "ClusterIP: one virtual address in front of the pods",
        (
            Step(CLIENT_POD, f"{DIG} web", r"10\.\d+\.\d+\.\d+"),
            Step(
                CLIENT_POD,
                f"for i in 1 2 3; do {CURL} http://web/hostname; done",
                r"(example-app-\S+)\n(?!\1)(example-app-\S+)\n(?!\1|\2)example-app-\S+",
            ),
        ),
    ),
    Stop(
        "ExternalIP: a node's address, at the Service's port, from outside",
        (
            Step(CLIENT_POD, f"{DIG} example-externalip", r"10\.\d+\.\d+\.\d+"),
            Step("outside", f"{CURL} http://10.240.0.4:8080/hostname", r"example-app-\S+"),
        ),
    ),
    Stop(
        "NodePort: the same port on every node, from outside",
        (
            Step(CLIENT_POD, f"{DIG} example-nodeport", r"10\.\d+\.\d+\.\d+"),
            Step("outside", f"{CURL} http://10.240.0.4:30080/hostname", r"example-app-\S+"),
            Step("outside", f"{CURL} http://10.240.0.5:30080/hostname", r"example-app-\S+"),
        ),
    ),
    Stop(
        "LoadBalancer: the address that stands in the Service's status, from outside",
        (
            Step(CLIENT_POD, f"{DIG} example-loadbalancer", r"10\.\d+\.\d+\.\d+"),
            Step("outside", f"{CURL} http://203.0.113.10:8080/hostname", r"example-app-\S+"),
        ),
    ),
    Stop(
        "Headless: no virtual address, DNS answers the pods",
        (
            Step(CLIENT_POD, f"{DIG} db", r"10\.244\.\d+\.\d+\n10\.244\.\d+\.\d+"),
            Step(CLIENT_POD, f"{DIG} db-0.db", r"10\.244\.\d+\.\d+"),
            Step(CLIENT_POD, f"{CURL} http://db-0.db/hostname", r"db-0"),
        ),
    ),
    Stop(
        "ExternalName: an alias for a name outside",
        (
            Step(CLIENT_POD, f"{DIG} example-externalname", r"external\.example\.com\.\n198\.51\.100\.80"),
            Step(CLIENT_POD, f"{CURL} http://example-externalname/hostname", r"external\.example\.com"),
        ),
    ),
    Stop(
        "Without selector: endpoints written by hand, machines outside the cluster",
        (
            Step(CLIENT_POD, f"{DIG} example-none-selector", r"10\.\d+\.\d+\.\d+"),
            Step(CLIENT_POD, f"{CURL} http://example-none-selector/hostname", r"host-10-0-1-10[12]"),
        ),
    ),
)


def walk(lab: Lab, say: Callable[[str], None]) -> int:
    """Run the whole tour; returns 0 when every answer was right, else 1, having told which was not."""
    wrong = 0
    for number, stop in enumerate(TOUR, 1):
        say(f"\n{number}. {stop.title}")
        for step in stop.steps:
            output = _run(lab, step)
            say(f"  {step.host}$ {step.command}")
            say("\n".join(f"  {line}" for line in output.splitlines()))
            if not re.fullmatch(step.expected, output.strip()):
                wrong += 1
                say(f"  WRONG: expected {step.expected}")
    right = sum(len(stop.steps) for stop in TOUR) - wrong
    say(f"\n{right} answers right, {wrong} wrong")
    return 1 if wrong else 0


def _run(lab: Lab, step: Step) -> str:
    with tempfile.TemporaryFile("w+") as output:

        def command() -> int:
            os.dup2(output.fileno(), 1)
            os.dup2(output.fileno(), 2)
            return execute(["sh", "-c", step.command], os.environ)()

        lab.run(lab.topology.named(step.host), command)
        output.seek(0)
        return output.read()
