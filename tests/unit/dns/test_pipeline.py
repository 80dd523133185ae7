import msgspec
import pytest

from controlplane.objects import NamespacedName, ObjectMeta, Service, ServiceSpec
from dns.config import configure
from dns.counters import DROPPED, Counters
from dns.hostsfile import HostsTable
from dns.model import Query, Rcode, Record, RecordType
from dns.names import from_text
from dns.pipeline import Answer, Ask, Block, Pipeline
from dns.plugins.forward import Forward, Upstream
from dns.plugins.hosts import Hosts
from dns.records import ClusterRecords
from dns.responses import ParsedResponse, ResponseHeader
from dns.steps import FOREVER, MAX_HOPS
from dns.upstreams import UpstreamGroup

STOCK = """
. {
    kubernetes cluster.local in-addr.arpa ip6.arpa {
        fallthrough in-addr.arpa ip6.arpa
        ttl 30
    }
    forward . 192.0.2.1 {
        max_concurrent 2
    }
    cache 30
}
"""
OUTSIDE = from_text("www.upstream.example")


def query(name, qtype="A", **fields):
    return Query(1, from_text(name), RecordType[qtype], **fields)


def response(*records, rcode=0, available=True, truncated=False):
    header = ResponseHeader(
        id=1,
        opcode=0,
        rcode=rcode,
        authoritative=False,
        truncated=truncated,
        recursion_available=available,
        authentic_data=False,
        qname=None,
    )
    return ParsedResponse(header, records, (), ())


class World:
    """A pipeline of a Corefile, over the snapshot of all DNS tests."""

    def __init__(self, text, snapshot, *, published=True):
        config, problems = configure(text)
        assert problems == ()
        self.blocks = {}
        for settings in config.servers:
            forward = settings.get(Forward)
            groups = [UpstreamGroup(rule, rule.upstreams) for rule in forward.rules] if forward else []
            for zone in settings.zones:
                self.blocks[zone] = block = Block(settings, zone, groups)
                if block.record_options is not None:
                    block.record_options = msgspec.structs.replace(block.record_options, all_classes=block.forwards)
        self.counters = Counters()
        self.pipeline = Pipeline(self.blocks, self.counters)
        if published:
            options = [block.record_options for block in self.blocks.values() if block.record_options]
            self.pipeline.records = {each: ClusterRecords.of(snapshot, each) for each in options}

    def decide(self, name, qtype="A", now=0.0, **fields):
        return self.pipeline.decide(query(name, qtype, **fields), over_tcp=False, now=now)

    def answer(self, *question, **fields):
        """The answer as text: response code, and the data of each record."""
        decision = self.decide(*question, **fields)
        assert isinstance(decision, Answer)
        return text(decision)

    def asked(self, *question, **fields):
        """Whom it would ask for what."""
        decision = self.decide(*question, **fields)
        assert isinstance(decision, Ask)
        return decision.query.qname, decision.group.upstreams

    def finish(self, answered, *question, octets=100, now=0.0):
        decision = self.decide(*question, now=now)
        assert isinstance(decision, Ask)
        return self.pipeline.finish(decision, answered, octets, now)


def text(answer):
    return " ".join([answer.reply.rcode.name, *(str(record.data) for record in answer.reply.answer)])


@pytest.fixture
def world(cluster):
    return lambda corefile=STOCK, **options: World(corefile, cluster, **options)


def test_names_of_the_cluster_are_answered_here(world):
    stock = world()
    assert stock.answer("web.shop.svc.cluster.local") == "NOERROR 10.96.1.1"
    assert stock.answer("gone.shop.svc.cluster.local") == "NXDOMAIN"
    assert stock.decide("web.shop.svc.cluster.local").kept_until == FOREVER
    assert stock.decide("gone.shop.svc.cluster.local").kept_until == FOREVER


def test_other_names_and_addresses_are_asked_upstream(world):
    stock = world()
    assert stock.asked("www.upstream.example") == (OUTSIDE, [Upstream("192.0.2.1")])
    assert stock.asked("9.9.9.9.in-addr.arpa", "PTR") == (from_text("9.9.9.9.in-addr.arpa"), [Upstream("192.0.2.1")])


