"""Pure: what the `hosts` plugin answers (plugin/hosts): A, AAAA and PTR of an /etc/hosts file and of inline lines."""

import ipaddress
from collections.abc import Iterable

from .model import Labels, Query, Rcode, Record, RecordType, Reply
from .names import from_text, is_within, lower
from .plugins.hosts import Hosts
from .reversal import address_of

MAX_OCTETS = 16 << 20  # of a file; what is behind is not read
_WILDCARD = b"*"


class HostsTable:
    """Names to addresses and back, in the order of the lines; the inline ones come last."""

    def __init__(self, settings: Hosts, text: str = "") -> None:
        self.settings = settings
        self.entries = 0
        self._addresses: dict[Labels, list[str]] = {}
        self._names: dict[str, list[Labels]] = {}
        for line in (*text.splitlines(), *settings.inline):
            self._read(line.partition("#")[0].split())

    def answer(self, query: Query) -> Reply | None:
        """The reply, or `None` for whoever comes next.

        A name of the plugin's zones that it does not know is SERVFAIL, since there is no SOA for a denial, unless it
        falls through. Any other type of a known name is NODATA.
        """
        qname = lower(query.qname)
        if query.qtype == RecordType.PTR:
            return self._pointers(query, qname)
        if not any(is_within(qname, zone) for zone in self.settings.zones):
            return None
        addresses = self._lookup(qname)
        if not addresses:
            falls = any(is_within(qname, zone) for zone in self.settings.fallthrough)
            return None if falls else Reply(Rcode.SERVFAIL, authoritative=False)
        return Reply(
            answer=tuple(
                Record(query.qname, query.qtype, self.settings.ttl, address)
                for address in addresses
                if query.qtype == (RecordType.AAAA if ":" in address else RecordType.A)
            )
        )

    def _lookup(self, qname: Labels) -> list[str]:
        return self._addresses.get(qname) or self._addresses.get((_WILDCARD, *qname[1:])) or []

    def _pointers(self, query: Query, qname: Labels) -> Reply | None:
        address = address_of(qname)
        names = self._names.get(address or "", [])
        if not names:
            return None
        return Reply(
            answer=tuple(Record(query.qname, RecordType.PTR, self.settings.ttl, name) for name in names),
        )

    def _read(self, words: list[str]) -> None:
        """One line: an address and its names; what is none is passed over, as in CoreDNS."""
        try:
            address = str(ipaddress.ip_address(words[0].partition("%")[0]))
        except (IndexError, ValueError):
            return
        for name in _names(words[1:]):
            if not any(is_within(name, zone) for zone in self.settings.zones):
                continue
            self.entries += 1
            known = self._addresses.setdefault(name, [])
            if address not in known:
                known.append(address)
            reverse = self._names.setdefault(address, [])
            if self.settings.reverse and name[:1] != (_WILDCARD,) and name not in reverse:
                reverse.append(name)


def _names(words: Iterable[str]) -> Iterable[Labels]:
    for word in words:
        try:
            yield lower(from_text(word))
        except ValueError:
            continue
