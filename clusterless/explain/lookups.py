"""Pure: one name as the cluster's DNS server answers it, by the server's own pipeline."""

from typing import NamedTuple, cast

from dns.grammar import ServiceName, parse
from dns.model import Labels, Query, Rcode, RecordType, Reply
from dns.names import lower, to_text
from dns.pipeline import Ask, Pipeline

_MOST_UPSTREAM_QUESTIONS = 20  # a Corefile may rewrite a name again and again


class Said(NamedTuple):
    """What the server says of a name and type; `upstreams` are asked for what it does not know itself."""

    rcode: Rcode
    addresses: tuple[str, ...]
    aliases: tuple[Labels, ...]  # the targets of CNAMEs
    upstreams: tuple[str, ...]
    explanation: str

    @property
    def is_unknown(self) -> bool:
        """Whether only somebody else knows the answer."""
        return bool(self.upstreams) and not self.addresses

    @property
    def text(self) -> str:
        """The answer in a table's cell."""
        chain = [f"CNAME {to_text(each)}" for each in self.aliases]
        if self.addresses:
            return ", ".join([*chain, *self.addresses])
        if self.upstreams:
            return ", ".join([*chain, f"asked of {', '.join(self.upstreams)}"])
        if chain:
            return ", ".join(chain)
        return "NODATA" if self.rcode is Rcode.NOERROR else self.rcode.name


def said(pipeline: Pipeline, name: Labels, qtype: RecordType, client: str) -> Said:
    """What a client at an address is told; upstreams are taken to say nothing, since they are not asked."""
    query = Query(id=0, qname=name, qtype=qtype, recursion_desired=True)
    decision = pipeline.decide(query, over_tcp=False, now=0.0, client=client)
    upstreams: dict[str, None] = {}
    for _ in range(_MOST_UPSTREAM_QUESTIONS):
        if not isinstance(decision, Ask):
            break
        upstreams.update(dict.fromkeys(each.address for each in decision.group.usable))
        decision = pipeline.finish(decision, None, 0, 0.0)
    reply = Reply(Rcode.SERVFAIL) if isinstance(decision, Ask) else decision.reply
    return Said(
        reply.rcode,
        tuple(str(record.data) for record in reply.answer if record.type == qtype),
        tuple(cast("Labels", record.data) for record in reply.answer if record.type == RecordType.CNAME),
        tuple(upstreams),
        reply.explanation,
    )


def service_name(pipeline: Pipeline, name: Labels) -> ServiceName | None:
    """The Service that a name in a cluster zone is about, whether or not there is one."""
    lowered = lower(name)
    for records in pipeline.records.values():
        if (zone := records.zone_of(lowered)) is not None:
            asked = parse(lowered[: len(lowered) - len(zone)])
            return asked if isinstance(asked, ServiceName) else None
    return None
