"""Pure: what contestants and workloads are called."""

OURS, OURS_TWO = "clusterless", "clusterless, 2 workers"
NOBODY = "nobody in between"
HAPROXY, HAPROXY_LARGE, HAPROXY_TWO = "HAProxy", "HAProxy, 256 KiB buffers", "HAProxy, 2 threads"
NGINX, SOCAT = "nginx stream", "socat"
UNBOUND, DNSMASQ, COREDNS = "Unbound", "dnsmasq", "CoreDNS"

CONNECTIONS = "new connections"
FAIRNESS = "requests beside 8 bulk streams"
IDLE = "memory of an idle connection"
DATAGRAMS, FLOWS = "UDP round trips, 16 flows", "UDP, new flows"
VIP, HEADLESS, NXDOMAIN = "DNS, one VIP", "DNS, headless of 3", "DNS, NXDOMAIN"
SEARCHED, FORWARDED, KEPT = "DNS, search path", "DNS, forwarded, new names", "DNS, forwarded, cached"
NAMES, MIXED = "DNS, 1,000 names", "DNS, 1,000 names, mixed case, EDNS"


def bulk(streams: int, *, downwards: bool) -> str:
    """That many streams at full speed, from the client or `downwards` to it."""
    return f"bulk {'down' if downwards else 'up'}, {streams} stream{'s' if streams > 1 else ''}"


def requests(clients: int) -> str:
    """Requests on connections that are kept."""
    return f"requests, {clients:,} client{'s' if clients > 1 else ''}"


def ready(services: int) -> str:
    """From the start of the process until everything is served."""
    return f"start to ready, {services:,} Services"


def memory(services: int) -> str:
    """What is resident then."""
    return f"memory, {services:,} Services"


def changed_listener(services: int) -> str:
    """One Service among so many gets another port."""
    return f"change among {services:,}: listener"


def changed_name(services: int) -> str:
    """One Service is added to so many."""
    return f"change among {services:,}: name"


def opening(listeners: int) -> str:
    """Addresses and sockets, once it is decided what to open."""
    return f"opening {listeners:,} listeners"
