from collections.abc import Callable
from pathlib import Path

import pytest

from controlplane.objects import LabelSelector
from dns.names import from_text
from dns.records import PodMode
from dns.reversal import IN_ADDR_ARPA, IP6_ARPA

CLUSTER_LOCAL = from_text("cluster.local")
OPTIONS: dict[str, tuple[str, Callable[[str], object]]] = {
    "ttl": ("ttl", int),
    "pods": ("pods", PodMode),
    "endpoint_pod_names": ("endpoint_pod_names", lambda _: True),
    "noendpoints": ("endpoints", lambda _: False),
    "ignore_empty_service": ("ignore_empty_service", lambda _: True),
    "zonal": ("zonal", lambda _: True),
    "all_classes": ("all_classes", lambda _: True),
    "synced": ("synced", lambda value: value == "yes"),
    "local": ("local_addresses", lambda value: tuple(value.split(","))),
    "namespaces": ("namespaces", lambda value: frozenset(value.split(","))),
    "labels": ("labels", lambda value: LabelSelector(match_labels={"app": value})),
    "namespace_labels": ("namespace_labels", lambda value: LabelSelector(match_labels={"name": value})),
    "fallthrough": ("fallthrough", lambda value: tuple(map(from_text, value.split(",")))),
    "zones": ("zones", lambda value: tuple(map(from_text, value.split(",")))),
}


def soa(zone: str) -> str:
    return f"{zone} 5 IN SOA ns.dns.{zone} hostmaster.{zone} 1700000000 7200 1800 86400 5"


def parse_options(line: str) -> dict[str, object]:
    parsed = {}
    for word in line.split():
        key, _, value = word.partition("=")
        name, read = OPTIONS[key]
        parsed[name] = read(value)
    return parsed


def cases() -> list[object]:
    found = []
    for path in sorted((Path(__file__).parent / "answers").glob("*.zone")):
        for block in path.read_text().split("\n\n")[1:]:
            title, *lines = block.strip().splitlines()
            options = parse_options(lines.pop(0).removeprefix(";! ")) if lines[0].startswith(";! ") else {}
            question = lines.pop(0).removeprefix(";? ")
            expected = "\n".join(lines)
            for name, zone in (("$SOA4", "in-addr.arpa."), ("$SOA6", "ip6.arpa."), ("$SOA", "cluster.local.")):
                expected = expected.replace(name, soa(zone))
            found.append(pytest.param(question, options, expected, id=f"{path.stem}: {title.removeprefix('; ')}"))
    return found


@pytest.mark.parametrize(("question", "options", "expected"), cases())
def test_answer(ask, question, options, expected):
    assert ask(question, **options) == expected


def _existence(rows):
    for name, a, txt, soa_type, options in rows:
        for qtype in ("A", "AAAA", "SRV", "MX", "PTR", "CNAME", "TYPE65", "TYPE65280", "TYPE0", "ANY"):
            yield pytest.param(name, qtype, a, options, id=f"{name} {qtype} {options}")
        yield pytest.param(name, "TXT", txt, options, id=f"{name} TXT {options}")
        yield pytest.param(name, "SOA", soa_type, options, id=f"{name} SOA {options}")


PODS = {"pods": PodMode.INSECURE}
VERIFIED = {"pods": PodMode.VERIFIED}
EXISTENCE = [
    # name, every type but these two, TXT, SOA
    ("cluster.local.", "NODATA", "NXDOMAIN", "answer", {}),
    ("svc.cluster.local.", "NODATA", "NXDOMAIN", "NODATA", {}),
    ("pod.cluster.local.", "NODATA", "NXDOMAIN", "NODATA", {}),
    ("pod.cluster.local.", "NODATA", "NXDOMAIN", "NODATA", PODS),
    ("shop.svc.cluster.local.", "NODATA", "NXDOMAIN", "NODATA", {}),
    ("empty.svc.cluster.local.", "NODATA", "NXDOMAIN", "NODATA", {}),
    ("shop.pod.cluster.local.", "NODATA", "NXDOMAIN", "NODATA", PODS),
    ("shop.pod.cluster.local.", "NODATA", "NXDOMAIN", "NODATA", VERIFIED),
    ("shop.pod.cluster.local.", "NXDOMAIN", "NXDOMAIN", "NODATA", {}),
    ("nowhere.svc.cluster.local.", "NXDOMAIN", "NXDOMAIN", "NODATA", {}),
    ("nowhere.pod.cluster.local.", "NXDOMAIN", "NXDOMAIN", "NODATA", PODS),
    ("web.nowhere.svc.cluster.local.", "NXDOMAIN", "NXDOMAIN", "NODATA", {}),
    ("a.web.nowhere.svc.cluster.local.", "NXDOMAIN", "NXDOMAIN", "NODATA", {}),
    ("nothing.shop.svc.cluster.local.", "NXDOMAIN", "NXDOMAIN", "NODATA", {}),
    ("nothing.web.shop.svc.cluster.local.", "NXDOMAIN", "NXDOMAIN", "NODATA", {}),
    ("_no._tcp.web.shop.svc.cluster.local.", "NXDOMAIN", "NXDOMAIN", "NODATA", {}),
    ("_tcp.web.shop.svc.cluster.local.", "NXDOMAIN", "NXDOMAIN", "NODATA", {}),
    ("dns.cluster.local.", "NXDOMAIN", "NXDOMAIN", "NODATA", {}),
    ("anything.cluster.local.", "NXDOMAIN", "NXDOMAIN", "NODATA", {}),
    ("a.b.c.d.e.f.cluster.local.", "NXDOMAIN", "NXDOMAIN", "NODATA", {}),
]


