"""Pure: `chaos [VERSION] [AUTHORS...]`: which program, and where, to questions of class CH (RFC 4892)."""

from collections.abc import Sequence

from dns.constants import CLASS_CHAOS
from dns.corefile import Directive
from dns.model import Record, RecordType, Reply
from dns.names import lower
from dns.steps import FOREVER, Following, Result, Step, Steps, Visit

from .base import Plugin, PluginSettings, Report, Scope, no_options

DEFAULT_VERSION = "clusterless"
DEFAULT_AUTHORS = ("the authors of clusterless",)
_MAX_STRING = 255  # octets
_VERSION_NAMES = frozenset({(b"version", b"bind"), (b"version", b"server")})
_HOST_NAMES = frozenset({(b"hostname", b"bind"), (b"id", b"server")})
_AUTHORS_NAME = (b"authors", b"bind")


class Chaos(PluginSettings, frozen=True):
    """What is told."""

    version: str = DEFAULT_VERSION
    authors: tuple[str, ...] = DEFAULT_AUTHORS


def configure(directives: Sequence[Directive], _scope: Scope, report: Report) -> Chaos:
    """The authors are told in the order of the alphabet, each once."""
    where = directives[0]
    no_options(where, report)
    version = where.args[0] if where.args else DEFAULT_VERSION
    authors = tuple(sorted({_trimmed(author) for author in where.args[1:]}))
    return Chaos(version=_trimmed(version), authors=authors or DEFAULT_AUTHORS)


def step(settings: Chaos) -> Step:
    """`version.bind`, `version.server`, `hostname.bind`, `id.server` and `authors.bind` TXT; all else goes on."""

    def tell(visit: Visit, following: Following) -> Steps:
        query = visit.query
        told = _told(settings, visit) if (query.qclass, query.qtype) == (CLASS_CHAOS, RecordType.TXT) else ()
        if not told:
            return (yield from following(visit))
        records = tuple(Record(query.qname, RecordType.TXT, 0, (text,)) for text in told)
        return Result(Reply(answer=records, authoritative=False, record_class=CLASS_CHAOS), kept_until=FOREVER)

    return tell


def _told(settings: Chaos, visit: Visit) -> tuple[str, ...]:
    name = lower(visit.query.qname)
    if name in _VERSION_NAMES:
        return (settings.version,)
    if name in _HOST_NAMES:
        return (_trimmed(visit.host.name),)
    return settings.authors if name == _AUTHORS_NAME else ()


def _trimmed(text: str) -> str:
    return text.encode()[:_MAX_STRING].decode(errors="ignore")


PLUGIN = Plugin("chaos", configure, step=step)
