from pathlib import Path

import msgspec
import pytest

from controlplane.objects import LabelSelector, LabelSelectorRequirement
from dns.config import STOCK_COREFILE, Listening, configure, stock_corefile
from dns.plugins.base import Address
from dns.plugins.cache import Cache, Share
from dns.plugins.errors import Consolidation, Errors
from dns.plugins.forward import Forward, ForwardRule, HealthCheck, Policy, Upstream
from dns.plugins.health import Health
from dns.plugins.hosts import Hosts
from dns.plugins.kubernetes import Kubernetes
from dns.plugins.loadbalance import Loadbalance
from dns.plugins.log import COMBINED_FORMAT, COMMON_FORMAT, Log, LogRule, ResponseClass
from dns.plugins.loop import Loop
from dns.plugins.prometheus import Prometheus
from dns.plugins.ready import Ready
from dns.plugins.reload import Reload
from dns.records import PodMode, RecordOptions

CLUSTER = (b"cluster", b"local")
IN_ADDR = (b"in-addr", b"arpa")
IP6 = (b"ip6", b"arpa")
EXAMPLE = (b"example", b"org")
ROOT = ((),)


def config(text):
    found, problems = configure(text)
    assert problems == ()
    return found


def settings(directive, kind):
    """What one directive in a block for the root comes to."""
    (server,) = config(f". {{\n{directive}\n}}").servers
    return server.get(kind)


def errors(text):
    found, problems = configure(text)
    assert found is None
    return [str(problem) for problem in problems]


