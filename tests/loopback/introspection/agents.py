"""Agents whose introspection port is asked."""

import contextlib
import os
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from queue import Queue

from click.testing import CliRunner

from clusterless.cli import cli
from clusterless.introspection.client import Client, ServerError
from tests.netns.agents import NOBODYS, Agent, endpoints, service, write
from tests.places import own_network


class Running:
    """An agent that serves `web` and `api`, and the client that asks it."""

    def __init__(self, folder: Path, network: str, agent: Agent) -> None:
        self.folder = folder
        self.network = network
        self.agent = agent
        self.url = f"http://{network}.1:10249"
        self.client = Client(self.url)
        self.generation = 1

    def apply(self, *objects: dict) -> None:
        """Write other manifests, and wait until they are applied."""
        write(self.folder / "all.json", *objects)
        self.generation += 1
        self.agent.wait_applied(self.generation)

    def command(self, *words: str) -> str:
        result = CliRunner().invoke(cli, [*words, "-s", self.url], prog_name="clusterless")
        assert result.exit_code == 0, result.output
        return result.stdout


@contextlib.contextmanager
def an_agent() -> Iterator[Running]:
    with own_network() as network, tempfile.TemporaryDirectory() as path:
        os.chmod(path, 0o755)
        folder = Path(path)
        (folder / "Corefile").write_text(".:53 {\n    kubernetes cluster.local\n}\n")
        write(folder / "all.json", *objects(network))
        arguments = [
            f"-f{folder}",
            f"--corefile={folder}/Corefile",
            f"--service-cluster-ip-range={network}.0/24",
            "--allow-loopback-endpoints",
            "--healthz-bind-address=",
            f"--metrics-bind-address={network}.1:10249",
        ]
        with Agent(*arguments, user=NOBODYS) as agent:
            yield Running(folder, network, agent)


def objects(network: str, **web: object) -> list[dict]:
    return [
        service("web", **{"clusterIP": f"{network}.20", "ports": [{"port": 8080}], **web}),
        endpoints("web", f"{network}.2", 9090),
        service("api", clusterIP=f"{network}.21", ports=[{"port": 8080}]),
    ]


def names(listed: dict) -> list[str]:
    return [each["metadata"]["name"] for each in listed["items"]]


def watched(running: Running, path: str, **query: object) -> "Queue[dict]":
    """The events of a watch, as they come; the first one says that the watch is open."""
    events: Queue[dict] = Queue()

    def follow() -> None:
        try:
            for event in running.client.watch(path, **query):
                events.put(event)
        except ServerError as error:
            events.put({"type": "ERROR", "text": str(error)})

    threading.Thread(target=follow, daemon=True).start()
    return events
