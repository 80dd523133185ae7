"""What the builder remembers never shows: one change after the other ends where looking at everything anew would."""

import os
import random

import pytest
import yaml

from controlplane.build import Builder
from controlplane.collect import Collector
from controlplane.derive import SliceMaker
from controlplane.manifests import ManifestReader
from controlplane.options import ClusterOptions
from controlplane.podmaking import PodMaker

OPTIONS = ClusterOptions(hostname="here", node_addresses=("192.0.2.1",), schedule_pods=True)
NOW = 1_700_000_000


def text(kind, name, *, version="v1", namespace="", labels=None, **fields):
    metadata = {"name": name, "namespace": namespace, "labels": labels or {}}
    return yaml.safe_dump({"apiVersion": version, "kind": kind, "metadata": metadata, **fields})


def a_service(rng, name):
    wish = rng.choice([{"selector": {"app": "one"}}, {"selector": {"app": "two"}}, {"clusterIP": "10.96.7.7"}, {}])
    kind = rng.choice(["ClusterIP", "NodePort"])
    return text("Service", name, spec={"type": kind, "ports": [{"port": rng.choice([80, 81])}], **wish})


def a_slice(rng, name):
    of = {"kubernetes.io/service-name": rng.choice("abcde")} if rng.random() < 0.8 else {}
    endpoints = [{"addresses": [f"10.1.0.{rng.randrange(1, 4)}"]}]
    version, ports = "discovery.k8s.io/v1", [{"port": 1}]
    return text(
        "EndpointSlice", f"{name}-1", version=version, labels=of, addressType="IPv4", endpoints=endpoints, ports=ports
    )


def a_workload(rng, name):
    labels = {"app": rng.choice(["one", "two"])}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "a", "image": "a"}]}}
    spec = {"replicas": rng.randrange(4), "selector": {"matchLabels": labels}, "template": template}
    return text("Deployment", name, version="apps/v1", spec=spec)


def a_pod(rng, name):
    status = rng.choice([{}, {"status": {"podIP": "10.244.0.3"}}])
    spec = {"nodeName": rng.choice(["here", "nowhere", ""]), "containers": [{"name": "a", "image": "a"}]}
    return text("Pod", name, labels={"app": rng.choice(["one", "two"])}, spec=spec, **status)


def something_else(rng, name):
    return rng.choice(
        [
            text("Secret", name),
            text("Service", name, spec={"prots": []}),
            text("Namespace", name),
            text("Service", name, namespace="other", spec={"ports": [{"port": 1}]}),
            text("Endpoints", name, subsets=[{"addresses": [{"ip": "10.2.0.1"}], "ports": [{"port": 1}]}]),
            text("ConfigMap", "coredns", namespace="kube-system", data={"Corefile": "."}),
            text("Service", "kube-dns", namespace="kube-system", spec={"ports": [{"port": 53, "protocol": "UDP"}]}),
            text("Node", "other"),
            "# nothing\n",
        ]
    )


MAKERS = (a_service, a_slice, a_workload, a_pod, something_else)


def change(rng, documents):
    """The documents with one of them added, edited, moved or taken away; now and then several."""
    after = list(documents)
    for _ in range(rng.choice([1, 1, 1, 4])):
        make = rng.choice(MAKERS if rng.random() < 0.5 else MAKERS[:3])
        place = rng.randrange(len(after) + 1)
        match rng.choice(["add", "add", "edit", "remove", "move", "lines"]):
            case "add":
                after.insert(place, make(rng, rng.choice("abcde")))
            case "edit" if place < len(after):
                after[place] = make(rng, rng.choice("abcde"))
            case "remove" if place < len(after):
                del after[place]
            case "move" if place < len(after):
                after.append(after.pop(place))
            case "lines" if place < len(after):
                after[place] = "# a line more\n" + after[place]
    return after


def in_order(files):
    """The files without what is wrong with them, and without objects that are written twice."""
    seen = set()

    def is_good(document):
        object_ = yaml.safe_load(document) or {}
        metadata = object_.get("metadata", {})
        identity = (object_.get("kind"), metadata.get("namespace"), metadata.get("name"))
        return "prots" not in document and not (identity in seen or seen.add(identity))

    return {name: [each for each in documents if is_good(each)] for name, documents in files.items()}


def forget(builder):
    """Let it look at everything anew; what was accepted and decided stays."""
    builder._collector, builder._pods, builder._slices = Collector(), PodMaker(OPTIONS), SliceMaker()


@pytest.fixture
def folder(tmp_path):
    """Writes the documents of two files, and reads them."""
    reader = ManifestReader()

    def read(files):
        for name, documents in files.items():
            path = tmp_path / f"{name}.yaml"
            path.write_text("---\n".join(documents))
            os.utime(path, (NOW, NOW))  # long ago: nobody waits whether more is written
        return reader.read([str(tmp_path)])

    return read


@pytest.mark.parametrize("seed", range(15))
def test_step_by_step_is_as_looking_at_everything(folder, tmp_path, seed):
    rng = random.Random(seed)
    remembering, forgetful = Builder(OPTIONS), Builder(OPTIONS)
    files = {"a": [a_service(rng, "a")], "b": []}
    for step in range(25):
        name = rng.choice("ab")
        files[name] = change(rng, files[name])
        if seed % 3:
            files = in_order(files)
        broken = rng.random() < 0.1
        shown = {**files, name: [*files[name], "a: [\n"]} if broken else files
        reading = folder(shown)
        assert broken or reading == ManifestReader().read([str(tmp_path)])
        forget(forgetful)
        assert remembering.build(reading, NOW + step) == forgetful.build(reading, NOW + step)


def test_a_document_that_moves_to_another_file_is_that_files(folder):
    builder = Builder(OPTIONS)
    web = text("Service", "web", spec={"ports": [{"port": 80}]})
    builder.build(folder({"a": [web], "b": []}), NOW)
    moved = builder.build(folder({"a": [], "b": [web]}), NOW)
    assert moved.state.services["default/web"].source.endswith("b.yaml")


def test_a_line_above_moves_what_is_below_and_counts_nothing_twice(folder):
    builder = Builder(OPTIONS)
    web, secret = text("Service", "web", spec={"ports": [{"port": 80}]}), text("Secret", "twice")
    before = builder.build(folder({"a": [web, secret, secret]}), NOW)
    after = builder.build(folder({"a": [f"# a line more\n{web}", secret, secret]}), NOW)
    assert after.snapshot.passed_over == before.snapshot.passed_over == {"Secret": 2}
    assert after.snapshot.services is before.snapshot.services


def test_what_is_found_wrong_after_a_move_is_told_where_it_stands_now(folder):
    builder = Builder(OPTIONS)
    web, above = text("Service", "web", spec={"ports": [{"port": 80}]}), text("Secret", "above")
    builder.build(folder({"a": [web], "b": []}), NOW)
    builder.build(folder({"a": [above, web], "b": []}), NOW)
    other = text("Service", "web", spec={"ports": [{"port": 81}]})
    (problem,) = builder.build(folder({"a": [above, web], "b": [other]}), NOW).snapshot.problems
    assert problem.message.endswith(f"a.yaml:{len(above.splitlines()) + 2}")
