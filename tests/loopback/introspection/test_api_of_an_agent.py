"""An agent's objects, asked as `get` asks for them, and by real kubectl where there is one."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from clusterless.introspection.client import ServerError
from tests.netns.agents import HANG_SECONDS

from .agents import Running, names, objects, watched


def test_objects_are_where_the_api_server_has_them(running: Running):
    listed = running.client.get("/api/v1/namespaces/default/services")
    assert (listed["kind"], names(listed)) == ("ServiceList", ["api", "kubernetes", "web"])
    assert listed["metadata"]["resourceVersion"] == "1"
    web = running.client.get("/api/v1/namespaces/default/services/web")
    assert web["spec"]["clusterIP"] == f"{running.network}.20"
    assert web["metadata"]["creationTimestamp"].endswith("Z")
    assert names(running.client.get("/api/v1/services", fieldSelector="metadata.name=web")) == ["web"]
    selector = "kubernetes.io/service-name in (web)"
    slices = running.client.get("/apis/discovery.k8s.io/v1/endpointslices", labelSelector=selector)
    assert [each["endpoints"][0]["addresses"] for each in slices["items"]] == [[f"{running.network}.2"]]
    kind = {"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice"}
    running.apply(*objects(running.network), {**kind, "metadata": {"name": "of-nobody"}, "addressType": "IPv4"})
    assert "of-nobody" in names(running.client.get("/apis/discovery.k8s.io/v1/endpointslices"))
    assert "kube-system" in names(running.client.get("/api/v1/namespaces"))
    assert "web" in names(running.client.get("/api/v1/endpoints"))


@pytest.mark.parametrize(
    ("path", "query", "code", "text"),
    [
        (
            "/api/v1/namespaces/default/services/nowhere",
            {},
            404,
            'Error from server (NotFound): services "nowhere" not found',
        ),
        ("/apis/apps/v1/deployments", {}, 404, "could not find the requested resource"),
        ("/api/v1/services", {"labelSelector": "a in (b"}, 400, "Error from server (BadRequest): unable to parse"),
        ("/api/v1/services", {"fieldSelector": "spec.x=1"}, 400, "field label not supported: spec.x"),
        ("/clusterless/v1/nothing", {}, 404, "could not find"),
        ("/nothing", {}, 404, "is it an agent's metrics address?"),
    ],
)
def test_what_is_not_there_is_said_in_kubernetes_words(shared: Running, path, query, code, text):
    with pytest.raises(ServerError) as told:
        shared.client.get(path, **query)
    assert (told.value.code, text in str(told.value)) == (code, True), str(told.value)


def test_a_watch_follows_what_is_added_changed_and_deleted(running: Running):
    events = watched(running, "/api/v1/namespaces/default/services", fieldSelector="metadata.name!=kubernetes")

    def following() -> tuple[str, str, str]:
        event = events.get(timeout=HANG_SECONDS)
        return event["type"], event["object"]["metadata"]["name"], event["object"]["metadata"]["resourceVersion"]

    assert [following(), following()] == [("ADDED", "api", "1"), ("ADDED", "web", "1")]
    running.apply(*objects(running.network, sessionAffinity="ClientIP"))
    assert following() == ("MODIFIED", "web", "2")
    running.apply(*objects(running.network)[:1])
    assert {following(), following()} == {("DELETED", "api", "3"), ("MODIFIED", "web", "3")}
    late = watched(running, "/api/v1/services", resourceVersion=2)
    assert {late.get(timeout=HANG_SECONDS)["type"] for _ in range(2)} == {"DELETED", "MODIFIED"}
    early = watched(running, "/api/v1/services", resourceVersion=99)
    assert "too old resource version: 99 (3)" in early.get(timeout=HANG_SECONDS)["text"]


@pytest.mark.parametrize("resource", ["services", "events"])
def test_who_watches_from_a_lists_version_on_sees_nothing_twice_and_the_watch_ends_in_time(shared: Running, resource):
    version = shared.client.get(f"/api/v1/{resource}")["metadata"]["resourceVersion"]
    assert list(shared.client.watch(f"/api/v1/{resource}", resourceVersion=version, timeoutSeconds=1)) == []


@pytest.mark.skipif(shutil.which("kubectl") is None, reason="there is no kubectl")
def test_real_kubectl_finds_its_way(shared: Running, tmp_path: Path):
    def kubectl(*words: str, code: int = 0) -> str:
        done = subprocess.run(
            ["kubectl", "-s", shared.url, "--cache-dir", str(tmp_path), *words],
            capture_output=True,
            text=True,
            check=False,
            timeout=HANG_SECONDS,
            env={**os.environ, "HOME": str(tmp_path), "NO_PROXY": "*"},
        )
        assert done.returncode == code, done.stderr
        return done.stdout + done.stderr

    heading, *rows = kubectl("get", "svc", "--no-headers=false").splitlines()
    assert heading.split() == ["NAME", "TYPE", "CLUSTER-IP", "EXTERNAL-IP", "PORT(S)", "AGE"]
    assert [row.split()[:5] for row in rows if row.startswith("web")] == [
        ["web", "ClusterIP", f"{shared.network}.20", "<none>", "8080/TCP"]
    ]
    assert f"{shared.network}.2:9090" in kubectl("get", "ep", "web")
    assert "web" in kubectl("get", "endpointslices", "-A", "-l", "kubernetes.io/service-name=web", "-o", "name")
    assert f"Endpoints:                {shared.network}.2:9090" in kubectl("describe", "svc", "web")
    assert "Serving 4 Services" in kubectl("events")
    assert 'services "x" not found' in kubectl("get", "svc", "x", code=1)
    refused = kubectl("delete", "svc", "web", code=1)
    assert "the server does not allow this method" in refused
