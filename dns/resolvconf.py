"""Pure: the name servers of a resolv.conf(5)."""

from .plugins.forward import Upstream, parse_upstream


def nameservers(text: str) -> tuple[Upstream, ...]:
    """The servers of its `nameserver` lines, each once, in order; what is no address is passed over."""
    found: dict[Upstream, None] = {}
    for line in text.splitlines():
        words = line.split()
        if len(words) > 1 and words[0] == "nameserver":
            upstream = parse_upstream(words[1])
            if upstream is not None:
                found[upstream] = None
    return tuple(found)
