"""The control plane's loop: reads manifests and state, builds the next Snapshot, keeps what was decided."""

import logging
import time
from collections.abc import Sequence
from pathlib import Path

import msgspec

from controlplane.build import Builder, Built
from controlplane.clusterstate import ClusterState, FoundPod
from controlplane.documents import Reading
from controlplane.manifests import ManifestReader
from controlplane.options import ClusterOptions
from controlplane.problems import Problem, Severity, render
from controlplane.snapshot import Snapshot
from controlplane.state import StateDirectory, StateError

from . import garbage

log = logging.getLogger(__name__)


class ClusterFeed:
    """Snapshots, one after the other. With a state directory, its holder decides and all others follow.

    Who does not `decide` never becomes the holder. Who `finds` will be told by `find` which Pods run.
    """

    def __init__(
        self,
        filenames: Sequence[str],
        options: ClusterOptions,
        state_dir: str = "",
        *,
        decides: bool = True,
        finds: bool = False,
    ) -> None:
        self._filenames = tuple(filenames)
        self._decides = decides
        self._reader = ManifestReader()
        self._directory = StateDirectory(Path(state_dir)) if state_dir else None
        if self._directory and decides:
            self._directory.hold()
        self._state = self._directory.load() if self._directory else ClusterState()
        self._builder = Builder(options, self._state)
        self._known = self._state  # what the builder decided last, or was given since
        self._told: frozenset[Problem] = frozenset()
        self._addresses: tuple[str, ...] | None = None
        self._finds = finds
        self._found: tuple[FoundPod, ...] | None = None  # by this process

    @property
    def watched(self) -> tuple[str, ...]:
        """What to watch: the manifests, and what other processes decide."""
        if self._directory is None:
            return self._filenames
        decided = self._directory.load_balancers if self._directory.is_holder else self._directory
        return (*self._filenames, str(decided.path))

    def refresh(self) -> Snapshot:
        """Read everything again and build; the last Snapshot, the same object, when nothing changed."""
        self._follow()
        if self._addresses is not None:
            self._builder.move(self._addresses)
        with garbage.resting():
            built = self._build(self._reader.read(self._filenames))
        self._keep(built)
        self._tell(built.snapshot)
        return built.snapshot

    def move(self, addresses: tuple[str, ...]) -> None:
        """The host's main addresses are others from the next `refresh` on."""
        self._addresses = addresses

    def find(self, pods: tuple[FoundPod, ...]) -> None:
        """These Pods run, as this process sees, from the next `refresh` on; else what the holder sees counts."""
        self._found = pods

    def close(self) -> None:
        """Let another process become the holder of the state."""
        if self._directory:
            self._directory.close()

    def _build(self, reading: Reading) -> Built:
        """What was read, as the holder decides it, who may have read it first.

        What is not in the manifests here the builder forgets, also what the holder has decided of it already.
        """
        now = int(time.time())
        built = self._builder.build(reading, now)
        is_follower = self._directory is not None and not self._directory.is_holder
        if is_follower and _is_decided_otherwise(self._known, built.state, self._state):
            self._builder.adopt(self._state)
            built = self._builder.build(reading, now)
        self._known = built.state
        return built

    def _follow(self) -> None:
        """Adopt what the holder and the load balancer decided; become the holder when there is none any more."""
        state = self._decided()
        found = self._running(state)
        if found != state.found:
            state = msgspec.structs.replace(state, found=found)
        if state != self._state:
            self._state = self._known = state
            self._builder.adopt(state)

    def _running(self, state: ClusterState) -> tuple[FoundPod, ...]:
        """What this process sees; until it has looked, what was seen before; else what the holder sees."""
        if self._found is not None:
            return self._found
        decides_alone = self._directory is None or self._directory.is_holder
        return () if decides_alone and not self._finds else state.found

    def _decided(self) -> ClusterState:
        if self._directory is None:
            return self._state
        is_own = self._directory.is_holder
        if self._decides:
            self._directory.hold()
        try:
            return self._directory.merged(self._state) if is_own else self._directory.load()
        except StateError as error:
            log.warning("state is not readable", extra={"kv": {"reason": str(error)}})
            return self._state

    def _keep(self, built: Built) -> None:
        if self._directory is None:
            self._state = built.state
            return
        if not self._directory.is_holder or built.state == self._state:
            return
        try:
            self._directory.save(built.state)
        except OSError as error:
            log.error("state could not be kept", extra={"kv": {"reason": str(error)}})
            return
        self._state = built.state

    def _tell(self, snapshot: Snapshot) -> None:
        """Log the problems that are new, in the words of `check`."""
        problems = frozenset(snapshot.problems)
        for problem in snapshot.problems:
            if problem not in self._told:
                level = logging.ERROR if problem.severity is Severity.ERROR else logging.WARNING
                log.log(level, "manifest problem", extra={"kv": {"problem": " ".join(render([problem]))}})
        self._told = problems


def _is_decided_otherwise(before: ClusterState, now: ClusterState, decided: ClusterState) -> bool:
    """Whether anything that is new `now` was decided otherwise; most changes bring nothing new, and cost no look."""
    services = now.services.items() if now.services is not before.services else ()
    pods = now.pods.items() if now.pods is not before.pods else ()
    return any(
        name not in before.services and name in decided.services and decided.services[name].object != service.object
        for name, service in services
    ) or any(name not in before.pods and decided.pods.get(name, pod) != pod for name, pod in pods)
