"""One small cluster for all DNS tests, and questions and answers as zone-file text."""

from collections.abc import Callable, Iterable

import msgspec
import pytest

from controlplane.objects import (
    Endpoint,
    EndpointConditions,
    EndpointPort,
    EndpointSlice,
    LoadBalancerIngress,
    LoadBalancerStatus,
    Namespace,
    NamespacedName,
    ObjectMeta,
    ObjectReference,
    Pod,
    PodIP,
    PodStatus,
    Service,
    ServicePort,
    ServiceSpec,
    ServiceStatus,
)
from controlplane.options import ClusterOptions
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

SERIAL = 1_700_000_000

Ask = Callable[..., str]


def _port(text: str) -> ServicePort:
    """`http:80/TCP`; the name may be empty."""
    name, _, rest = text.partition(":")
    number, _, protocol = rest.partition("/")
    return ServicePort(name=name, port=int(number), protocol=protocol or "TCP")


def _service(key: str, *addresses: str, ports: str = "http:80", **spec: object) -> Service:
    namespace, _, name = key.partition("/")
    return Service(
        metadata=ObjectMeta(name=name, namespace=namespace, labels={"app": name}),
        spec=ServiceSpec(
            **{
                "type": "ClusterIP",
                "cluster_ip": addresses[0] if addresses else "",
                "cluster_ips": addresses,
                "ports": tuple(map(_port, ports.split())),
            }
            | spec
        ),
    )


def _external(key: str, target: str) -> Service:
    return _service(key, ports="", type="ExternalName", external_name=target)


def _endpoint(text: str) -> Endpoint:
    """`10.0.0.1 [hostname] [pod=NAME] [unready]`."""
    address, *words = text.split()
    pods = [word.removeprefix("pod=") for word in words if word.startswith("pod=")]
    hostnames = [word for word in words if word != "unready" and not word.startswith("pod=")]
    return Endpoint(
        addresses=(address,),
        conditions=EndpointConditions(ready=False if "unready" in words else None),
        hostname=hostnames[0] if hostnames else None,
        target_ref=ObjectReference(kind="Pod", name=pods[0]) if pods else None,
    )


def _slice(key: str, endpoints: Iterable[str], ports: str = "http:8080", family: str = "IPv4") -> EndpointSlice:
    namespace, _, name = key.partition("/")
    return EndpointSlice(
        metadata=ObjectMeta(name=name, namespace=namespace, labels={"kubernetes.io/service-name": name}),
        address_type=family,
        endpoints=tuple(map(_endpoint, endpoints)),
        ports=tuple(EndpointPort(name=p.name, port=p.port, protocol=p.protocol) for p in map(_port, ports.split())),
    )


def _pod(key: str, *addresses: str, phase: str = "Running", deleted: str = "") -> Pod:
    namespace, _, name = key.partition("/")
    return Pod(
        metadata=ObjectMeta(name=name, namespace=namespace, deletion_timestamp=deleted),
        status=PodStatus(phase=phase, pod_ip=addresses[0], pod_ips=tuple(PodIP(ip=each) for each in addresses)),
    )


