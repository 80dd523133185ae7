"""An agent in the hands of those who operate it, seen from inside its namespaces."""

import re
import tempfile
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

from .agents import HANG_SECONDS, Backend, endpoints, make_host, service, write

VIP = "10.96.1.1"
CONFIG = "apiVersion: kubeproxy.config.k8s.io/v1alpha1\nkind: KubeProxyConfiguration\n"


def host_and_folder() -> Path:
    """This host, with a backend on it, and a folder with one Service."""
    make_host()
    Backend()
    folder = Path(tempfile.mkdtemp(dir="/run"))
    write(folder / "first.json", service("first", clusterIP=VIP), endpoints("first"))
    return folder


def got(path: str) -> str:
    """What the agent's metrics address says."""
    with urllib.request.urlopen(f"http://127.0.0.1:10249{path}", timeout=HANG_SECONDS) as answer:
        return str(answer.read().decode())


def metric(name: str, **labels: str) -> float:
    """The sum over the series of that name with these labels."""
    total = 0.0
    for line in got("/metrics").splitlines():
        found = re.fullmatch(rf"{name}(?:\{{(.*)\}})? (\S+)", line)
        if found and all(f'{key}="{value}"' in (found[1] or "") for key, value in labels.items()):
            total += float(found[2])
    return total


def until(condition: Callable[[], bool]) -> None:
    """Ask until it holds, without taking the processor from those who are to bring it about."""
    deadline = time.monotonic() + HANG_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "it never came to hold"
        time.sleep(0.01)
