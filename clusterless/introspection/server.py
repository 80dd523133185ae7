"""What one agent tells of itself: its objects, events and status, and why a connection goes where it goes."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from http import HTTPStatus
from typing import Any

from clusterless.operations.httpserver import OpsReply, OpsRequest, Trees
from clusterless.tasks import spawn
from controlplane.objects import NamespacedName
from controlplane.snapshot import Snapshot
from dns.counters import Counters as DnsCounters
from proxy.desired import Desired
from proxy.reconciler import Reconciler

from .api import Api, as_json, refuse
from .dataplanestatus import Carried, StatusSource, status
from .events import events_between
from .frontendevents import contest_events, failure_events, loop_events
from .inventory import Inventory
from .ledger import Ledger, Step, made_uid
from .occurrences import Occurrence, Subject, normal, warning
from .recorder import Recorder, timestamp
from .resources import EVENTS, RESOURCES, Resource
from .statuses import bad_request, method_not_allowed, no_such_path

Answer = Callable[[Mapping[str, str]], Awaitable[object]]  # what msgspec makes JSON of

_OWN = "/clusterless/v1"


class Introspection:
    """Made inside the running event loop; it is told of what happens, and asked through `trees`."""

    def __init__(self, hostname: str) -> None:
        self._hostname = hostname
        self._answers: dict[str, Answer] = {}
        self._inventory = Inventory()
        self._ledgers = {resource: Ledger() for resource in RESOURCES}
        self._api = Api(self._ledgers)
        self._recorder = Recorder(hostname, self._uid_of)
        self._snapshot: Snapshot | None = None
        self._taken_generation = 0
        self._taken = asyncio.Event()  # set when the next generation is taken
        self._following: asyncio.Task[None] | None = None

    @property
    def trees(self) -> Trees:
        """For an OpsServer."""
        return {**dict.fromkeys(self._api.roots, self._api.answer), "/clusterless": self._own}

    def provide(self, name: str, answer: Answer) -> None:
        """Let `answer` make the JSON of `/clusterless/v1/NAME` from the query; its ValueErrors are told to clients."""
        self._answers[name] = answer

    def show(self, carried: Callable[[], Carried] | None, dns: Callable[[], DnsCounters] | None = None) -> None:
        """Answer for the status, with what a data plane carries and a DNS server counts."""

        async def answer(query: Mapping[str, str]) -> object:
            generation = self._snapshot.generation if self._snapshot else 0
            source = StatusSource(self._hostname, generation, carried() if carried else None, dns() if dns else None)
            return status(source, query.get("namespace", ""), time.time())

        self.provide("status", answer)

    async def applied(self, snapshot: Snapshot) -> None:
        """Show this snapshot from now on, and tell what is new in it; to compare so much is a thread's work."""
        before, self._snapshot = self._snapshot, snapshot
        now = timestamp(time.time())
        steps, news = await asyncio.to_thread(self._compare, before, snapshot, now)
        for resource, step in steps.items():
            self._ledgers[resource].take(step)
        if before is None:
            text = f"Serving {len(snapshot.services)} Services"
            self.record([normal("Node", NamespacedName("", self._hostname), "Starting", text)])
        self.record(news)
        self._api.changed()
        self._taken_generation = snapshot.generation
        self._taken.set()
        self._taken = asyncio.Event()

    def _compare(
        self, before: Snapshot | None, snapshot: Snapshot, now: str
    ) -> tuple[Mapping[Resource, Step], list[Occurrence]]:
        steps = {
            resource: self._ledgers[resource].step(objects, snapshot.generation, now)
            for resource, objects in self._inventory.collect(snapshot).items()
        }
        return steps, list(events_between(before, snapshot))

    def record(self, occurrences: Iterable[Occurrence]) -> None:
        """These happen now."""
        now = time.time()
        if self._recorder.record(occurrences, now):
            ledger = self._ledgers[EVENTS]
            ledger.replace(self._recorder.events(), ledger.version + 1, timestamp(now))
            self._api.changed()

    def warn(self, reason: str, message: str) -> None:
        """Something about this host that somebody should look at."""
        self.record([warning("Node", NamespacedName("", self._hostname), reason, message)])

    def health_check_failed(self, service: NamespacedName, message: str) -> None:
        """A Service's health check node port could not be opened."""
        self.record([warning("Service", service, "FailedToStartServiceHealthcheck", message)])

    def follow(self, reconciler: Reconciler) -> None:
        """Tell what becomes of the frontends, until `close`."""
        self._following = spawn(self._follow(reconciler), "tell what becomes of frontends")

    def close(self) -> None:
        """Follow nothing any more."""
        if self._following is not None:
            self._following.cancel()

    async def _follow(self, reconciler: Reconciler) -> None:
        desired, failures = Desired(), dict[Any, str]()
        while True:
            news = reconciler.news
            while reconciler.desired.generation > self._taken_generation:  # that a Service is there is told first
                await self._taken.wait()
            before, desired = desired, reconciler.desired
            known, failures = failures, dict(reconciler.failures)
            self.record(
                [
                    *failure_events(known, failures, desired),
                    *contest_events(before.conflicts, desired.conflicts),
                    *loop_events(before.loops, desired.loops),
                ]
            )
            await news.wait()

    def _uid_of(self, subject: Subject) -> str:
        """Of an object that is not applied yet, the one that it will have."""
        key = NamespacedName(subject.namespace, subject.name)
        entries = (ledger.entries.get(key) for each, ledger in self._ledgers.items() if each.kind == subject.kind)
        return next((entry.uid for entry in entries if entry), made_uid(subject.kind, key))

    async def _own(self, request: OpsRequest) -> OpsReply:
        if request.method not in ("GET", "HEAD"):
            return refuse(method_not_allowed())
        answer = self._answers.get(request.path.removeprefix(f"{_OWN}/"))
        if answer is None:
            return refuse(no_such_path())
        try:
            return as_json(await answer(request.query), HTTPStatus.OK)
        except ValueError as error:
            return refuse(bad_request(str(error)))
