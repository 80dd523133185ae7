"""Checks the nodes behind a load balancer: one HTTP GET after the other for each target, all targets at once."""

import asyncio
import logging
from collections.abc import Callable, Iterable
from enum import Enum

from clusterless.tasks import spawn
from proxy.loadbalancer import HealthTarget
from proxy.loadbalancerhealth import TIMEOUT_SECONDS, TargetHealth
from proxy.outcomes import OURS, OUTCOMES, known_errno

log = logging.getLogger(__name__)

_STATUS = len("HTTP/1.1 200")


class Answer(Enum):
    """What came of one check."""

    GOOD = "200"
    BAD = "another answer than 200"
    NONE = "no answer"
    UNASKED = "this host could not ask"


class Prober:
    """Knows which targets are healthy; `on_change` is called whenever that changes."""

    def __init__(self, on_change: Callable[[], None]) -> None:
        self._on_change = on_change
        self._health: dict[HealthTarget, TargetHealth] = {}
        self._tasks: dict[HealthTarget, asyncio.Task[None]] = {}
        self._silent: set[HealthTarget] = set()  # which gave no answer up to now
        self._settled = asyncio.Event()

    @property
    def healthy(self) -> frozenset[HealthTarget]:
        """The targets that may be used."""
        return frozenset(target for target, health in self._health.items() if health.is_healthy)

    def follow(self, targets: Iterable[HealthTarget]) -> None:
        """Check these from now on, and no others."""
        wanted = set(targets)
        for target in self._tasks.keys() - wanted:
            self._tasks.pop(target).cancel()
            del self._health[target]
            self._silent.discard(target)
        for target in wanted - self._tasks.keys():
            self._health[target] = TargetHealth()
            self._silent.add(target)
            self._tasks[target] = spawn(self._check(target), f"check {target.node}")
        self._note()

    async def settled(self) -> None:
        """Return when all targets have answered, at the latest after the time that one check may take."""
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS):
                await self._settled.wait()
        except TimeoutError:
            log.info("not all nodes answer", extra={"kv": {"silent": _names(self._silent)}})

    def close(self) -> None:
        """Check nothing any more."""
        self.follow(())

    async def _check(self, target: HealthTarget) -> None:
        while True:
            answer = await ask(target)
            if answer is not Answer.UNASKED:
                self._take(target, answer)
            await asyncio.sleep(self._health[target].next_check_seconds)

    def _take(self, target: HealthTarget, answer: Answer) -> None:
        before = self._health[target]
        after = self._health[target] = before.after(success=answer is Answer.GOOD)
        if answer in (Answer.GOOD, Answer.BAD):
            self._silent.discard(target)
            self._note()
        if before.is_healthy != after.is_healthy:
            details = {"node": target.node, "address": target.address, "port": target.port, "answer": answer.value}
            word = "healthy" if after.is_healthy else "unhealthy"
            log.log(logging.INFO if after.is_healthy else logging.WARNING, f"node is {word}", extra={"kv": details})
            self._on_change()

    def _note(self) -> None:
        if self._silent:
            self._settled.clear()
        else:
            self._settled.set()


async def ask(target: HealthTarget) -> Answer:
    """Check the target once; it takes `TIMEOUT_SECONDS` at the most."""
    try:
        async with asyncio.timeout(TIMEOUT_SECONDS):
            status = await _status(target)
    except (TimeoutError, asyncio.IncompleteReadError):
        return Answer.NONE
    except OSError as error:
        return Answer.UNASKED if OUTCOMES[known_errno(error)] in OURS else Answer.NONE
    return Answer.GOOD if status == b"200" else Answer.BAD


async def _status(target: HealthTarget) -> bytes:
    reader, writer = await asyncio.open_connection(target.address, target.port)
    try:
        host = f"[{target.address}]" if ":" in target.address else target.address
        head = f"GET {target.path} HTTP/1.1\r\nHost: {host}:{target.port}\r\nConnection: close\r\n\r\n"
        writer.write(head.encode())
        line = await reader.readexactly(_STATUS)
    finally:
        writer.close()
    return line[-3:]


def _names(targets: Iterable[HealthTarget]) -> str:
    return ",".join(sorted({target.node for target in targets}))
