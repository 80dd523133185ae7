"""Who chooses endpoints in a worker: for TCP the program, for datagrams a balancer here; what happens is noted."""

from collections.abc import Collection

from proxy.balancer import Balancer
from proxy.model import Endpoint, Frontend

from .link import Link
from .messages import DialFailed, encode
from .notes import Notes, Standing


class HandedChooser:
    """The `Chooser` of a frontend whose endpoints are picked by the program; its dials wait for the answer."""

    def __init__(self, notes: Notes, link: Link, standing: Standing) -> None:
        self._notes = notes
        self._link = link
        self._standing = standing

    def pick(self, frontend: Frontend, client: str, now: float, tried: Collection[Endpoint]) -> Endpoint | None:
        """Nobody picks here."""
        del frontend, client, now, tried
        raise AssertionError("the program picks")

    def dial_failed(self, frontend: Frontend, client: str, endpoint: Endpoint) -> None:
        """See `Chooser`."""
        self._link.send(encode(DialFailed(frontend.key, client, endpoint)))

    def opened(self, frontend: Frontend, endpoint: Endpoint) -> None:  # noqa: ARG002 - the standing is its Service's
        """See `Chooser`."""
        self._notes.opened(self._standing, endpoint)

    def closed(self, frontend: Frontend, endpoint: Endpoint) -> None:  # noqa: ARG002 - as above
        """See `Chooser`."""
        self._notes.closed(self._standing, endpoint)


class NotedChooser:
    """The `Chooser` of datagrams: a balancer of the worker's own, for service ports that belong to it as a whole."""

    def __init__(self, notes: Notes, balancer: Balancer) -> None:
        self._notes = notes
        self._balancer = balancer

    def pick(self, frontend: Frontend, client: str, now: float, tried: Collection[Endpoint]) -> Endpoint | None:
        """See `Chooser`."""
        self._notes.note(frontend.service)
        return self._balancer.pick(frontend, client, now, tried)

    def dial_failed(self, frontend: Frontend, client: str, endpoint: Endpoint) -> None:
        """See `Chooser`."""
        self._notes.note(frontend.service)
        self._balancer.dial_failed(frontend, client, endpoint)

    def opened(self, frontend: Frontend, endpoint: Endpoint) -> None:
        """See `Chooser`."""
        self._notes.opened(self._notes.standing(frontend.service), endpoint)
        self._balancer.opened(frontend, endpoint)

    def closed(self, frontend: Frontend, endpoint: Endpoint) -> None:
        """See `Chooser`."""
        self._notes.closed(self._notes.standing(frontend.service), endpoint)
        self._balancer.closed(frontend, endpoint)
