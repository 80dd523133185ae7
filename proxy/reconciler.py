"""Makes true what is desired: carries plans out, holds what is open, and tries again what failed.

One change at a time; a failure of one address or frontend becomes its status and stops nothing else.
"""

import asyncio
import logging
from collections.abc import Callable, Collection, Coroutine, Iterable, Mapping, Sequence
from typing import Any, TypeAlias

from .counters import Counters
from .desired import Desired
from .model import Frontend, FrontendKey, FrontendState, FrontendStatus, Protocol, ServicePortName
from .openfrontend import OpenFrontend, OpenListener
from .plan import plan, status_when_open, wants_socket
from .retries import Retries
from .sockets import OpenFailure, Sockets

log = logging.getLogger(__name__)

Spawn: TypeAlias = Callable[[Coroutine[Any, Any, None], str], object]
Forget: TypeAlias = Callable[[Iterable[ServicePortName]], None]

_LOGGED_AT_ONCE = 10  # one missing capability fails thousands, in the same words; each has its status
_OPENED_PER_TURN = 100  # some milliseconds' worth

_NOT_YET = FrontendStatus(FrontendState.FAILED, "not open yet")


class Reconciler:
    """Owns the sockets and claimed addresses of all frontends of a node.

    `open_listeners` says how each protocol is served; frontends of other protocols are UNSUPPORTED. `forget` is told
    of service ports that are gone. `spawn` starts the task, of the name given, that tries again. `inside` are the
    sources (CIDRs) that count as inside the cluster; see `sources.inside_sources`.
    """

    def __init__(
        self,
        sockets: Sockets,
        open_listeners: Mapping[Protocol, OpenListener],
        forget: Forget,
        spawn: Spawn,
        inside: Collection[str] = (),
    ) -> None:
        self._sockets = sockets
        self._inside = inside
        self._open_listeners = open_listeners
        self._forget = forget
        self._spawn = spawn
        self._desired = Desired()
        self._applied = 0
        self._open_frontends: dict[FrontendKey, OpenFrontend] = {}
        self._failures: dict[FrontendKey, str] = {}
        self._unclaimed: dict[str, str] = {}  # address to the reason why it could not be claimed
        self._retries: Retries[FrontendKey] = Retries()
        self._timer: asyncio.TimerHandle | None = None
        self._lock = asyncio.Lock()
        self._changed = asyncio.Event()

    @property
    def applied(self) -> int:
        """The generation that was applied last; 0 before the first."""
        return self._applied

    @property
    def desired(self) -> Desired:
        """What is being applied, or was applied last."""
        return self._desired

    @property
    def failures(self) -> Mapping[FrontendKey, str]:
        """The frontends that could not be opened, and why; they are tried again."""
        return self._failures

    @property
    def news(self) -> asyncio.Event:
        """Set at the next change of a status; another one stands for the change after it."""
        return self._changed

    async def wait_applied(self, generation: int) -> None:
        """Return once this generation, or a later one, is applied: each of its frontends is open, or has failed."""
        await self.wait_until(lambda: self._applied >= generation)

    async def wait_until(self, condition: Callable[[], bool]) -> None:
        """Return once the condition holds; it is asked after every change of a status."""
        while not condition():
            await self._changed.wait()

    def status_of(self, key: FrontendKey) -> FrontendStatus | None:
        """How the frontend stands; `None` for one that no Service has."""
        frontend = self._desired.frontends.get(key)
        if frontend is None:
            return self._desired.elsewhere.get(key)
        opened = self._open_frontends.get(key)
        if opened is not None:
            return status_when_open(frontend, self._open_listeners, is_limited=opened.is_limited)
        if not wants_socket(frontend, self._open_listeners):
            return status_when_open(frontend, self._open_listeners)
        message = self._failures.get(key)
        return _NOT_YET if message is None else FrontendStatus(FrontendState.FAILED, message)

    def statuses(self) -> dict[FrontendKey, FrontendStatus]:
        """How all frontends stand."""
        keys = (*self._desired.frontends, *self._desired.elsewhere)
        return {key: status for key in keys if (status := self.status_of(key)) is not None}

    def count_dropped(self, counters: Counters, keys: Iterable[FrontendKey] | None = None) -> None:
        """Add to the counters what the kernel has dropped at these open sockets, or all, since the last call."""
        for key in self._open_frontends if keys is None else keys:
            opened = self._open_frontends.get(key)
            frontend = self._desired.frontends.get(key)  # None while it is being closed
            if opened is None or frontend is None:
                continue
            reason, packets = opened.newly_dropped()
            if packets > 0:
                counters.service(frontend.service).kernel_drops[reason] += packets

    def can_drop(self, key: FrontendKey) -> bool:
        """Whether the kernel drops the packets of those who may not come in; for a frontend that is open."""
        opened = self._open_frontends.get(key)
        return opened is None or opened.is_limited

    def set_inside(self, inside: Collection[str]) -> None:
        """Other sources count as inside the cluster; `apply` acts on it."""
        self._inside = inside

    async def apply(self, desired: Desired) -> None:
        """Make it true, as far as the host lets us; what failed is tried again by itself."""
        async with self._lock:
            changes = plan(self._desired, desired, self._open_listeners)
            self._desired = desired
            await self._close(changes.close)
            await self._update(changes.update)
            await self._move_inside()
            await self._release(changes.release)
            await self._claim(changes.claim)
            await self._open(changes.open)
            self._forget(changes.gone)
            self._applied = desired.generation
            self._tell()

    async def close(self) -> None:
        """Close all sockets, and give all addresses back."""
        async with self._lock:
            await self._close(tuple({**self._open_frontends, **self._failures}))
            self._schedule()
            await self._release(self._desired.claims)
            self._desired = Desired(generation=self._desired.generation)
            self._tell()

    async def _close(self, keys: Collection[FrontendKey]) -> None:
        for key in keys:
            opened = self._open_frontends.pop(key, None)
            if opened is not None:
                opened.close()
            self._failures.pop(key, None)
        self._retries.forget(keys)
        if keys:
            await asyncio.sleep(0)  # the turn at whose end listeners close their sockets

    async def _update(self, frontends: Iterable[Frontend]) -> None:
        """A frontend that is not open will be opened as it is desired then."""
        for frontend in frontends:
            opened = self._open_frontends.get(frontend.key)
            if opened is not None:
                await opened.show(frontend)

    async def _move_inside(self) -> None:
        """Have the frontends that are open judge by the sources of today."""
        for key, opened in self._open_frontends.items():
            if opened.inside is not self._inside:
                opened.inside = self._inside
                await opened.show(self._desired.frontends[key])

    async def _release(self, addresses: Collection[str]) -> None:
        for address in addresses:
            self._unclaimed.pop(address, None)
        if addresses:
            await self._sockets.release(addresses)

    async def _claim(self, addresses: Collection[str]) -> None:
        if not addresses:
            return
        refused = await self._sockets.claim(addresses)
        for address in addresses:
            self._unclaimed.pop(address, None)
        self._unclaimed.update(refused)

    async def _open(self, frontends: Sequence[Frontend]) -> None:
        ready = [frontend for frontend in frontends if frontend.key.address not in self._unclaimed]
        failed = [(each, why) for each in frontends if (why := self._unclaimed.get(each.key.address)) is not None]
        if ready:
            outcomes = await self._sockets.open([frontend.key for frontend in ready])
            for number, (frontend, outcome) in enumerate(zip(ready, outcomes, strict=True)):
                if number % _OPENED_PER_TURN == 0:
                    await asyncio.sleep(0)  # clients of those that are open wait
                if isinstance(outcome, OpenFailure):
                    failed.append((frontend, outcome.message))
                else:
                    open_listener = self._open_listeners[frontend.key.protocol]
                    opened = OpenFrontend(outcome, open_listener, self._sockets, self._inside)
                    self._open_frontends[frontend.key] = opened
                    await opened.show(frontend)
                    self._succeeded(frontend)
        self._failed(failed)
        self._schedule()

    def _failed(self, failed: Sequence[tuple[Frontend, str]]) -> None:
        now = asyncio.get_running_loop().time()
        news = [(frontend, why) for frontend, why in failed if self._failures.get(frontend.key) != why]
        for frontend, why in failed:
            self._failures[frontend.key] = why
            self._retries.failed(frontend.key, now)
        for frontend, why in news[:_LOGGED_AT_ONCE]:
            details = {"frontend": str(frontend.key), "service": str(frontend.service), "reason": why}
            log.warning("frontend could not be opened", extra={"kv": details})
        if more := len(news[_LOGGED_AT_ONCE:]):
            log.warning("more frontends could not be opened", extra={"kv": {"count": more}})

    def _succeeded(self, frontend: Frontend) -> None:
        if self._failures.pop(frontend.key, None) is not None:
            self._retries.forget((frontend.key,))
            details = {"frontend": str(frontend.key), "service": str(frontend.service)}
            log.info("frontend is open after all", extra={"kv": details})

    def _schedule(self) -> None:
        """Wake up when the next retry is due."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        due = self._retries.next_due()
        if due is not None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_at(due, lambda: self._spawn(self._retry(), "retry frontends"))

    async def _retry(self) -> None:
        async with self._lock:
            due = self._retries.due(asyncio.get_running_loop().time())
            await self._claim({key.address for key in due} & self._unclaimed.keys())
            await self._open([self._desired.frontends[key] for key in due])
            self._tell()

    def _tell(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()
