"""What an agent lives for: a node, or the load balancer in front of the nodes."""

import typing

from clusterless.configuration.settings import Settings
from controlplane.snapshot import Snapshot


class Served(typing.Protocol):
    """Made inside the running event loop; the calls come one at a time, but for `look`."""

    decides: bool  # whether it may hold the state of the cluster, where nobody else does

    @property
    def primary_addresses(self) -> tuple[str, ...]:
        """The host's main address of each family, as it has them now."""
        ...

    async def announce(self) -> None:
        """Answer for the ranges that are served; one that cannot be had is told, and its frontends say so too."""
        ...

    async def reload(self) -> None:
        """Read again what was configured besides the manifests."""
        ...

    async def reconfigure(self, settings: Settings) -> None:
        """Go on with other settings, as far as they hold at once (`configuration.reload`); then `publish` is called."""
        ...

    def warn(self, reason: str, message: str) -> None:
        """Let an event of this host be seen."""
        ...

    @property
    def is_healthy(self) -> bool:
        """Whether it gets on with what it has to do; a supervisor ends it when it does not."""
        ...

    async def publish(self, snapshot: Snapshot) -> None:
        """Make the snapshot true; returns once every frontend is open, or has a status that says why not."""
        ...

    async def listen(self) -> None:
        """Open what operators and probes ask; to call it again follows the host, and tries again what failed."""
        ...

    async def look(self) -> bool:
        """See whether the host's network is as it was, and follow it; true when `publish` is to be called again."""
        ...

    async def drain(self) -> None:
        """Let nobody in any more, and give open connections the grace period to finish."""
        ...

    async def close(self) -> None:
        """Close everything, and give the addresses back."""
        ...
