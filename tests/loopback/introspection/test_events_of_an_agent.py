"""What an agent tells of changes, refusals and failures; and what manifests alone make `events` say."""

import json
import os
import signal
import socket
import subprocess
from pathlib import Path

from tests.files import put
from tests.netns.agents import CLUSTERLESS, HANG_SECONDS, endpoints, service, write

from .agents import Running, objects, watched


def test_events_tell_of_changes_as_they_happen(running: Running):
    events = watched(running, "/api/v1/namespaces/default/events")
    assert events.get(timeout=HANG_SECONDS)["object"]["reason"] == "Starting"
    running.apply(*objects(running.network, ports=[{"port": 99999}])[:1])
    reasons = set()
    while not {"Deleted", "FailedValidation"} <= reasons:
        reasons.add(events.get(timeout=HANG_SECONDS)["object"]["reason"])
    table = running.command("events", "--types=Warning", "--for", "svc/web")
    assert 'The Service "web" is invalid: spec.ports[0].port: Invalid value: 99999' in table
    assert table.startswith("LAST SEEN   TYPE      REASON             OBJECT        MESSAGE\n")
    listed = json.loads(running.command("events", "-o", "json"))
    web = running.client.get("/api/v1/namespaces/default/services/web")
    uids = {each["involvedObject"]["uid"] for each in listed["items"] if each["involvedObject"]["name"] == "web"}
    assert uids == {web["metadata"]["uid"]}, "so that kubectl describe finds them"


def test_a_corefile_that_is_refused_has_an_event(running: Running):
    events = watched(running, "/api/v1/events", fieldSelector="reason=CorefileRefused")
    put(running.folder / "Corefile", ".:53 {\n    kubernets cluster.local\n}\n")
    event = events.get(timeout=HANG_SECONDS)["object"]
    assert (event["type"], event["involvedObject"]["kind"]) == ("Warning", "Node")
    assert "Corefile:2 - Error during parsing: Unknown directive 'kubernets'" in event["message"]


def test_a_port_that_somebody_has_is_told_and_that_it_is_free_again(running: Running):
    """The one port is reported, everything else works, and it is served as soon as it is free."""
    events = watched(running, "/api/v1/events", fieldSelector="involvedObject.name=taken")
    address = (f"{running.network}.30", 8080)
    taken = service("taken", clusterIP=address[0], ports=[{"port": 8080}])
    slices = endpoints("taken", f"{running.network}.2", 9090)
    with socket.create_server(address):
        running.apply(*objects(running.network), taken, slices)
        failed = next(each for each in iter(lambda: events.get(timeout=HANG_SECONDS), None) if is_warning(each))
        assert failed["object"]["reason"] == "FailedToOpenFrontend"
        assert failed["object"]["message"].startswith(f"Not served at {address[0]}:8080/TCP: ")
        states = running.client.get("/clusterless/v1/status")["frontends"]
        assert states["failed"] == 1
    opened = events.get(timeout=HANG_SECONDS)["object"]
    assert (opened["type"], opened["reason"]) == ("Normal", "OpenedFrontend")


def is_warning(event: dict) -> bool:
    return event["object"]["type"] == "Warning"


def test_events_of_manifests_follow_their_files(tmp_path: Path):
    manifest = tmp_path / "all.json"
    write(manifest, service("web", ports=[{"port": 99999, "targetPort": 80}]))
    command = [*CLUSTERLESS, "events", "-w", "--no-headers", "-f", str(tmp_path)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONUNBUFFERED": "1"}
    ) as done:
        assert done.stdout is not None
        assert "Invalid value: 99999" in done.stdout.readline()
        write(manifest, service("web", type="NodePort"))
        assert "Created NodePort Service" in done.stdout.readline()
        done.send_signal(signal.SIGINT)
        assert done.wait(HANG_SECONDS) == 130
