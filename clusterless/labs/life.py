"""The life of a lab in its first process: it comes up, follows its manifests, obeys its users, and goes down."""

import asyncio
import signal
import socket
from collections.abc import Callable, Coroutine
from typing import Any

from clusterless.tasks import spawn
from controlplane.options import ClusterOptions
from lab.addresses import RANGES
from lab.cluster import Cluster, Manifests
from lab.commands import Commands
from lab.controlserver import serve
from lab.places import INSIDE, listening
from lab.playing import Playing
from lab.runtime import Lab
from lab.topology import Host

from .programs import programs
from .shell import environment, shell
from .watch import watch_manifests

Doing = Callable[[float], Coroutine[Any, Any, int]]


class Life:
    """A lab named `name` for a cluster and the manifests that it reads. `node_grace`: see `Playing`."""

    def __init__(
        self, name: str, cluster: Cluster, manifests: Manifests, options: ClusterOptions, node_grace: float
    ) -> None:
        self.name = name
        self.lab = Lab(programs(manifests.paths, options), self._is_ready, self._has_ended)
        self.playing = Playing(cluster, self.lab, RANGES, node_grace)
        self._manifests = manifests
        self._over: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    async def live(self, doing: Doing, listener: socket.socket | None) -> int:
        """Come up, do something, given how many seconds that took, and go down; returns what `doing` did.

        It is reached at `listener` too, if there is one. Raises LabError.
        """
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.end, 128 + number)
        try:
            seconds = await self._or_over(self.playing.up())
            if seconds is None:
                return self._over.result()
            self._open(listener)
            code = await self._or_over(doing(seconds))
            return self._over.result() if code is None else code
        finally:
            await self.lab.down()

    def end(self, code: int) -> None:
        """Have the lab end with this exit code."""
        if not self._over.done():
            self._over.set_result(code)

    async def until_over(self) -> int:
        """Nothing else to do; returns the exit code."""
        return await asyncio.shield(self._over)

    def leave_ctrl_c_to_others(self) -> None:
        """It is for the command at the terminal, which may well survive it."""
        asyncio.get_running_loop().add_signal_handler(signal.SIGINT, lambda: None)

    def _open(self, listener: socket.socket | None) -> None:
        """Be reached, and follow the manifests, from now on."""
        listeners = [listening(INSIDE), *([listener] if listener else [])]
        commands = Commands(self.name, self.playing, self._environment, shell, lambda: self.end(0))
        spawn(serve(listeners, commands.handle), "control", on_failure=self._fail)
        watch_manifests(self._manifests.paths, self.playing.follow)

    async def _or_over(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        """What a coroutine returns, `None` if the lab is over before."""
        task = spawn(coroutine, "lab", on_failure=lambda _: None)
        await asyncio.wait({task, self._over}, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            return task.result()
        task.cancel()
        return None

    def _environment(self, host: Host) -> dict[str, str]:
        return environment(host, self.lab.topology, self.playing.snapshot)

    def _is_ready(self, host: Host) -> None:
        self.playing.host_is_ready(host)

    def _has_ended(self, host: Host) -> None:
        self.playing.host_has_ended(host)

    def _fail(self, error: BaseException) -> None:
        if not self._over.done():
            self._over.set_exception(error)
