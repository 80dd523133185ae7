"""Pure: which worker gets the next client, and where the datagrams of a service port belong."""

from collections.abc import Sequence

from proxy.model import ServicePortName

DESCRIPTORS_PER_CONNECTION = 2

# How many clients may be on their way to a worker. As many as it takes in before it says so next, and no more: what is
# on its way has no room of its own in the worker, and would wait there while another one might have time.
MOST_IN_TRANSIT = 64
TRANSIT_SHARE = 8  # of the budget, at least: a small process keeps most of its room for connections


class Load:
    """What a worker has to do, as the program knows it. `budget` is in descriptors."""

    __slots__ = ("_looked_at", "_window", "budget", "connections", "handed", "held", "is_stuck", "taken", "timers")

    def __init__(self, budget: int) -> None:
        """Without the room for clients on their way, what is left of `budget` descriptors is the worker's own."""
        self._window = transit_window(budget)
        self.budget = worker_budget(budget)
        self.held = 0  # descriptors, as reported last
        self.connections = 0  # likewise
        self.timers = 0  # deadlines, likewise
        self.handed = 0  # clients, ever
        self.taken = 0  # of those handed, as reported last
        self.is_stuck = False  # it takes nobody in: stopped, or busy with something that takes too long
        self._looked_at: int | None = None  # what was taken then, if clients were on their way

    def update(self, taken: int, connections: int, held: int, timers: int) -> None:
        """What the worker reports."""
        if taken != self.taken:
            self.is_stuck = False
        self.taken = taken
        self.connections = connections
        self.held = held
        self.timers = timers

    def look(self) -> None:
        """Called now and then: who has taken in none of those that waited since the last call gets no more until then.

        Its clients wait; others find a worker that has time.
        """
        waits = self.in_transit > 0
        self.is_stuck = waits and self._looked_at == self.taken
        self._looked_at = self.taken if waits else None

    @property
    def in_transit(self) -> int:
        """Clients that were handed over, and not reported yet."""
        return self.handed - self.taken

    @property
    def open(self) -> int:
        """Connections, with those on their way."""
        return self.connections + self.in_transit

    @property
    def room(self) -> int:
        """For how many more connections there are descriptors."""
        return max((self.budget - self.held) // DESCRIPTORS_PER_CONNECTION - self.in_transit, 0)

    @property
    def free(self) -> int:
        """How many more clients may be handed over now: as many as there is room for, and not too many at once."""
        return 0 if self.is_stuck else min(self.room, max(self._window - self.in_transit, 0))


def transit_window(budget: int) -> int:
    """How many clients may be on their way to a worker that may hold so many descriptors."""
    return max(1, min(MOST_IN_TRANSIT, budget // (DESCRIPTORS_PER_CONNECTION * TRANSIT_SHARE)))


def worker_budget(budget: int) -> int:
    """How many of its descriptors a worker spends itself; the others are for clients on their way."""
    return budget - DESCRIPTORS_PER_CONNECTION * transit_window(budget)


def least_loaded(loads: Sequence[Load], start: int) -> int | None:
    """The index of the worker with the fewest open connections among those that take more; ties go from `start` on.

    `None` when there is none.
    """
    best, fewest = None, 0
    for offset in range(len(loads)):
        index = (start + offset) % len(loads)
        load = loads[index]
        if (best is None or load.open < fewest) and load.free:
            best, fewest = index, load.open
    return best


class Homes:
    """Each service port's datagrams have one home among the workers, as long as it has any frontend."""

    def __init__(self, workers: int) -> None:
        self._residents = [0] * workers  # service ports
        self._homes: dict[ServicePortName, int] = {}
        self._frontends: dict[ServicePortName, int] = {}

    def move_in(self, service: ServicePortName) -> int:
        """A frontend of the service port opens: the index of its worker, for a new one that with the fewest others."""
        home = self._homes.get(service)
        if home is None:
            home = self._homes[service] = self._residents.index(min(self._residents))
            self._residents[home] += 1
        self._frontends[service] = self._frontends.get(service, 0) + 1
        return home

    def move_out(self, service: ServicePortName) -> None:
        """A frontend of the service port is closed."""
        self._frontends[service] -= 1
        if not self._frontends[service]:
            del self._frontends[service]
            self._residents[self._homes.pop(service)] -= 1
