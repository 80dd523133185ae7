"""Pure: the times and limits of TCP connections, each with where its default came from."""

import msgspec


class RelaySettings(msgspec.Struct, frozen=True, kw_only=True):
    """All times are seconds. The same settings serve every connection of a listener."""

    # The old userspace proxier's `EndpointDialTimeouts` (pkg/proxy/userspace/proxysocket.go): one attempt for each.
    dial_attempts: int = 4
    dial_timeouts: tuple[float, ...] = (0.25, 0.5, 1.0, 2.0)  # attempts beyond the last take the last

    # KubeProxyConfiguration's conntrack.tcpEstablishedTimeout, 24h0m0s; 0 is no bound, as there.
    idle_seconds: float = 86_400.0

    # conntrack.tcpCloseWaitTimeout, 1h0m0s: how long the kernel modes keep a half-closed connection that is silent.
    # A reset that waits for its last bytes to be taken waits no longer than this, either. 0 is no bound.
    half_close_seconds: float = 3_600.0

    # Go's `net.KeepAliveConfig` defaults, so those of kube-proxy's userspace mode and of Traefik: a peer that vanished
    # without a word is found after 15 + 9 x 15 seconds.
    keepalive_idle_seconds: int = 15
    keepalive_interval_seconds: int = 15
    keepalive_probes: int = 9

    # One connection in so many has a line in the log when it is over; 0 is none.
    access_log_every: int = 0

    def dial_timeout(self, attempt: int) -> float:
        """How long the attempt may take; attempts count from 0."""
        return self.dial_timeouts[min(attempt, len(self.dial_timeouts) - 1)]
