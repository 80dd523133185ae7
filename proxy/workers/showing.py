"""Lets the program know now and then which flows and affinities a worker has, for people who look at them."""

from collections.abc import Iterator, Mapping
from itertools import islice

from proxy.balancer import Balancer
from proxy.model import FrontendKey
from proxy.reactor import Reactor
from proxy.udp import UdpListener

from .link import Link
from .messages import FlowRow, PinRow, Shown, encode

SECONDS = 1.0
MOST_ROWS = 1000  # of each kind: to show them takes a few milliseconds, of which there are a thousand in between

NOTHING = Shown((), ())


class Showing:
    """Begins with the first frontend; as long as there is nothing to show, it says so once."""

    def __init__(
        self, reactor: Reactor, link: Link, balancer: Balancer, listeners: Mapping[FrontendKey, UdpListener]
    ) -> None:
        self._reactor = reactor
        self._link = link
        self._balancer = balancer
        self._listeners = listeners
        self._last = NOTHING
        reactor.start_timer(self, SECONDS)

    def on_timer(self) -> None:
        """Show what there is now."""
        shown = Shown(tuple(islice(self._flows(), MOST_ROWS)), tuple(islice(self._pins(), MOST_ROWS)))
        if shown != self._last:
            self._last = shown
            self._link.send(encode(shown))
        self._reactor.start_timer(self, SECONDS)

    def abort(self) -> None:
        """Nothing here belongs to a connection."""

    def _flows(self) -> Iterator[FlowRow]:
        for key, listener in self._listeners.items():
            for flow in listener.flows:
                address, port = flow.client[:2]
                yield FlowRow(key, address, port, flow.endpoint, flow.is_answered, flow.active_at)

    def _pins(self) -> Iterator[PinRow]:
        seconds = {each.frontend.service: each.frontend.affinity_seconds for each in self._listeners.values()}
        for service, timeout in seconds.items():
            if timeout:
                for client, (endpoint, left) in self._balancer.pins_of(service, self._reactor.now, timeout).items():
                    yield PinRow(service, client, endpoint, self._reactor.now + left)