@pytest.mark.parametrize(
    ("directive", "expected"),
    [
        ("health", Health()),
        ("health 127.0.0.1:8091", Health(address=Address("127.0.0.1", 8091))),
        ("health [::1]:8091 {\n lameduck 1m30s\n}", Health(address=Address("::1", 8091), lameduck=90.0)),
        ("ready", Ready()),
        ("ready :8182 {\n monitor continuously\n}", Ready(address=Address("", 8182), continuous=True)),
        ("ready {\n monitor until-ready\n}", Ready()),
        ("prometheus", Prometheus()),
        ("prometheus :9153", Prometheus(address=Address("", 9153))),
        ("loop", Loop()),
        ("reload", Reload()),
        ("reload 10s 2s", Reload(interval=10.0, jitter=2.0)),
        ("reload 10s", Reload(interval=10.0, jitter=5.0)),
        ("loadbalance", Loadbalance()),
        ("loadbalance round_robin", Loadbalance()),
        ("errors", Errors()),
        ("errors stdout", Errors()),
        (
            'errors {\n consolidate 5m ".* i/o timeout$" warning\n consolidate 30s "^x"\n}',
            Errors(
                consolidations=(Consolidation(300.0, ".* i/o timeout$", "warning"), Consolidation(30.0, "^x", "error"))
            ),
        ),
        ("log", Log(rules=(LogRule(),))),
        ("log .\nlog example.org {combined}", Log(rules=(LogRule(), LogRule((EXAMPLE,), COMBINED_FORMAT)))),
        (
            'log example.org a.example.org "{name} {common}" {\n class denial\n class error\n}',
            Log(
                rules=(
                    LogRule(
                        (EXAMPLE, (b"a", *EXAMPLE)),
                        "{name} " + COMMON_FORMAT,
                        frozenset({ResponseClass.DENIAL, ResponseClass.ERROR}),
                    ),
                )
            ),
        ),
        ("cache", Cache()),
        ("cache 30", Cache(success=Share(ttl=30), denial=Share(ttl=30))),
        ("cache example.org", Cache(zones=(EXAMPLE,))),
        (
            "cache 60 example.org {\n success 100 30 10\n denial 200 15\n servfail 1s\n keepttl\n}",
            Cache(
                zones=(EXAMPLE,),
                success=Share(capacity=100, ttl=30, min_ttl=10),
                denial=Share(capacity=200, ttl=15),
                servfail_ttl=1.0,
                keep_ttl=True,
            ),
        ),
        (
            "cache {\n disable success example.org\n disable denial\n}",
            Cache(success=Share(disabled_zones=(EXAMPLE,)), denial=Share(ttl=1800, disabled_zones=ROOT)),
        ),
        ("hosts", Hosts()),
        (
            "hosts /x/hosts example.org {\n 10.0.0.1 a.example.org b\n ttl 60\n no_reverse\n reload 0\n"
            " fallthrough example.org\n}",
            Hosts(
                path="/x/hosts",
                zones=(EXAMPLE,),
                inline=("10.0.0.1 a.example.org b",),
                ttl=60,
                reverse=False,
                reload=0.0,
                fallthrough=(EXAMPLE,),
            ),
        ),
        ("hosts {\n fallthrough\n}", Hosts(fallthrough=ROOT)),
        ("forward . 192.0.2.1", Forward(rules=(ForwardRule(upstreams=(Upstream("192.0.2.1"),)),))),
        (
            "forward . 192.0.2.1:54 dns://2001:db8::1 [2001:db8::2]:55 [2001:db8::3] fe80::1%eth0 /etc/resolv.conf",
            Forward(
                rules=(
                    ForwardRule(
                        upstreams=(
                            Upstream("192.0.2.1", 54),
                            Upstream("2001:db8::1"),
                            Upstream("2001:db8::2", 55),
                            Upstream("2001:db8::3"),
                            Upstream("fe80::1%eth0"),
                        ),
                        files=("/etc/resolv.conf",),
                    ),
                )
            ),
        ),
        (
            "forward example.org 192.0.2.1 {\n except a.example.org b.example.org\n policy sequential\n max_fails 0\n"
            " max_concurrent 7\n expire 20s\n force_tcp\n prefer_udp\n health_check 5s no_rec domain example.org\n}",
            Forward(
                rules=(
                    ForwardRule(
                        zone=EXAMPLE,
                        upstreams=(Upstream("192.0.2.1"),),
                        excepted=((b"a", *EXAMPLE), (b"b", *EXAMPLE)),
                        policy=Policy.SEQUENTIAL,
                        max_fails=0,
                        max_concurrent=7,
                        expire=20.0,
                        force_tcp=True,
                        prefer_udp=True,
                        health_check=HealthCheck(interval=5.0, domain=EXAMPLE, recursion_desired=False),
                    ),
                )
            ),
        ),
        ("kubernetes cluster.local", Kubernetes(options=RecordOptions(zones=(CLUSTER,)))),
        (
            "kubernetes cluster.local 10.96.0.0/15 {\n pods verified\n ttl 60\n fallthrough in-addr.arpa\n"
            " namespaces a b\n namespaces c\n labels app=web\n endpoint_pod_names\n noendpoints\n"
            " ignore empty_service\n}",
            Kubernetes(
                options=RecordOptions(
                    zones=(CLUSTER, (b"96", b"10", *IN_ADDR), (b"97", b"10", *IN_ADDR)),
                    pods=PodMode.VERIFIED,
                    ttl=60,
                    fallthrough=(IN_ADDR,),
                    namespaces=frozenset("abc"),
                    labels=LabelSelector(
                        match_expressions=(LabelSelectorRequirement(key="app", operator="In", values=("web",)),)
                    ),
                    endpoint_pod_names=True,
                    endpoints=False,
                    ignore_empty_service=True,
                )
            ),
        ),
        (
            "kubernetes cluster.local {\n namespace_labels tier notin (a, b),!old,new,x!=y\n fallthrough\n}",
            Kubernetes(
                options=RecordOptions(
                    zones=(CLUSTER,),
                    fallthrough=ROOT,
                    namespace_labels=LabelSelector(
                        match_expressions=(
                            LabelSelectorRequirement(key="tier", operator="NotIn", values=("a", "b")),
                            LabelSelectorRequirement(key="old", operator="DoesNotExist"),
                            LabelSelectorRequirement(key="new", operator="Exists"),
                            LabelSelectorRequirement(key="x", operator="NotIn", values=("y",)),
                        )
                    ),
                )
            ),
        ),
    ],
)
def test_directives_become_settings(directive, expected):
    assert settings(directive, type(expected)) == expected


ARGUMENTS = "Wrong argument count or unexpected line ending after"


