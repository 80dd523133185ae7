"""Pure: session affinity ClientIP: which endpoint a client of one service port keeps coming back to."""

from itertools import islice
from typing import NamedTuple

from .model import Endpoint

# Of one service port. More than nftables' set or the `recent` match of iptables keep, and some 20 MB at the very most.
CLIENTS_AT_MOST = 1 << 16


class _Pin(NamedTuple):
    endpoint: Endpoint
    last_used: float


class Pins:
    """The clients' endpoints, longest unused first. Times are monotonic seconds."""

    def __init__(self, at_most: int = CLIENTS_AT_MOST) -> None:
        self._at_most = at_most
        self._pins: dict[str, _Pin] = {}

    def __len__(self) -> int:
        return len(self._pins)

    def endpoint_of(self, client: str, now: float, timeout: float) -> Endpoint | None:
        """Where the client was sent in the last `timeout` seconds."""
        pin = self._pins.get(client)
        return pin.endpoint if pin is not None and now - pin.last_used < timeout else None

    def remaining(self, now: float, timeout: float) -> dict[str, tuple[Endpoint, float]]:
        """The clients that have an endpoint, with it and the seconds that are left of their time."""
        left = {client: (pin.endpoint, pin.last_used + timeout - now) for client, pin in self._pins.items()}
        return {client: pinned for client, pinned in left.items() if pinned[1] > 0}

    def pin(self, client: str, endpoint: Endpoint, now: float, timeout: float) -> None:
        """The client is sent to the endpoint: its time begins anew. What is over, or over the bound, is forgotten."""
        self._pins.pop(client, None)
        self._pins[client] = _Pin(endpoint, now)
        for oldest in self._oldest(now, timeout):
            del self._pins[oldest]

    def _oldest(self, now: float, timeout: float) -> list[str]:
        """The clients to forget: two at a time, so that no connection pays for many."""
        too_many = len(self._pins) - self._at_most
        return [
            client
            for index, (client, pin) in enumerate(islice(self._pins.items(), 2))
            if index < too_many or now - pin.last_used >= timeout
        ]

    def unpin(self, client: str, endpoint: Endpoint) -> None:
        """The endpoint did not take the client; a pin to another one stays."""
        pin = self._pins.get(client)
        if pin is not None and pin.endpoint == endpoint:
            del self._pins[client]