SERVICES = (
    _service("default/kubernetes", "10.96.0.1", ports="https:443"),
    _service("kube-system/kube-dns", "10.96.0.10", ports="dns:53/UDP dns-tcp:53/TCP metrics:9153/TCP"),
    _service("shop/web", "10.96.1.1", ports="http:80 https:443"),
    _service("shop/lonely", "10.96.1.2", ports=":80"),
    _service("shop/mixed", "10.96.1.3", ports="dns:53/UDP dns-tcp:53/TCP http:80"),
    _service("shop/dual", "10.96.1.4", "fd00:96::4"),
    _service("shop/six", "fd00:96::6"),
    msgspec.structs.replace(
        _service("shop/front", "10.96.1.5", type="LoadBalancer", external_ips=("198.51.100.7",)),
        status=ServiceStatus(load_balancer=LoadBalancerStatus(ingress=(LoadBalancerIngress(ip="198.51.100.8"),))),
    ),
    _service("shop/4digits", "10.96.1.6"),
    _service("data/db", "None", ports="pg:5432"),
    _service("data/both", "None"),
    _service("data/hollow", "None"),
    _service("data/cold", "None"),
    _service("data/portless", "None", ports=""),
    _service("data/overlap", "None"),
    _service("data/ports", "None"),
    _service("data/shared", "None"),
    _external("shop/outside", "www.upstream.example"),
    _external("shop/dotted", "WWW.upstream.example."),
    _external("shop/inside", "web.shop.svc.cluster.local"),
    _external("shop/twice", "inside.shop.svc.cluster.local."),
    _external("shop/away", "outside.shop.svc.cluster.local"),
    _external("shop/dead", "nothing.shop.svc.cluster.local"),
    _external("shop/self", "self.shop.svc.cluster.local"),
    _external("shop/ping", "pong.shop.svc.cluster.local"),
    _external("shop/pong", "ping.shop.svc.cluster.local"),
    _external("shop/literal", "192.0.2.1"),
    _external("shop/broken", "no..name"),
    *[_external(f"shop/hop-{n}", f"hop-{n - 1}.shop.svc.cluster.local") for n in range(2, 12)],
    _external("shop/hop-1", "web.shop.svc.cluster.local"),
)

SLICES = (
    _slice("kube-system/kube-dns", ["10.60.0.2"], "dns:53/UDP dns-tcp:53/TCP metrics:9153"),
    _slice("shop/web", ["10.60.1.1 pod=web-a", "10.60.1.2 pod=web-b", "10.60.1.3 unready"], "http:8080 https:8443"),
    _slice("shop/dual", ["10.60.1.1 pod=web-a"]),
    _slice("data/db", ["10.60.2.1 db-0 pod=db-0", "10.60.2.2 DB-1 pod=db-1", "10.60.2.3 db-2 unready"], "pg:15432"),
    _slice("data/both", ["10.60.2.11", "10.60.2.12"]),
    _slice("data/both", ["fd00:60::2:b", "fd00:60:2::"], family="IPv6"),
    _slice("data/both", ["host.upstream.example"], family="FQDN"),
    _slice("data/cold", ["10.60.2.21 unready"]),
    _slice("data/portless", ["10.60.2.31"], ""),
    _slice("data/overlap", ["10.60.2.41", "10.60.2.42"]),
    _slice("data/overlap", ["10.60.2.41"]),
    _slice("data/ports", ["10.60.2.51"], "http:8080"),
    _slice("data/ports", ["10.60.2.52"], "http:9090"),
    _slice("data/shared", ["10.60.2.61 twin", "10.60.2.62 twin"]),
    _slice("data/orphan", ["10.60.2.71"]),
    _slice("shop/outside", ["10.60.2.81"]),
)

PODS = (
    _pod("shop/web-a", "10.60.1.1", "fd00:60::1"),
    _pod("shop/going", "10.60.1.7", deleted="2026-01-01T00:00:00Z"),
    _pod("shop/done", "10.60.1.8", phase="Succeeded"),
    _pod("data/six", "fd00:60::6"),
)


def _snapshot() -> Snapshot:
    slices: dict[NamespacedName, tuple[EndpointSlice, ...]] = {}
    for each in SLICES:
        slices[each.key] = (*slices.get(each.key, ()), each)
    names = ("default", "kube-system", "shop", "data", "empty")
    return Snapshot(
        generation=1,
        options=ClusterOptions(),
        namespaces={n: Namespace(metadata=ObjectMeta(name=n, labels={"name": n})) for n in names},
        nodes={},
        pods={pod.key: pod for pod in PODS},
        services={service.key: service for service in SERVICES},
        slices=slices,
        serial=SERIAL,
    )


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
    return _snapshot()


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
