"""Questions and answers as zone-file text, and pipelines of Corefiles, over the example cluster."""

from collections.abc import Callable, Iterable

import msgspec
import pytest

from controlplane.snapshot import Snapshot
from dns.answer import answer
from dns.config import configure
from dns.counters import Counters
from dns.model import Follow, Labels, NotOurs, Outcome, Query, Rcode, Record, RecordType, Reply, Soa, Srv
from dns.names import from_text, to_text
from dns.pipeline import Answer as PipelineAnswer
from dns.pipeline import Ask as PipelineAsk
from dns.pipeline import Block, Pipeline
from dns.plugins.forward import Forward
from dns.records import ClusterRecords, RecordOptions
from dns.responses import ParsedResponse, ResponseHeader
from dns.rrtext import from_wire, parse_record
from dns.steps import Host
from dns.upstreams import UpstreamGroup

from .examplecluster import example_snapshot

Ask = Callable[..., str]


def labels(text: str) -> Labels:
    """A name from its text."""
    return from_text(text)


def _query(question: str) -> Query:
    """`NAME [CLASS] TYPE`; types and classes by name, or as `TYPE65`, `CLASS3`."""
    name, *middle, qtype = question.split()
    return Query(
        id=1,
        qname=from_text(name),
        qtype=int(qtype.removeprefix("TYPE")) if qtype.startswith("TYPE") else RecordType[qtype],
        qclass=int(middle[0].removeprefix("CLASS")) if middle else 1,
    )


def _data(record: Record) -> str:
    match record.data:
        case str(address):
            return address
        case Srv(priority, weight, port, target):
            return f"{priority} {weight} {port} {to_text(target)}"
        case Soa() as soa:
            return " ".join([to_text(soa.mname), to_text(soa.rname), *map(str, soa[2:])])
        case bytes(data):
            return f"{data[0] << 8 | data[1]} {to_text(from_wire(data[2:]))}"
        case strings if record.type in (RecordType.TXT, RecordType.HINFO):
            return " ".join(f'"{each}"' for each in strings)
        case name:
            return to_text(name)


def _lines(section: Iterable[Record]) -> list[str]:
    return [f"{to_text(r.name)} {r.ttl} IN {RecordType(r.type).name} {_data(r)}" for r in section]


def _text(outcome: Outcome) -> str:
    """The outcome as zone-file text, with comments for what a zone file has no words for."""
    match outcome:
        case NotOurs():
            return ";= NOT OURS"
        case Follow(reply, target):
            return "\n".join([f";= FOLLOW {to_text(target)}", *_lines(reply.answer)])
        case Reply() as reply:
            lines = [f";= {Rcode(reply.rcode).name}{' aa' if reply.authoritative else ''}", *_lines(reply.answer)]
            for name, section in (("AUTHORITY", reply.authority), ("ADDITIONAL", reply.additional)):
                lines += [f";; {name}", *_lines(section)] if section else []
            return "\n".join(lines)


@pytest.fixture(scope="session")
def cluster() -> Snapshot:
    return example_snapshot()


@pytest.fixture(scope="session")
def ask(cluster: Snapshot) -> Ask:
    """Asks one question of the cluster, and gives the outcome as zone-file text."""

    def ask(question: str, *, synced: bool = True, **options: object) -> str:
        records = ClusterRecords.of(cluster, RecordOptions(**options), synced=synced)
        return _text(answer(records, _query(question)))

    return ask


@pytest.fixture(scope="session")
def explain(cluster: Snapshot) -> Ask:
    """The explanation that comes with the reply to a question."""

    def explain(question: str, **options: object) -> str:
        reply = answer(ClusterRecords.of(cluster, RecordOptions(**options)), _query(question))
        assert isinstance(reply, Reply)
        return reply.explanation

    return explain


UPSTREAM = {
    "www.upstream.example. A": "www.upstream.example. 300 IN A 192.0.2.80",
    "six.upstream.example. AAAA": "six.upstream.example. 300 IN AAAA 2001:db8::80",
    "six.upstream.example. A": "six.upstream.example. 300 IN A 192.0.2.86",
    "mail.upstream.example. MX": "mail.upstream.example. 300 IN MX 10 mx.upstream.example.",
    "alias.upstream.example. A": "alias.upstream.example. 300 IN CNAME www.upstream.example.",
}
SILENT = from_text("silent.upstream.example")


def _heard(ask: Query) -> ParsedResponse | None:
    """What the one upstream of these tests says: its few records, silence, or NXDOMAIN, or NODATA beside a record."""
    if ask.qname == SILENT:
        return None
    line = UPSTREAM.get(f"{to_text(ask.qname)} {RecordType(ask.qtype).name}")
    is_name = any(each.startswith(f"{to_text(ask.qname)} ") for each in UPSTREAM)
    header = ResponseHeader(
        id=1,
        opcode=0,
        rcode=0 if line or is_name else 3,
        authoritative=False,
        truncated=False,
        recursion_available=True,
        authentic_data=False,
        qname=ask.qname,
    )
    soa = parse_record("upstream.example. 90 IN SOA ns.upstream.example. mail.upstream.example. 1 2 3 4 5")
    return ParsedResponse(header, (parse_record(line),) if line else (), () if line else (soa,), ())


class Pipes:
    """The pipeline of a Corefile, over the cluster, with an upstream that knows `UPSTREAM`."""

    def __init__(self, text: str, snapshot: Snapshot) -> None:
        config, problems = configure(text)
        assert config is not None, problems
        blocks = {}
        for settings in config.servers:
            forward = settings.get(Forward)
            groups = [UpstreamGroup(rule, rule.upstreams) for rule in forward.rules] if forward else []
            for zone in settings.zones:
                blocks[zone] = block = Block(settings, zone, groups)
                if block.record_options is not None:
                    block.record_options = msgspec.structs.replace(
                        block.record_options, local_addresses=("10.60.0.2",), all_classes=block.opens_classes
                    )
        self.pipeline = Pipeline(blocks, Counters(), Host("node-1", (from_text("upstream.example"),)))
        options = [block.record_options for block in blocks.values() if block.record_options]
        self.pipeline.records = {each: ClusterRecords.of(snapshot, each) for each in options}
        self.asked: list[str] = []

    def decide(
        self, question: str, *, client: str = "10.60.1.1", over_tcp: bool = False, **fields: object
    ) -> PipelineAnswer:
        """The answer to a question, after all that upstreams have to say."""
        query = msgspec.structs.replace(_query(question), **fields)
        decision = self.pipeline.decide(query, over_tcp=over_tcp, now=0.0, client=client)
        while isinstance(decision, PipelineAsk):
            self.asked.append(f"{to_text(decision.query.qname)} {RecordType(decision.query.qtype).name}")
            self.deadline = decision.deadline
            decision = self.pipeline.finish(decision, _heard(decision.query), 100, 0.0)
        return decision

    def ask(self, question: str, **fields: object) -> str:
        """The answer as zone-file text."""
        return _text(self.decide(question, **fields).reply)


@pytest.fixture(scope="session")
def pipes(cluster: Snapshot) -> Callable[[str], Pipes]:
    """Makes pipelines of Corefiles."""
    return lambda text: Pipes(text, cluster)
