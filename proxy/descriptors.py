"""How many file descriptors there are to spend, who holds them, and who waits for some."""

import resource
import typing

# What the rest of the process may hold besides listeners, connections and flows: standard streams, the loops' own, log
# and state files, DNS and health sockets. A share of the limit, so that a small process keeps room to work at all.
RESERVED_SHARE = 1 / 40
RESERVED_LEAST = 24
RESERVED_MOST = 512

# When to try again after the kernel had none left (`outcomes.EXHAUSTION`), as trio's `serve_listeners` does.
RETRY_SECONDS = 0.1


def raise_fd_limit() -> int:
    """Raise this process's soft limit of descriptors to its hard one, as HAProxy and Go programs do; returns it."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


def fd_budget(besides: int = 0) -> int:
    """How many descriptors listeners, connections and flows may hold together, by the soft limit of now.

    `besides` are those that the program has for other purposes; they never take more than half of the limit.
    """
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    reserved = min(max(int(soft * RESERVED_SHARE), RESERVED_LEAST), RESERVED_MOST)
    return max(soft - reserved - min(besides, soft // 2), 0)


class Waiter(typing.Protocol):
    """Who could not take descriptors and wants to know when to try again."""

    def resume(self) -> None:
        """Try again, soon and not within this call."""
        ...


class Descriptors:
    """The budget that listeners, connections and flows of one process share, and the line of those who wait for it."""

    def __init__(self, budget: int) -> None:
        self.budget = budget
        self.held = 0
        self.is_exhausted = False  # the kernel had none, whatever the budget says
        self._waiting: dict[Waiter, None] = {}  # in the order of their coming

    def take(self, number: int) -> bool:
        """Account for that many more; `False`, and nothing taken, when there are not so many."""
        if self.is_exhausted or self.held + number > self.budget:
            return False
        self.held += number
        return True

    def hold(self, number: int) -> None:
        """Account for descriptors that exist already, over the budget if need be."""
        self.held += number

    def give(self, number: int) -> None:
        """Take descriptors off the account that were closed, or never made; the first who waits is told."""
        assert self.held >= number, "more descriptors were given back than taken"
        self.held -= number
        if self._waiting and not self.is_exhausted:
            waiter = next(iter(self._waiting))
            del self._waiting[waiter]
            waiter.resume()

    def wait(self, waiter: Waiter) -> bool:
        """Stand in line, once; `True` for the first, with whom a pause begins."""
        is_first = not self._waiting
        self._waiting[waiter] = None
        return is_first

    def leave(self, waiter: Waiter) -> None:
        """Stand in line no longer; one who does not stand there is passed over."""
        self._waiting.pop(waiter, None)

    def exhaust(self) -> bool:
        """The kernel has none left: nobody takes any until `recover`. `True` when this is news."""
        is_news, self.is_exhausted = not self.is_exhausted, True
        return is_news

    def recover(self) -> None:
        """Try the kernel again: all who wait are told."""
        self.is_exhausted = False
        waiting, self._waiting = self._waiting, {}
        for waiter in waiting:
            waiter.resume()

    def on_timer(self) -> None:
        """RETRY_SECONDS after exhaustion."""
        self.recover()

    def abort(self) -> None:
        """Nothing here belongs to a connection."""
