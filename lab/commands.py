"""I/O: carries out what users ask a running lab for, and answers in words like kubectl's."""

from collections.abc import Callable, Mapping

import msgspec

from .control import (
    Cut,
    Deletion,
    Done,
    Execute,
    Heal,
    Logs,
    Power,
    Readiness,
    Refused,
    Request,
    Signal,
    Status,
    Stop,
    Termination,
)
from .controlserver import Connection
from .cuts import Partition
from .finding import NotFoundError, find, find_node, find_pod
from .network import NetworkError
from .playing import CannotError, Playing
from .runtime import LOGS, LabError
from .sessions import converse
from .status import Status as LabStatus
from .status import status_text
from .topology import Host

Environment = Callable[[Host], Mapping[str, str]]
Shell = Callable[[Host], tuple[str, ...]]


class Commands:
    """Answers requests. `environment` is what a command on a host gets, `shell` what a user does who names none.

    `stop` has the lab end.
    """

    def __init__(
        self, name: str, playing: Playing, environment: Environment, shell: Shell, stop: Callable[[], None]
    ) -> None:
        self._name = name
        self._playing = playing
        self._environment = environment
        self._shell = shell
        self._stop = stop

    async def handle(self, request: Request, connection: Connection) -> None:
        """Answer one request."""
        try:
            if isinstance(request, Execute):
                await self._execute(request, connection)
            elif isinstance(request, Stop):
                connection.keep()
                await connection.reply(Done())
                self._stop()
            else:
                await connection.reply(Done(await self._answer(request)))
        except (NotFoundError, CannotError, NetworkError, LabError) as error:
            await connection.reply(Refused(str(error)))

    async def _execute(self, request: Execute, connection: Connection) -> None:
        host = self._find(request.host, request.namespace)
        environment = dict(self._environment(host))
        if request.terminal:
            environment["TERM"] = request.terminal
        argv = request.argv or self._shell(host)
        asked = msgspec.structs.replace(request, argv=argv)
        await converse(asked, connection, host, environment, self._playing.lab.children)

    async def _answer(self, request: Request) -> str:
        match request:
            case Status():
                return self._status()
            case Power():
                return await self._power(request)
            case Cut() | Heal():
                return self._cut_or_heal(request)
            case Logs():
                return self._logs(request)
            case Readiness() | Termination() | Deletion():
                return await self._pod(request)
            case Execute() | Signal() | Stop():
                raise CannotError("no command runs over this connection")

    async def _power(self, request: Power) -> str:
        node = find_node(request.node, self._playing.lab.topology).name
        if request.on:
            await self._playing.power_on(node)
            return f"node/{node} is up\n"
        self._playing.power_off(node)
        return f"node/{node} is down\n"

    async def _pod(self, request: Readiness | Termination | Deletion) -> str:
        lab = self._playing.lab
        host = find_pod(request.pod, request.namespace, lab.topology, self._playing.snapshot)
        assert host.pod is not None, "a pod has a name"
        match request:
            case Readiness():
                self._playing.set_ready(host.pod, ready=request.ready)
                return f"pod/{host.pod.name} is {'ready' if request.ready else 'not ready'}\n"
            case Termination():
                seconds = self._playing.terminate(host.pod, request.grace)
                return f"pod/{host.pod.name} is terminating, and serves for another {seconds:g} s\n"
            case Deletion():
                await self._playing.delete(host.pod)
                return f'pod "{host.pod.name}" deleted\n'

    def _cut_or_heal(self, request: Cut | Heal) -> str:
        if isinstance(request, Heal) and not request.one:
            self._playing.heal(None)
            return "all partitions are healed\n"
        one, other = self._find(request.one, request.namespace), self._find(request.other, request.namespace)
        if isinstance(request, Heal):
            self._playing.heal(Partition.between(one.name, other.name))
            return f"{one.name} and {other.name} hear each other again\n"
        self._playing.cut(one, other)
        return f"nothing passes between {one.name} and {other.name}\n"

    def _logs(self, request: Logs) -> str:
        log = LOGS / self._find(request.host, request.namespace).name
        return log.read_text(errors="replace") if log.exists() else ""

    def _status(self) -> str:
        lab = self._playing.lab
        ready = {host.name for host in lab.topology.hosts if lab.is_ready(host)}
        return status_text(
            LabStatus(self._name, lab.topology, self._playing.snapshot, ready, lab.powerless, lab.partitions)
        )

    def _find(self, text: str, namespace: str) -> Host:
        return find(text, namespace, self._playing.lab.topology, self._playing.snapshot)