@pytest.mark.parametrize(
    ("directive", "expected"),
    [
        ("foo", "Corefile:2 - Error during parsing: Unknown directive 'foo'"),
        ("health a b", f"health: {ARGUMENTS} 'b'"),
        ("health 8080", "health: address 8080: missing port in address"),
        ("health :x", "health: address :x: invalid port"),
        ("health {\nlameduck\n}", f"health@3: {ARGUMENTS} 'lameduck'"),
        ("health {\nlameduck 5\n}", 'health@3: time: missing unit in duration "5"'),
        ("health {\nlameduck 5x\n}", 'health@3: time: unknown unit "x" in duration "5x"'),
        ("health {\nlameduck s\n}", 'health@3: time: invalid duration "s"'),
        ("health {\nlameduck -5s\n}", "health@3: lameduck can't be negative: -5s"),
        ("health {\nducks 5s\n}", f"health@3: {ARGUMENTS} '5s'"),
        ("ready {\nmonitor never\n}", "ready@3: invalid monitor type 'never'"),
        ("ready {\nx\n}", "ready@3: unknown property 'x'"),
        ("prometheus {\ntls a b\n}", "prometheus@3: unknown option: tls"),
        ("loop x", f"loop: {ARGUMENTS} 'x'"),
        ("loop {\nx\n}", "loop@3: unknown property 'x'"),
        ("reload 1s", "reload: interval value must be greater or equal to 2s"),
        ("reload 2s 0s", "reload: jitter value must be greater or equal to 1s"),
        ("reload 2s 2s 2s", f"reload: {ARGUMENTS} '2s'"),
        ("reload {\nx\n}", "reload@3: unknown property 'x'"),
        ("loadbalance weighted f", "loadbalance: unknown policy: weighted"),
        ("loadbalance round_robin x", "loadbalance: unknown property for round_robin"),
        ("loadbalance {\nprefer 10.0.0.0/8\n}", "loadbalance@3: unknown property 'prefer'"),
        ("errors a b", f"errors: {ARGUMENTS} 'b'"),
        ("errors /x", "errors: invalid log file: /x"),
        ("errors {\nconsolidate 5m\n}", f"errors@3: {ARGUMENTS} '5m'"),
        ("errors {\nconsolidate 5m x loud\n}", "errors@3: unknown log level argument in consolidate: loud"),
        (
            "errors {\nconsolidate 5m (\n}",
            "errors@3: error parsing regexp: missing ), unterminated subpattern at position 0",
        ),
        ("log {\nclass big\n}", "log@3: invalid Class: big"),
        ("log {\nclass\n}", f"log@3: {ARGUMENTS} 'class'"),
        ("cache 0", "cache: cache TTL can not be zero or negative: 0"),
        ("cache {\nsuccess\n}", f"cache@3: {ARGUMENTS} 'success'"),
        ("cache {\nsuccess x\n}", 'cache@3: strconv.Atoi: parsing "x": invalid syntax'),
        ("cache {\ndenial 1 2 -3\n}", "cache@3: cache min TTL can not be negative: -3"),
        ("cache {\nservfail 6m\n}", "cache@3: caching SERVFAIL responses over 5 minutes is not permitted: 6m"),
        ("cache {\nservfail\n}", f"cache@3: {ARGUMENTS} 'servfail'"),
        ("cache {\nprefetch 10\n}", "cache@3: option 'prefetch' is not offered"),
        ("cache {\nx\n}", f"cache@3: {ARGUMENTS} 'x'"),
        ("cache {\ndisable\n}", f"cache@3: {ARGUMENTS} 'disable'"),
        ("cache {\ndisable x\n}", 'cache@3: cache type for disable must be "success" or "denial": x'),
        ("hosts {\nttl 0\n}", "hosts@3: ttl provided is invalid: 0"),
        ("hosts {\nttl\n}", f"hosts@3: {ARGUMENTS} 'ttl'"),
        ("hosts {\nreload\n}", f"hosts@3: {ARGUMENTS} 'reload'"),
        ("hosts {\nfallthrough\n10.0.0.1 a\n}", "hosts@4: unknown property '10.0.0.1'"),
        ("forward .", f"forward: {ARGUMENTS} '.'"),
        ("forward a..b 192.0.2.1", "forward: unable to normalize 'a..b'"),
        ("forward . name", 'forward: not an IP address or file: "name"'),
        ("forward . 192.0.2.1:x", 'forward: not an IP address or file: "192.0.2.1:x"'),
        (
            "forward . tls://192.0.2.1",
            "forward: 'tls' is not supported as a destination protocol in forward: tls://192.0.2.1",
        ),
        (f"forward . {' '.join(['192.0.2.1'] * 16)}", "forward: more than 15 TOs configured: 16"),
        ("forward . 192.0.2.1 {\nexcept\n}", f"forward@3: {ARGUMENTS} 'except'"),
        ("forward . 192.0.2.1 {\npolicy x\n}", "forward@3: unknown policy 'x'"),
        ("forward . 192.0.2.1 {\npolicy\n}", f"forward@3: {ARGUMENTS} 'policy'"),
        ("forward . 192.0.2.1 {\nmax_concurrent -1\n}", "forward@3: max_concurrent can't be negative: -1"),
        ("forward . 192.0.2.1 {\nmax_fails\n}", f"forward@3: {ARGUMENTS} 'max_fails'"),
        ("forward . 192.0.2.1 {\nexpire\n}", f"forward@3: {ARGUMENTS} 'expire'"),
        ("forward . 192.0.2.1 {\nforce_tcp x\n}", f"forward@3: {ARGUMENTS} 'x'"),
        ("forward . 192.0.2.1 {\nhealth_check\n}", f"forward@3: {ARGUMENTS} 'health_check'"),
        ("forward . 192.0.2.1 {\nhealth_check 1s x\n}", "forward@3: health_check: unknown option x"),
        ("forward . 192.0.2.1 {\nhealth_check 1s domain\n}", f"forward@3: {ARGUMENTS} 'domain'"),
        (
            "forward . 192.0.2.1 {\nhealth_check 1s domain a..b\n}",
            "forward@3: health_check: invalid domain name a..b",
        ),
        ("forward . 192.0.2.1 {\ntls\n}", "forward@3: unknown property 'tls'"),
        ("kubernetes in-addr.arpa", "kubernetes: non-reverse zone name must be used"),
        (
            "kubernetes a {\npods x\n}",
            "kubernetes@3: wrong value for pods: x,  must be one of: disabled, verified, insecure",
        ),
        ("kubernetes a {\npods\n}", f"kubernetes@3: {ARGUMENTS} 'pods'"),
        ("kubernetes a {\nttl 3601\n}", "kubernetes@3: ttl must be in range [0, 3600]: 3601"),
        ("kubernetes a {\nttl\n}", f"kubernetes@3: {ARGUMENTS} 'ttl'"),
        ("kubernetes a {\nttl x\n}", 'kubernetes@3: strconv.Atoi: parsing "x": invalid syntax'),
        ("kubernetes a {\nnamespaces\n}", f"kubernetes@3: {ARGUMENTS} 'namespaces'"),
        ("kubernetes a {\nlabels\n}", f"kubernetes@3: {ARGUMENTS} 'labels'"),
        (
            "kubernetes a {\nlabels a=(b)=\n}",
            "kubernetes@3: unable to parse label selector value: 'a=(b)=': couldn't parse the selector string 'a=(b)='",
        ),
        (
            "kubernetes a {\nnamespaces x\nnamespace_labels y\n}",
            "kubernetes: namespaces and namespace_labels cannot both be set",
        ),
        ("kubernetes a {\nignore x\n}", "kubernetes@3: unable to parse ignore value: 'x'"),
        ("kubernetes a {\nignore\n}", f"kubernetes@3: {ARGUMENTS} 'ignore'"),
        ("kubernetes a {\nmulticluster a\n}", "kubernetes@3: option 'multicluster' is not offered"),
        ("kubernetes a {\nx\n}", "kubernetes@3: unknown property 'x'"),
        ("cache\ncache", "cache@3: this plugin can only be used once per Server Block"),
    ],
)
def test_mistakes_of_plugins_have_their_file_and_line(directive, expected):
    owner, separator, message = expected.partition(": ")
    plugin, _, line = owner.partition("@")
    if separator and " " not in owner:
        expected = f"plugin/{plugin}: Corefile:{line or 2} - Error during parsing: {message}"
    assert errors(f". {{\n{directive}\n}}") == [expected]


