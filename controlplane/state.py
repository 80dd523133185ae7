"""I/O: keeps what was decided in a directory that several agents share; the holder of its lock writes, all others read.

What the load balancer decides is its own: it has a file and a lock in a folder below, and everybody reads that, too.
"""

from collections.abc import Mapping
from pathlib import Path

import msgspec

from .clusterstate import ClusterState
from .sharedfile import LOCK_FILE, SharedFile, StateError

__all__ = ["LOCK_FILE", "STATE_FILE", "LoadBalancerFile", "StateDirectory", "StateError"]

STATE_FILE = "state.json"
LOAD_BALANCERS = "load-balancers"


class LoadBalancerFile(SharedFile[dict[str, tuple[str, ...]]]):
    """The addresses that the load balancer gave, by `namespace/name` of the Service, below `--state-dir`.

    It has a folder of its own, so that to watch it is not to watch the state.
    """

    def __init__(self, state_dir: Path) -> None:
        super().__init__(state_dir / LOAD_BALANCERS, "addresses.json", dict[str, tuple[str, ...]])

    def load(self) -> Mapping[str, tuple[str, ...]]:
        """The addresses given so far. Raises StateError for a file that holds none."""
        return self.read() or {}


class StateDirectory(SharedFile[ClusterState]):
    """`--state-dir`."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, STATE_FILE, ClusterState)
        self.load_balancers = LoadBalancerFile(path)

    def load(self) -> ClusterState:
        """What was decided so far; an empty state where nothing was. Raises StateError for a file that is no state."""
        return self.merged(self.read() or ClusterState())

    def merged(self, state: ClusterState) -> ClusterState:
        """The state with what the load balancer decided, the same object where that is in it. Raises StateError."""
        addresses = self.load_balancers.load()
        if addresses == state.load_balancers:
            return state
        return msgspec.structs.replace(state, load_balancers=addresses)
