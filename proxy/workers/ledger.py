"""Pure: what one worker has counted and has open, in the program's books.

Its reports are added to the counters that everybody reads, but for TCP clients accepted: those were counted when they
were handed over. What is open is remembered as well: when the worker dies, nobody else can say what died with it.
"""

from collections.abc import Callable, Collection
from typing import TypeAlias

from proxy.counters import Counters, EndpointCounters, ServiceCounters
from proxy.flows import FlowEnd
from proxy.model import Endpoint, Protocol, ServicePortName

from .reports import EndpointReport, Report, ServiceReport

# Told how many more connections an endpoint of a service port has; the number may be negative.
Moved: TypeAlias = Callable[[ServicePortName, Endpoint, int], None]


class _Open:
    """Connections to one endpoint; they outlive its membership in the Service, with the counters of then."""

    __slots__ = ("counters", "number")

    def __init__(self, counters: EndpointCounters) -> None:
        self.counters = counters
        self.number = 0


class _Account:
    """One service port."""

    __slots__ = ("active", "counters", "endpoints")

    def __init__(self, counters: ServiceCounters) -> None:
        self.counters = counters
        self.active = 0
        self.endpoints: dict[Endpoint, _Open] = {}


class Ledger:
    """One worker's books."""

    def __init__(self, counters: Counters, moved: Moved) -> None:
        self._counters = counters
        self._moved = moved
        self._accounts: dict[ServicePortName, _Account] = {}
        self._forgotten: dict[ServicePortName, int] = {}  # to the epoch that the worker must have heard of

    def handed(self, service: ServicePortName) -> None:
        """A TCP client goes to the worker."""
        account = self._account(service)
        account.active += 1
        account.counters.accepted += 1

    def add(self, report: Report) -> None:
        """Add what the worker says to the counters."""
        self._counters.accept_pauses.update(report.pauses)
        if self._forgotten:
            self._forgotten = {name: epoch for name, epoch in self._forgotten.items() if epoch > report.epoch}
        for each in report.services:
            if each.service not in self._forgotten:
                self._add_service(each)

    def forget(self, services: Collection[ServicePortName], epoch: int) -> None:
        """These service ports are gone: nothing counts for them until the worker knows it, too."""
        for name in services:
            self._forgotten[name] = epoch
            account = self._accounts.pop(name, None)
            if account is not None:
                for endpoint, opened in account.endpoints.items():
                    self._moved(name, endpoint, -opened.number)

    def close(self) -> None:
        """The worker is dead, and with it all that it had open."""
        for name, account in self._accounts.items():
            counters = account.counters
            counters.closed += account.active
            if name.protocol is Protocol.UDP:
                counters.flow_ends[FlowEnd.CLOSED] += account.active
            for endpoint, opened in account.endpoints.items():
                opened.counters.open -= opened.number
                if name.protocol is Protocol.TCP:
                    opened.counters.resets += opened.number
                self._moved(name, endpoint, -opened.number)
        self._accounts.clear()

    def _account(self, service: ServicePortName) -> _Account:
        account = self._accounts.get(service)
        if account is None:
            account = self._accounts[service] = _Account(self._counters.service(service))
        return account

    def _add_service(self, report: ServiceReport) -> None:
        account = self._account(report.service)
        counters = account.counters
        accepted = report.accepted if report.service.protocol is Protocol.UDP else 0
        # What began before the Service was forgotten and made anew may end after it: that is nobody's end here.
        closed = min(report.closed, account.active + accepted)
        account.active += accepted - closed
        counters.accepted += accepted
        counters.closed += closed
        counters.unserved += sum(report.unserved_for.values())
        counters.unserved_for.update(report.unserved_for)
        counters.drops.update(report.drops)
        counters.flow_ends.update(report.flow_ends)
        for each in report.endpoints:
            self._add_endpoint(report.service, account, each)
        if not account.active and not account.endpoints:
            del self._accounts[report.service]

    def _add_endpoint(self, service: ServicePortName, account: _Account, report: EndpointReport) -> None:
        opened = account.endpoints.get(report.endpoint) or _Open(account.counters.endpoint(report.endpoint))
        change = max(report.open, -opened.number)
        opened.number += change
        counters = opened.counters
        counters.open += change
        counters.opened += report.opened
        counters.resets += report.resets
        counters.from_clients.bytes += report.from_clients
        counters.to_clients.bytes += report.to_clients
        counters.dial_failures.update(report.dial_failures)
        if opened.number:
            account.endpoints[report.endpoint] = opened
        else:
            account.endpoints.pop(report.endpoint, None)
        if change:
            self._moved(service, report.endpoint, change)