def test_an_unknown_field_of_errors_is_a_syntax_error():
    assert errors(". {\nerrors {\nx\n}\n}") == [
        "plugin/errors: Corefile:3 - Syntax error: Unexpected token 'x', expecting 'Unknown field x'"
    ]


def test_all_mistakes_of_plugins_are_told_at_once():
    assert errors(".:53 .:54 {\n loop x\n reload 1s\n}") == [
        "plugin/reload: Corefile:3 - Error during parsing: interval value must be greater or equal to 2s",
        f"plugin/loop: Corefile:2 - Error during parsing: {ARGUMENTS} 'x'",
    ]


def test_what_has_no_effect_here_is_a_warning():
    found = config(". {\n kubernetes cluster.local {\n  kubeconfig /x\n }\n errors {\n  stacktrace\n }\n}")
    assert [str(each) for each in found.warnings] == [
        "plugin/errors: Corefile:6 - Warning: a failing query is always logged with its stack",
        "plugin/kubernetes: Corefile:3 - Warning: there is no API server here, 'kubeconfig' has no effect",
    ]


def test_zones_of_a_block_are_those_of_its_plugins():
    (server,) = config("Cluster.Local 10.0.0.0/24 {\n kubernetes\n cache\n hosts\n}").servers
    zones = (CLUSTER, (b"0", b"0", b"10", *IN_ADDR))
    assert (server.zones, server.port) == (zones, 53)
    assert server.get(Kubernetes).options.zones == server.get(Cache).zones == server.get(Hosts).zones == zones


