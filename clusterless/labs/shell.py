"""What a user finds on a host of a lab: environment, shell, prompt and a few words."""

import os
import sys
from pathlib import Path

from controlplane.snapshot import Snapshot
from lab.podenvironment import pod_environment
from lab.processes import RUN
from lab.topology import CLIENT_POD, Host, Role, Topology

from .programs import METRICS_PORT


def environment(host: Host, topology: Topology, snapshot: Snapshot) -> dict[str, str]:
    """Ours, as far as it concerns the user, with what a pod gets from its kubelet, and the agent that may be asked."""
    variables = {**os.environ, "HOSTNAME": host.hostname, "PS1": f"{prompt_name(host)}$ "}
    variables["PATH"] = _with_our_programs(variables.get("PATH", os.defpath))
    if (agent := _agent(host, topology)) is not None:
        address = agent.addresses[0]
        where = f"[{address}]" if ":" in address else address
        variables["CLUSTERLESS_SERVER"] = f"http://{where}:{METRICS_PORT}"
    if host.pod is not None:
        pod = None if host.name == CLIENT_POD else snapshot.pods.get(host.pod)
        variables |= pod_environment(pod, host.pod.namespace, snapshot)
    return variables


def shell(host: Host) -> tuple[str, ...]:
    """The user's shell; bash is told of the prompt after the user's own settings have been read."""
    program = os.environ.get("SHELL", "/bin/sh")
    if Path(program).name != "bash":
        return (program,)
    settings = RUN / "hosts" / host.name / "bashrc"
    settings.write_text(f"[ ! -f ~/.bashrc ] || . ~/.bashrc\nPS1='{prompt_name(host)}$ '\n")
    return (program, "--rcfile", str(settings))


def prompt_name(host: Host) -> str:
    """What stands before the `$`."""
    return host.pod.name if host.pod else host.name


def banner(name: str, topology: Topology, snapshot: Snapshot, seconds: float) -> str:
    """What is here and what to try, for who comes into an interactive shell."""
    services = [service for key, service in snapshot.services.items() if key.namespace == "default"]
    tried = next((s for s in services if s.spec.selector and s.spec.ports), None)
    there = "kubernetes" if tried is None else tried.metadata.name
    port = "" if tried is None or tried.spec.ports[0].port == 80 else f":{tried.spec.ports[0].port}"
    nodes = sum(host.role is Role.NODE for host in topology.hosts)
    return f"""lab "{name}": {nodes} nodes, {len(snapshot.pods)} pods and the outside, ready after {seconds:.1f} s
You stand in a pod. To try:
  dig +short +search {there}        curl http://{there}{port}/
  clusterless get svc,pods -A       clusterless explain {there}{port}
  clusterless lab status            clusterless lab shell {"POD | NODE | outside"}
  clusterless lab node down NODE    clusterless lab pod delete POD
In other terminals: clusterless lab shell, and so on. Leave with `exit`, and the lab ends.
"""


def _agent(host: Host, topology: Topology) -> Host | None:
    """The node whose agent a host asks: its own, else the first."""
    nodes = [each for each in topology.hosts if each.role is Role.NODE]
    return next((each for each in nodes if each.name == host.node), nodes[0] if nodes else None)


def _with_our_programs(path: str) -> str:
    """A search path on which `clusterless` is found, be it from an environment that is not activated."""
    ours = str(Path(sys.executable).parent)
    return path if ours in path.split(os.pathsep) else f"{path}{os.pathsep}{ours}"
