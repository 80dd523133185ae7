"""Pure: the name servers and the search list of a resolv.conf(5)."""

from .model import Labels
from .names import from_text, lower
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


def search_domains(text: str) -> tuple[Labels, ...]:
    """The domains of its last `search` or `domain` line; the root, and what is no name, are passed over."""
    domains: list[str] = []
    for line in text.splitlines():
        words = line.split()
        if words and words[0] in {"search", "domain"}:
            domains = words[1:]
    return tuple(name for domain in domains for name in _names(domain))


def _names(domain: str) -> tuple[Labels, ...]:
    try:
        name = lower(from_text(domain))
    except ValueError:
        return ()
    return (name,) if name else ()