def test_keys_of_several_ports_make_several_servers():
    found = config("a:53 dns://b:54 c:54 fd00::/16 {\n errors\n}\n.:5353 {\n}")
    assert [(server.zones, server.port) for server in found.servers] == [
        (((b"a",), (b"0", b"0", b"d", b"f", *IP6)), 53),
        (((b"b",), (b"c",)), 54),
        (ROOT, 5353),
    ]
    assert found.listening == {Listening(53), Listening(54), Listening(5353)}
    assert found.servers[0].get(Cache) is None


def test_a_zone_may_be_served_differently_on_each_address():
    found = config("a {\n bind 127.0.0.1\n}\na {\n bind 127.0.0.2 ::1\n}\na:54 {\n}\nb {\n}")
    assert [server.listening for server in found.servers] == [
        (Listening(53, "127.0.0.1"),),
        (Listening(53, "127.0.0.2"), Listening(53, "::1")),
        (Listening(54),),
        (Listening(53),),
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "a {\n}\nb A:53 {\n}",
            "Corefile:3 - Error during parsing: cannot serve dns://a.:53 - it is already defined",
        ),
        (
            "a {\n bind 127.0.0.1\n}\na {\n bind ::1 127.0.0.1\n}",
            "Corefile:4 - Error during parsing: cannot serve dns://a.:53 on 127.0.0.1 - it is already defined",
        ),
        (
            "a {\n}\na {\n bind 127.0.0.1\n}",
            "Corefile:3 - Error during parsing: cannot serve dns://a.:53 on 127.0.0.1 - "
            "zone overlap listener capacity with dns://a.:53",
        ),
        (
            "a {\n bind 127.0.0.1\n}\na {\n}",
            "Corefile:4 - Error during parsing: cannot serve dns://a.:53 - "
            "zone overlap listener capacity with dns://a.:53 on 127.0.0.1",
        ),
        ("tls://a {\n}", "Corefile:1 - Error during parsing: transport 'tls' is not offered"),
        ("a..b {\n}", "Corefile:1 - Error during parsing: cannot normalize zone 'a..b'"),
        ("10.0.0.0/99 {\n}", "Corefile:1 - Error during parsing: cannot normalize zone '10.0.0.0/99'"),
    ],
)
def test_keys_that_cannot_be_served_are_refused(text, expected):
    assert errors(text) == [expected]


def test_the_stock_corefile_is_what_kubeadm_gives():
    found = config(STOCK_COREFILE)
    (server,) = found.servers
    assert (server.zones, server.port, found.warnings) == (ROOT, 53, ())
    share = Share(ttl=30, disabled_zones=(CLUSTER,))
    wanted = (
        Errors(),
        Health(lameduck=5.0),
        Ready(),
        Kubernetes(
            options=RecordOptions(
                zones=(CLUSTER, IN_ADDR, IP6), ttl=30, pods=PodMode.INSECURE, fallthrough=(IN_ADDR, IP6)
            )
        ),
        Prometheus(address=Address("", 9153)),
        Forward(rules=(ForwardRule(files=("/etc/resolv.conf",), max_concurrent=1000),)),
        Cache(success=share, denial=share),
        Loop(),
        Reload(),
        Loadbalance(),
    )
    assert dict(server.plugins) == {type(each): each for each in wanted}


def test_the_example_corefile_says_the_same_as_the_stock_one():
    example = Path(__file__).parents[3] / "configs" / "Corefile"
    assert config(example.read_text()) == config(STOCK_COREFILE)


def test_the_stock_corefile_knows_the_cluster_domain():
    (server,) = config(stock_corefile("lab.test")).servers
    assert server.get(Kubernetes).options.zones == ((b"lab", b"test"), IN_ADDR, IP6)
    assert msgspec.structs.replace(server.get(Cache).denial, disabled_zones=()) == Share(ttl=30)