@pytest.mark.parametrize(("name", "qtype", "expected", "options"), list(_existence(EXISTENCE)))
def test_names_exist_or_do_not_as_in_coredns(ask, name, qtype, expected, options):
    answers = {
        "NODATA": f";= NOERROR aa\n;; AUTHORITY\n{soa('cluster.local.')}",
        "NXDOMAIN": f";= NXDOMAIN aa\n;; AUTHORITY\n{soa('cluster.local.')}",
        "answer": f";= NOERROR aa\n{soa('cluster.local.')}",
    }
    assert ask(f"{name} {qtype}", **options) == answers[expected]


@pytest.mark.parametrize("qtype", ["TXT", "MX", "TYPE65", "NS", "PTR", "CNAME", "ANY", "TYPE65280"])
@pytest.mark.parametrize(
    "name", ["web.shop.svc", "db.data.svc", "db-0.db.data.svc", "_pg._tcp.db.data.svc", "six.shop.svc"]
)
def test_a_name_that_exists_is_nodata_for_types_that_it_has_not(ask, name, qtype):
    reply = ask(f"{name}.cluster.local. {qtype}")
    assert reply == f";= NOERROR aa\n;; AUTHORITY\n{soa('cluster.local.')}"


@pytest.mark.parametrize(
    ("question", "options", "explanation"),
    [
        ("hollow.data.svc.cluster.local. A", {}, "headless Service data/hollow has 0 ready endpoints"),
        ("cold.data.svc.cluster.local. SRV", {}, "headless Service data/cold has 0 ready endpoints"),
        ("a.lonely.shop.svc.cluster.local. A", {}, "Service shop/lonely has 0 ready endpoints"),
        ("db-9.db.data.svc.cluster.local. A", {}, "Service data/db has no ready endpoint of this name"),
        ("_x._tcp.db.data.svc.cluster.local. SRV", {}, "headless Service data/db has no such port"),
        ("_x._tcp.web.shop.svc.cluster.local. SRV", {}, "Service shop/web has no such port"),
        ("nothing.shop.svc.cluster.local. A", {}, "no such Service"),
        ("web.nowhere.svc.cluster.local. A", {}, "no such namespace"),
        ("web.shop.svc.cluster.local. AAAA", {}, "IPv4 addresses only"),
        ("six.shop.svc.cluster.local. A", {}, "IPv6 addresses only"),
        ("shop.svc.cluster.local. A", {}, ""),
        ("web.shop.svc.cluster.local. TXT", {}, ""),
        ("10-1-2-3.shop.pod.cluster.local. A", VERIFIED, "no such pod"),
        (
            "lonely.shop.svc.cluster.local. A",
            {"ignore_empty_service": True},
            "Service shop/lonely has 0 ready endpoints, and ignore empty_service is set",
        ),
        (
            "literal.shop.svc.cluster.local. A",
            {},
            "externalName of Service shop/literal is an IP address, not a DNS name",
        ),
        ("broken.shop.svc.cluster.local. A", {}, "externalName of Service shop/broken is not a DNS name"),
        ("a.outside.shop.svc.cluster.local. A", {}, "nothing is below ExternalName Service shop/outside"),
        (
            "dead.shop.svc.cluster.local. A",
            {},
            "ExternalName leads to nothing.shop.svc.cluster.local., which has no such address",
        ),
        (
            "inside.shop.svc.cluster.local. AAAA",
            {},
            "ExternalName leads to web.shop.svc.cluster.local., which has no such address",
        ),
        ("self.shop.svc.cluster.local. A", {}, "ExternalNames in a loop, or over 10 in a row"),
    ],
)
def test_negative_answers_say_why(explain, question, options, explanation):
    assert explain(question, **options) == explanation


def test_the_primary_zone_is_a_reverse_one_when_there_is_no_other(ask):
    answer = ask("1.1.96.10.in-addr.arpa. PTR", zones=(IN_ADDR_ARPA, IP6_ARPA))
    assert answer.splitlines()[1] == "1.1.96.10.in-addr.arpa. 5 IN PTR web.shop.svc.in-addr.arpa."