def test_an_upstreams_answer_goes_to_the_client_and_into_the_cache(world):
    stock = world()
    record = Record(OUTSIDE, RecordType.A, 300, "192.0.2.80")
    finished = stock.finish(response(record), "www.upstream.example")
    assert finished.reply.answer == (record._replace(ttl=30),)
    assert (finished.recursion_available, finished.reply.authoritative, finished.kept_until) == (True, False, 0.0)
    cached = stock.decide("www.upstream.example", now=10.0)
    assert cached.reply.answer == (record._replace(ttl=20),)
    assert (cached.recursion_available, cached.reply.authoritative) == (True, True)
    assert stock.counters.cache_hits == {"success": 1}
    assert stock.counters.cache_misses == 1
    assert isinstance(stock.decide("www.upstream.example", now=30.0), Ask)


@pytest.mark.parametrize(("options", "ttl"), [("", 19), ("keepttl", 300)])
def test_an_answer_from_the_cache_is_the_same_until_its_ttls_are_counted_down(world, options, ttl):
    stock = world(STOCK.replace("cache 30", f"cache 30 {{\n {options}\n }}" if options else "cache 30"))
    stock.finish(response(Record(OUTSIDE, RecordType.A, 300, "192.0.2.80")), "www.upstream.example", now=100.0)
    cached = stock.decide("www.upstream.example", now=110.25)
    assert (cached.reply.answer[0].ttl, cached.kept_until, cached.cache_hits) == (ttl, 111.0, ("success",))
    assert stock.decide("web.shop.svc.cluster.local", now=110.25).cache_hits == ()


def test_a_denial_from_the_cache_ages_too(world):
    stock = world()
    stock.finish(response(rcode=Rcode.NXDOMAIN), "www.upstream.example")
    cached = stock.decide("www.upstream.example", now=0.5)
    assert (cached.reply.rcode, cached.kept_until, cached.cache_hits) == (Rcode.NXDOMAIN, 1.0, ("denial",))


@pytest.mark.parametrize("plugin", ["log", "autopath @kubernetes"])
def test_what_each_query_must_pass_through_is_passed_for_cached_answers_too(world, plugin):
    stock = world(STOCK.replace("cache 30", f"cache 30\n {plugin}").replace("ttl 30", "ttl 30\n pods verified"))
    stock.finish(response(Record(OUTSIDE, RecordType.A, 300, "192.0.2.80")), "www.upstream.example")
    cached = stock.decide("www.upstream.example", now=0.5)
    assert (text(cached), cached.kept_until) == ("NOERROR 192.0.2.80", 0.0)
    assert stock.counters.cache_hits == {"success": 1}


def test_an_external_name_whose_target_is_cached_is_the_same_as_long_as_that(world):
    stock = world()
    stock.finish(response(Record(OUTSIDE, RecordType.A, 300, "192.0.2.80")), "www.upstream.example")
    found = stock.decide("outside.shop.svc.cluster.local", now=0.5)
    assert (text(found), found.kept_until, found.cache_hits) == (
        f"NOERROR {OUTSIDE} 192.0.2.80",
        1.0,
        ("success",),
    )


def test_without_the_cache_every_answer_is_an_upstreams(world):
    found = world(". {\n forward . 192.0.2.1\n}")
    record = Record(OUTSIDE, RecordType.A, 300, "192.0.2.80")
    assert found.finish(response(record), "www.upstream.example").reply.answer == (record,)
    assert isinstance(found.decide("www.upstream.example"), Ask)


def test_a_denial_of_an_upstream_is_kept_and_counted(world):
    stock = world()
    assert text(stock.finish(response(rcode=3), "gone.upstream.example")) == "NXDOMAIN"
    assert stock.answer("gone.upstream.example", now=1.0) == "NXDOMAIN"
    assert stock.counters.cache_hits == {"denial": 1}


