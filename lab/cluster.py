"""I/O: the control plane of a lab: reads the manifests, decides, observes, and keeps all of it for the agents."""

import time
from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import NamedTuple

import msgspec

from controlplane.build import Builder
from controlplane.clusterstate import ClusterState
from controlplane.documents import Reading
from controlplane.manifests import ManifestReader
from controlplane.objects import NamespacedName, Pod
from controlplane.options import ClusterOptions
from controlplane.problems import Problem, render
from controlplane.snapshot import Snapshot
from controlplane.state import StateDirectory

from .addresses import families, node_addresses
from .facts import Facts, controller_kind, elsewhere, moved, observed, restored, users_of, without_pod

_MOST_ROUNDS = 4  # one decision may make another necessary: addresses of nodes, then of pods


class Manifests(NamedTuple):
    """What a lab is made of: the files and folders, one of which is `made_up`.

    Where no other has a Node, that one has these `nodes`, by name.
    """

    paths: tuple[str, ...]
    made_up: Path
    nodes: tuple[str, ...]


class Cluster:
    """Snapshots, one after the other, of what the manifests say and of the facts; what is decided is kept in `state`.

    `tell` is given each problem of the manifests that is new.
    """

    def __init__(self, manifests: Manifests, options: ClusterOptions, state: Path, tell: Callable[[str], None]) -> None:
        self.facts = Facts()
        self._manifests = manifests
        self._options = options
        self._reader = ManifestReader()
        self._builder = Builder(msgspec.structs.replace(options, schedule_pods=True))
        self._directory = StateDirectory(state)
        self._directory.hold()
        self._tell = tell
        self._told: frozenset[Problem] = frozenset()
        self._state = ClusterState()
        self._saved = ClusterState()
        self._stay_away: frozenset[NamespacedName] = frozenset()  # deleted pods that stood for themselves
        self.has_written_nodes = False
        self._write_nodes(manifests.nodes)

    def start(self) -> Snapshot:
        """The first snapshot; all pods in it are taken for ready, since nobody looks before they are."""
        reading = self._read()
        snapshot = self._builder.build(reading, int(time.time())).snapshot
        self.facts = Facts(running=frozenset(snapshot.pods))
        return self.refresh()

    def refresh(self, reserved: Sequence[str] = ()) -> Snapshot:
        """The snapshot as things stand now; no pod is newly placed on one of the `reserved` addresses."""
        reading = self._read()
        self._forget_deleted(reading)
        for _ in range(_MOST_ROUNDS):
            self._adopt(observed(self._state, self.facts))
            built = self._builder.build(reading, int(time.time()))
            self._state = built.state
            wanted = self._amended(built.snapshot, reserved)
            if wanted == self._state:
                break
            self._adopt(wanted)
        if self._state != self._saved:
            self._directory.save(self._state)
            self._saved = self._state
        self._say(built.snapshot)
        return built.snapshot

    @property
    def observed_pods(self) -> AbstractSet[str]:
        """The pods, as `namespace/name`, whose status is ours to tell: it is not written in their manifest."""
        return self._state.pods.keys()

    def delete(self, pod: Pod) -> None:
        """The pod is gone; whoever made it makes another at the next `refresh`."""
        self.facts = self.facts.without(pod.key)
        if not controller_kind(pod):
            self._stay_away |= {pod.key}
        self._adopt(without_pod(self._state, pod))

    def _amended(self, snapshot: Snapshot, reserved: Sequence[str]) -> ClusterState:
        """What is to be decided otherwise, or was not known yet."""
        if missing := node_addresses(snapshot.nodes, families(self._options)):
            return msgspec.structs.replace(self._state, nodes={**self._state.nodes, **missing})
        if in_the_way := users_of(reserved, snapshot.pods):
            return elsewhere(self._state, in_the_way)
        facts = self.facts.only(snapshot.pods.keys(), snapshot.nodes.keys())
        self.facts = msgspec.structs.replace(facts, running=facts.running - moved(self._saved, self._state))
        return observed(self._state, self.facts)

    def _adopt(self, state: ClusterState) -> None:
        if state != self._state:
            self._state = state
            self._builder.adopt(state)

    def _read(self) -> Reading:
        """What the manifests say, with made-up nodes if they have none."""
        reading = self._reader.read(self._manifests.paths)
        made_up = str(self._manifests.made_up)
        self.has_written_nodes = any(each.kind == "Node" and each.source != made_up for each in reading.documents)
        if self._write_nodes(() if self.has_written_nodes else self._manifests.nodes):
            reading = self._reader.read(self._manifests.paths)
        return reading

    def _write_nodes(self, names: Sequence[str]) -> bool:
        """Whether that changed anything."""
        items = [{"apiVersion": "v1", "kind": "Node", "metadata": {"name": name}} for name in names]
        text = msgspec.json.encode({"apiVersion": "v1", "kind": "List", "items": items})
        path = self._manifests.made_up
        if path.exists() and path.read_bytes() == text:
            return False
        path.write_bytes(text)
        return True

    def _forget_deleted(self, reading: Reading) -> None:
        """A pod that was deleted by hand may come back once it has been away from the manifests as well."""
        written = {_key(document.raw) for document in reading.documents if document.kind == "Pod"}
        if back := self._stay_away - written:
            self._stay_away -= back
            self._adopt(restored(self._state, back))

    def _say(self, snapshot: Snapshot) -> None:
        problems = frozenset(snapshot.problems)
        for line in render([each for each in snapshot.problems if each not in self._told]):
            self._tell(line)
        self._told = problems


def _key(raw: object) -> NamespacedName | None:
    """Whom a document is about, as far as one can tell."""
    metadata = raw.get("metadata") if isinstance(raw, dict) else None
    if not isinstance(metadata, dict):
        return None
    return NamespacedName(str(metadata.get("namespace") or "default"), str(metadata.get("name")))
