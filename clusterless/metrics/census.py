"""How all frontends stand, looked at a few hundred at a time, so that ten thousand of them hold nobody up."""

import asyncio
from collections import Counter

from proxy.counters import Counters
from proxy.model import FrontendState
from proxy.reconciler import Reconciler

AT_ONCE = 500


async def census(reconciler: Reconciler, counters: Counters) -> Counter[FrontendState]:
    """The number of frontends in each state; what the kernel dropped at their sockets is added to the counters.

    What changes meanwhile may count as it was or as it is.
    """
    desired = reconciler.desired
    keys = (*desired.frontends, *desired.elsewhere)
    found: Counter[FrontendState] = Counter()
    for first in range(0, len(keys), AT_ONCE):
        some = keys[first : first + AT_ONCE]
        found.update(status.state for key in some if (status := reconciler.status_of(key)) is not None)
        reconciler.count_dropped(counters, some)
        await asyncio.sleep(0)
    return found