def test_without_an_upstreams_answer_the_query_fails(world):
    stock = world()
    finished = stock.finish(None, "www.upstream.example")
    assert (text(finished), finished.reply.authoritative) == ("SERVFAIL", False)
    assert isinstance(stock.decide("www.upstream.example"), Ask)


def test_a_response_code_that_has_no_name_is_a_failure(world):
    assert text(world().finish(response(rcode=9), "www.upstream.example")) == "SERVFAIL"


def test_an_external_name_leads_upstream_and_its_alias_goes_in_front(world):
    stock = world()
    record = Record(OUTSIDE, RecordType.A, 7, "192.0.2.80")
    assert stock.asked("outside.shop.svc.cluster.local") == (OUTSIDE, [Upstream("192.0.2.1")])
    finished = stock.finish(response(record), "outside.shop.svc.cluster.local")
    alias, address = finished.reply.answer
    assert (alias.type, alias.data, alias.ttl, address) == (RecordType.CNAME, OUTSIDE, 30, record)
    assert (finished.reply.authoritative, finished.recursion_available, finished.kept_until) == (True, False, 0.0)
    assert stock.answer("outside.shop.svc.cluster.local", now=1.0) == f"NOERROR {OUTSIDE} 192.0.2.80"


@pytest.mark.parametrize("answered", [None, response(rcode=3), response(rcode=5), response(rcode=2)])
def test_what_goes_wrong_behind_an_external_name_leaves_the_alias_alone(world, answered):
    assert text(world().finish(answered, "outside.shop.svc.cluster.local")) == f"NOERROR {OUTSIDE}"


def test_that_an_answer_behind_an_external_name_was_cut_is_said(world):
    assert world().finish(response(truncated=True), "outside.shop.svc.cluster.local").reply.truncated


def test_external_names_without_anybody_to_ask_are_the_alias_alone(world):
    lone = world("cluster.local {\n kubernetes\n}")
    assert lone.answer("outside.shop.svc.cluster.local") == f"NOERROR {OUTSIDE}"


def external(key, target):
    namespace, name = key
    return Service(
        metadata=ObjectMeta(name=name, namespace=namespace), spec=ServiceSpec(type="ExternalName", external_name=target)
    )


def test_external_names_that_lead_from_zone_to_zone_end_somewhere(cluster):
    ring = {"x": "y.shop.svc.two.test", "y": "x.shop.svc.one.test"}
    services = {key: external(key, target) for name, target in ring.items() for key in [NamespacedName("shop", name)]}
    snapshot = msgspec.structs.replace(cluster, services=services)
    found = World("one.test {\n kubernetes\n}\ntwo.test {\n kubernetes\n}", snapshot)
    decision = found.decide("x.shop.svc.one.test")
    assert decision.reply.rcode is Rcode.NOERROR
    assert {record.type for record in decision.reply.answer} == {RecordType.CNAME}
    assert len(decision.reply.answer) == MAX_HOPS + 1


@pytest.mark.parametrize("name", ["www.upstream.example", "1.1.60.10.in-addr.arpa"])
def test_until_something_is_published_upstreams_are_asked_for_what_may_be_theirs(world, name):
    assert world(published=False).asked(name)[0] == from_text(name)


def test_until_something_is_published_names_fail(world):
    early = world(published=False)
    assert early.answer("web.shop.svc.cluster.local") == "SERVFAIL"
    decision = early.decide("web.shop.svc.cluster.local")
    assert (decision.kept_until, decision.reply.authoritative) == (0.0, False)


@pytest.mark.parametrize(
    ("corefile", "question", "expected"),
    [
        ("cluster.local {\n kubernetes\n}", ("www.upstream.example", "A"), "REFUSED"),
        (". {\n kubernetes cluster.local\n}", ("www.upstream.example", "A"), "SERVFAIL"),
        (". {\n forward . /no/such/file\n}", ("www.upstream.example", "A"), "REFUSED"),
        (". {\n forward example.org 192.0.2.1\n}", ("www.upstream.example", "A"), "SERVFAIL"),
        (". {\n forward . 192.0.2.1 {\n except upstream.example\n }\n}", ("www.upstream.example", "A"), "SERVFAIL"),
    ],
)
def test_names_that_nobody_answers(world, corefile, question, expected):
    lone = world(corefile)
    decision = lone.decide(*question)
    assert (text(decision), decision.reply.authoritative, decision.kept_until) == (expected, False, 0.0)


