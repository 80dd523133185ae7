"""A client that the program accepted, with the endpoint that it picked; who picks the next one is the program, too."""

import itertools
import math
import socket
from collections.abc import Sequence

from proxy.counters import DialOutcome, UnservedReason
from proxy.dialer import Dial
from proxy.line import Line
from proxy.model import Endpoint, Frontend, FrontendKey

from .link import Link
from .messages import Ask, encode
from .notes import Notes


class Desk:
    """Where dials ask for their next endpoint, and get the answers."""

    def __init__(self, link: Link, notes: Notes) -> None:
        self.notes = notes
        self._link = link
        self._numbers = itertools.count()
        self._waiting: dict[int, HandedDial] = {}

    def ask(
        self, dial: "HandedDial", frontend: FrontendKey, address: str, tried: Sequence[Endpoint], *, may_repeat: bool
    ) -> None:
        """Ask for the endpoint that `dial.proceed_to` is called with."""
        number = next(self._numbers)
        self._waiting[number] = dial
        self._link.send(encode(Ask(number, frontend, address, tuple(tried), may_repeat)))

    def answer(self, number: int, endpoint: Endpoint | None) -> None:
        """The program's answer."""
        self._waiting.pop(number).proceed_to(endpoint)


class HandedDial(Dial):
    """As a `Dial`, but that its endpoints come from elsewhere."""

    __slots__ = ("_desk", "_handed")

    def __init__(  # noqa: PLR0917 - a dial, and where it came from
        self, line: Line, frontend: Frontend, client: socket.socket, address: str, endpoint: Endpoint, desk: Desk
    ) -> None:
        super().__init__(line, frontend, client, address)
        self._handed: Endpoint | None = endpoint
        self._desk = desk

    def proceed_to(self, endpoint: Endpoint | None) -> None:
        """Dial the endpoint next; with none left, the client is reset. A dial that is over stays over."""
        if self._is_over:
            return
        if endpoint is None:
            self._give_up(UnservedReason.DIALS_FAILED)
            return
        if endpoint in self._tried:
            self._tried.clear()
        if not self._begin(endpoint):
            self._dial()

    def _dial(self) -> None:
        endpoint, self._handed = self._handed, None
        if endpoint is not None:
            self.proceed_to(endpoint)
        elif self._may_try_again():
            self._wait()
        else:
            self._give_up(UnservedReason.DIALS_FAILED)

    def _wait(self) -> None:
        """Ask, without a deadline: the program answers or is gone, and this process with it."""
        if self._timer is not None:
            self._line.reactor.move_timer(self._timer, math.inf)
        may_repeat = self._outcome is DialOutcome.TIMED_OUT
        self._desk.ask(self, self.frontend.key, self._address, self._tried, may_repeat=may_repeat)

    def _give_up(self, reason: UnservedReason) -> None:
        super()._give_up(reason)
        self._desk.notes.note(self.frontend.service)
