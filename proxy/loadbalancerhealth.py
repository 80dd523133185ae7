"""Pure: when a node is left out of a load balancer, and when it is taken in again.

The numbers are cloud-provider-kind's (`pkg/loadbalancer/proxy.go`), which has Envoy check: every 2 seconds, 3 seconds
for an answer, out after two failures, in after one success; and with all of them out, none is used.
A node that dies just after a check is out after 4 s where it refuses, after 2 + 3 + 2 + 3 = 10 s where it is silent.
"""

import msgspec

INTERVAL_SECONDS = 2.0
TIMEOUT_SECONDS = 3.0
UNHEALTHY_THRESHOLD = 2

FIRST_INTERVAL_SECONDS = 0.1  # a node that was never up yet is about to come


class TargetHealth(msgspec.Struct, frozen=True):
    """What the checks of one target have shown; before the first it is not used."""

    is_healthy: bool = False
    was_healthy: bool = False
    failures: int = 0  # in a row

    def after(self, *, success: bool) -> "TargetHealth":
        """What one more check makes of it."""
        if success:
            return TargetHealth(is_healthy=True, was_healthy=True)
        failures = self.failures + 1
        return TargetHealth(self.is_healthy and failures < UNHEALTHY_THRESHOLD, self.was_healthy, failures)

    @property
    def next_check_seconds(self) -> float:
        """How long after the end of a check the next one begins."""
        if self.was_healthy:
            return INTERVAL_SECONDS
        doublings = max(self.failures - 1, 0)
        return min(FIRST_INTERVAL_SECONDS * float(1 << min(doublings, 8)), INTERVAL_SECONDS)