def test_questions_that_no_block_serves_are_counted_as_dropped(world):
    assert world("cluster.local {\n kubernetes\n}").decide("example.org").zone == DROPPED
    assert world().decide("web.shop.svc.cluster.local").zone == "."


def test_the_most_specific_block_and_forward_are_used(world):
    found = world(
        ". {\n forward a.test 192.0.2.1\n forward . 192.0.2.2\n}\nlocal {\n forward . 192.0.2.3\n}\n"
        "cluster.local {\n kubernetes\n}"
    )
    assert found.asked("x.A.test")[1] == [Upstream("192.0.2.1")]
    assert found.asked("b.test")[1] == [Upstream("192.0.2.2")]
    assert found.asked("printer.local")[1] == [Upstream("192.0.2.3")]
    assert found.answer("web.shop.svc.cluster.local") == "NOERROR 10.96.1.1"


def test_the_forwards_own_zone_cannot_be_excepted(world):
    found = world(". {\n forward a.test 192.0.2.1 {\n except a.test\n }\n}")
    assert found.asked("a.test")[1] == [Upstream("192.0.2.1")]
    assert found.answer("b.a.test") == "SERVFAIL"


@pytest.mark.parametrize(
    ("corefile", "expected"),
    [(". {\n kubernetes cluster.local\n}", "REFUSED"), (STOCK, "NOERROR 10.96.1.1")],
)
def test_other_classes_are_refused_unless_forward_is_loaded(world, corefile, expected):
    assert world(corefile).answer("web.shop.svc.cluster.local", qclass=3) == expected


def test_too_many_queries_at_a_time_are_refused(world):
    stock = world()
    stock.blocks[()].groups[0].concurrent = 2
    assert stock.answer("www.upstream.example") == "REFUSED"
    assert stock.counters.max_concurrent_rejects == 1


def test_hosts_come_before_the_cluster(world):
    found = world(
        ". {\n hosts /none {\n 10.0.0.1 web.shop.svc.cluster.local\n fallthrough\n }\n kubernetes cluster.local\n}"
    )
    assert found.answer("web.shop.svc.cluster.local") == "NOERROR 10.0.0.1"
    assert found.answer("lonely.shop.svc.cluster.local") == "NOERROR 10.96.1.2"
    assert found.decide("web.shop.svc.cluster.local").kept_until == FOREVER
    block = found.blocks[()]
    block.hosts = HostsTable(block.settings.get(Hosts), "10.0.0.2 lonely.shop.svc.cluster.local")
    assert found.answer("lonely.shop.svc.cluster.local") == "NOERROR 10.0.0.2"


def test_logged_answers_are_made_each_time(world):
    logged = world(". {\n log\n kubernetes cluster.local\n}").decide("web.shop.svc.cluster.local")
    assert logged.kept_until == 0.0
    assert logged.log is not None


def test_a_probe_that_comes_back_marks_its_upstream(world):
    stock = world()
    (group,) = stock.blocks[()].groups
    stock.pipeline.probes[b"a", b"b"] = group, group.upstreams[0]
    assert isinstance(stock.decide("a.b", "A"), Ask)
    assert stock.answer("A.b", "HINFO") == "REFUSED"
    assert group.usable == []
    assert stock.answer("www.upstream.example") == "REFUSED"


def test_with_loadbalance_answers_are_to_be_balanced(world):
    assert world(". {\n kubernetes cluster.local\n loadbalance\n}").decide("web.shop.svc.cluster.local").is_balanced
    assert not world(". {\n kubernetes cluster.local\n}").decide("web.shop.svc.cluster.local").is_balanced
