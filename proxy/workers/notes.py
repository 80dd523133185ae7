"""What a worker has to tell the program: questions at once, numbers a moment after they change, in small portions.

A report costs what it tells of, not what there is: service ports at which something happened, and of the others that
have connections a few a time, in turn, since only their bytes may have changed.
"""

from collections import OrderedDict
from collections.abc import Collection, Iterator

from proxy.counters import Counters
from proxy.handlers import TimerOwner
from proxy.model import Endpoint, ServicePortName
from proxy.reactor import Reactor
from proxy.timers import Timer

from .link import Link
from .messages import Told, encode
from .reports import Report, ServiceReport, take, take_counts

SOON_SECONDS = 0.01  # from a change to its report
TICK_SECONDS = 0.1  # between reports while bytes may flow
SERVICES_PER_REPORT = 256  # some tenths of a millisecond
CLIENTS_UNREPORTED = 16  # so many were taken in: say so at once, since the program counts those on their way


class Standing:
    """A service port, from its first connection here until it is forgotten; what comes later is a new one."""

    __slots__ = ("is_gone", "live", "service")

    def __init__(self, service: ServicePortName) -> None:
        self.service = service
        self.is_gone = False
        self.live: dict[Endpoint, int] = {}  # how many connections and flows are open


class Notes:
    """A worker's memory of what it has not told yet."""

    def __init__(self, reactor: Reactor, counters: Counters, link: Link) -> None:
        self._reactor = reactor
        self._counters = counters
        self._link = link
        self._taken = 0
        self._taken_reported = 0
        self._epoch = 0
        self._standings: dict[ServicePortName, Standing] = {}
        self._news: OrderedDict[ServicePortName, None] = OrderedDict()
        self._live: OrderedDict[ServicePortName, Standing] = OrderedDict()
        self._timer: Timer[TimerOwner] | None = None

    def standing(self, service: ServicePortName) -> Standing:
        """What the service port is called by here, until it is forgotten."""
        standing = self._standings.get(service)
        if standing is None:
            standing = self._standings[service] = Standing(service)
        return standing

    def note(self, service: ServicePortName) -> None:
        """Something happened there."""
        self._news[service] = None
        self._report_within(SOON_SECONDS)

    def note_taken(self, clients: int) -> None:
        """So many clients were taken in."""
        self._taken += clients
        if self._taken - self._taken_reported >= CLIENTS_UNREPORTED:
            self._report()
        else:
            self._report_within(SOON_SECONDS)

    def opened(self, standing: Standing, endpoint: Endpoint) -> None:
        """A connection or flow to the endpoint began."""
        if not standing.is_gone:
            standing.live[endpoint] = standing.live.get(endpoint, 0) + 1
            self._live[standing.service] = standing
            self.note(standing.service)

    def closed(self, standing: Standing, endpoint: Endpoint) -> None:
        """One that `opened` was told of is over."""
        if standing.is_gone:
            return
        self.note(standing.service)
        standing.live[endpoint] -= 1
        if not standing.live[endpoint]:
            del standing.live[endpoint]
            if not standing.live:
                del self._live[standing.service]

    def forget(self, services: Collection[ServicePortName], epoch: int) -> None:
        """These are gone: what their connections still count is of no interest."""
        self._epoch = epoch
        for service in services:
            standing = self._standings.pop(service, None)
            if standing is not None:
                standing.is_gone = True
            self._counters.services.pop(service, None)
            self._live.pop(service, None)
            self._news.pop(service, None)
        self._report_within(SOON_SECONDS)

    def on_timer(self) -> None:
        """It is time for a report."""
        self._timer = None
        self._report()

    def abort(self) -> None:
        """Nothing here belongs to a connection."""

    def _report_within(self, seconds: float) -> None:
        """Report in so many seconds at the latest."""
        deadline = self._reactor.now + seconds
        if self._timer is None:
            self._timer = self._reactor.start_timer(self, seconds)
        elif self._timer.deadline > deadline:
            self._reactor.move_timer(self._timer, deadline)

    def _report(self) -> None:
        descriptors = self._reactor.descriptors
        report = Report(
            epoch=self._epoch,
            taken=self._taken,
            connections=len(self._reactor.connections),
            held=max(descriptors.held, descriptors.budget) if descriptors.is_exhausted else descriptors.held,
            timers=self._reactor.resources.timers,
            pauses=take_counts(self._counters.accept_pauses),
            services=tuple(self._taken_numbers()),
        )
        self._taken_reported = self._taken
        self._link.send(encode(Told(report)))
        if self._news:
            self._report_within(SOON_SECONDS)
        elif self._live or descriptors.is_exhausted:
            self._report_within(TICK_SECONDS)

    def _taken_numbers(self) -> Iterator[ServiceReport]:
        """Of service ports with news first, then of some that have connections, those next time that waited longest."""
        for _ in range(min(len(self._news), SERVICES_PER_REPORT)):
            service, _ = self._news.popitem(last=False)
            yield from self._take(service)
        for _ in range(min(len(self._live), SERVICES_PER_REPORT)):
            service = next(iter(self._live))
            self._live.move_to_end(service)
            yield from self._take(service)

    def _take(self, service: ServicePortName) -> Iterator[ServiceReport]:
        counters = self._counters.services.get(service)
        if counters is None:
            return
        report = take(service, counters)
        live = self.standing(service).live
        for endpoint in [each for each in counters.endpoints if each not in live]:
            del counters.endpoints[endpoint]
        if not counters.endpoints:
            del self._counters.services[service]
        if report.accepted or report.closed or report.endpoints or report.drops or report.flow_ends:
            yield report
