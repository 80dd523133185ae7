from pathlib import Path

import pytest

from dns.model import Edns, Rcode
from dns.plugins import PLUGINS
from dns.steps import FOREVER

SOA = "cluster.local. 5 IN SOA ns.dns.cluster.local. hostmaster.cluster.local. 1700000000 7200 1800 86400 5"
CLUSTER = "kubernetes cluster.local\nforward . 192.0.2.1\n"
VERIFIED = "kubernetes cluster.local {\n pods verified\n}\nforward . 192.0.2.1\n"
WEB = "web.shop.svc.cluster.local."
LOCAL_SOA = "604800 IN SOA localhost. root.localhost. 1 0 0 0 604800"


def block(*plugins, rest=CLUSTER):
    return ". {\n" + "\n".join((*plugins, rest)) + "\n}"


def lines(*texts):
    return "\n".join(texts)


NODATA = lines(";= NOERROR aa", ";; AUTHORITY", SOA)


def cases():
    for path in sorted((Path(__file__).parent / "plugins").glob("*.zone")):
        for number, text in enumerate(path.read_text().split("\n\n")[1:], 1):
            written = text.strip().splitlines()
            corefile = [line[3:] for line in written if line.startswith(";{")]
            question, *expected = (line for line in written if not line.startswith(";{"))
            answer = "\n".join(expected).replace("$SOA", SOA).replace("$LOCAL", LOCAL_SOA)
            yield pytest.param(corefile, question[3:], answer, id=f"{path.stem} {number}: {question[3:]}")


@pytest.mark.parametrize(("plugins", "question", "expected"), list(cases()))
def test_answers(pipes, plugins, question, expected):
    assert pipes(block(*plugins)).ask(question) == expected


@pytest.mark.parametrize(
    ("plugin", "is_kept"),
    [
        ("any", True),
        ("rewrite name a.test web.shop.svc.cluster.local", True),
        ("minimal", True),
        ("bufsize", True),
        ("dns64", True),
        ("acl {\n allow\n}", False),
        ("autopath @kubernetes", False),
    ],
)
def test_an_answer_is_kept_only_if_every_client_would_get_it(pipes, plugin, is_kept):
    assert pipes(block(plugin)).decide(f"{WEB} A").kept_until == (FOREVER if is_kept else 0.0)


@pytest.mark.parametrize(("answer", "is_kept"), [("10.0.0.1", True), ("{{ .Remote }}", False)])
def test_a_template_that_speaks_of_the_client_is_not_kept(pipes, answer, is_kept):
    found = pipes(block(f'template IN A m.test {{\n answer "{{{{ .Name }}}} 60 IN A {answer}"\n}}'))
    assert found.decide("m.test A").kept_until == (FOREVER if is_kept else 0.0)


def test_addresses_for_clients_over_ipv6_are_made_of_ipv4_ones(pipes):
    found = pipes(block("dns64"))
    assert found.ask(f"{WEB} AAAA", client="fd00::1") == lines(";= NOERROR", f"{WEB} 5 IN AAAA 64:ff9b::a60:101")
    assert found.ask(f"{WEB} CLASS3 AAAA", client="fd00::1") == NODATA
    assert found.ask(f"{WEB} A", client="fd00::1") == lines(";= NOERROR aa", f"{WEB} 5 IN A 10.96.1.1")


@pytest.mark.parametrize(("client", "expected"), [("10.60.1.1", True), ("fe80::1%eth0", False), ("", True)])
def test_acl_drops_in_silence_and_does_not_trust_whom_it_cannot_tell(pipes, client, expected):
    corefile = block("acl {\n drop net 10.60.0.0/16\n}")
    answer = pipes(corefile).decide(f"{WEB} A", client=client)
    assert (answer.is_dropped or answer.reply.rcode is Rcode.REFUSED) is expected


def test_acl_says_why_to_clients_that_understand(pipes):
    assert pipes(block("acl {\n block\n}")).decide(f"{WEB} A").reply.explanation_code == 15
    assert pipes(block("acl {\n filter\n}")).decide(f"{WEB} A").reply.explanation_code == 17
    reply = pipes(block('template IN A {\n rcode NXDOMAIN\n ederror 21 "not today"\n}')).decide(f"{WEB} A").reply
    assert (reply.explanation_code, reply.explanation) == (21, "not today")


@pytest.mark.parametrize(
    ("plugins", "shown"),
    [
        (["bufsize"], Edns(1232, options=((3, b""), (10, b"cookie")))),
        (["bufsize 4096"], None),
        (["nsid"], Edns(4096, options=((3, b"node-1"), (10, b"cookie")))),
        (["nsid lab 7"], Edns(4096, options=((3, b"lab 7"), (10, b"cookie")))),
        (["nsid x", "bufsize 600"], Edns(600, options=((3, b"x"), (10, b"cookie")))),
    ],
)
def test_the_reply_shows_other_edns_than_the_query(pipes, plugins, shown):
    edns = Edns(4096, options=((3, b""), (10, b"cookie")))
    found = pipes(block(*plugins)).decide(f"{WEB} A", edns=edns).shown
    assert (found and found.edns) == shown
    assert pipes(block(*plugins)).decide(f"{WEB} A").shown is None


def test_the_reply_shows_the_clients_question_whatever_was_asked_instead(pipes):
    corefile = block("rewrite name a.test web.shop.svc.cluster.local", "header {\n query set rd\n query clear aa\n}")
    shown = pipes(corefile).decide("A.test A").shown
    assert (shown.qname, shown.recursion_desired) == ((b"A", b"test"), True)
    shown = pipes(block("header {\n response clear rd\n}")).decide(f"{WEB} A", recursion_desired=True).shown
    assert not shown.recursion_desired


def test_header_says_that_recursion_is_there(pipes):
    assert not pipes(block()).decide(f"{WEB} A").recursion_available
    assert pipes(block("header {\n response set ra\n}")).decide(f"{WEB} A").recursion_available


@pytest.mark.parametrize(("line", "deadline"), [("cancel", 5.001), ("cancel 1s", 1.0), ("errors", None)])
def test_cancel_bounds_how_long_upstreams_are_asked(pipes, line, deadline):
    found = pipes(block(line))
    found.ask("www.upstream.example A")
    assert found.deadline == deadline


def test_the_earlier_deadline_holds_for_what_is_looked_up_on_the_way(pipes):
    found = pipes("cluster.local {\n cancel 1s\n kubernetes\n}\nexample {\n cancel 3s\n forward . 192.0.2.1\n}\n")
    assert "192.0.2.80" in found.ask("outside.shop.svc.cluster.local A")
    assert found.deadline == 1.0


# autopath: the pod 10.60.1.1 is in the namespace shop.


@pytest.mark.parametrize(
    ("name", "expected", "asked"),
    [
        ("web.shop.svc.cluster.local.", [f"{WEB} 5 IN A 10.96.1.1"], []),
        (
            "kubernetes.default.shop.svc.cluster.local.",
            [
                "kubernetes.default.shop.svc.cluster.local. 5 IN CNAME kubernetes.default.svc.cluster.local.",
                "kubernetes.default.svc.cluster.local. 5 IN A 10.96.0.1",
            ],
            [],
        ),
        (
            "www.shop.svc.cluster.local.",
            [
                "www.shop.svc.cluster.local. 300 IN CNAME www.upstream.example.",
                "www.upstream.example. 300 IN A 192.0.2.80",
            ],
            ["www.upstream.example. A"],
        ),
        (
            "www.upstream.example.shop.svc.cluster.local.",
            [
                "www.upstream.example.shop.svc.cluster.local. 300 IN CNAME www.upstream.example.",
                "www.upstream.example. 300 IN A 192.0.2.80",
            ],
            ["www.upstream.example.upstream.example. A", "www.upstream.example. A"],
        ),
    ],
)
def test_the_search_list_is_walked_for_a_pod(pipes, name, expected, asked):
    found = pipes(block("autopath @kubernetes", rest=VERIFIED))
    _, *records = found.ask(f"{name} A").splitlines()
    assert (records, found.asked) == (expected, asked)


def test_a_name_that_exists_without_the_asked_type_ends_the_walk_without_an_alias(pipes):
    found = pipes(block("autopath @kubernetes", rest=VERIFIED))
    assert found.ask("kubernetes.default.shop.svc.cluster.local. AAAA") == NODATA


@pytest.mark.parametrize(
    ("corefile", "client"),
    [
        (block("autopath @kubernetes", rest=VERIFIED), "10.60.1.99"),
        (block("autopath @kubernetes"), "10.60.1.1"),
        (block("autopath other.test @kubernetes", rest=VERIFIED), "10.60.1.1"),
        (block("autopath @kubernetes", rest=VERIFIED), "10.60.1.1"),
    ],
)
def test_a_search_list_that_finds_nothing_or_is_not_known_changes_nothing(pipes, corefile, client):
    found = pipes(corefile)
    name = "gone.default.shop.svc.cluster.local."
    assert found.ask(f"{name} A", client=client) == lines(";= NXDOMAIN aa", ";; AUTHORITY", SOA)
    assert (
        found.ask("www.upstream.example A", client=client).splitlines()[1]
        == "www.upstream.example. 300 IN A 192.0.2.80"
    )


# transfer


@pytest.mark.parametrize(
    ("plugin", "question", "fields", "expected"),
    [
        ("transfer {\n to *\n}", "cluster.local AXFR", {}, True),
        ("transfer cluster.local {\n to 10.60.1.1 10.60.1.2:5353\n}", "cluster.local AXFR", {}, True),
        ("transfer {\n to 10.60.1.2\n}", "cluster.local AXFR", {}, Rcode.REFUSED),
        ("transfer {\n to *\n}", "cluster.local IXFR", {}, Rcode.SERVFAIL),
        ("transfer {\n to *\n}", "cluster.local IXFR", {"serial": 7}, True),
        ("transfer {\n to *\n}", "svc.cluster.local AXFR", {}, Rcode.REFUSED),
        ("transfer other.test {\n to *\n}", "cluster.local AXFR", {}, Rcode.REFUSED),
        ("transfer {\n to *\n}", "other.test MX", {}, Rcode.NXDOMAIN),
        ("transfer {\n to 10.9.9.9\n}\ntransfer cluster.local {\n to *\n}", "cluster.local AXFR", {}, True),
        ("transfer {\n to *\n}\nminimal\nloadbalance", "cluster.local AXFR", {}, True),
        ("errors", "cluster.local AXFR", {}, Rcode.REFUSED),
    ],
)
def test_zones_are_given_over_tcp_to_whom_they_may(pipes, plugin, question, fields, expected):
    answer = pipes(block(plugin)).decide(question, over_tcp=True, **fields)
    if expected is True:
        assert len(list(answer.transfer)) > 40
    else:
        assert answer.transfer is None
        assert answer.reply.rcode is expected


def test_who_has_the_current_serial_gets_the_soa_alone(pipes):
    answer = pipes(block("transfer {\n to *\n}")).decide("cluster.local IXFR", over_tcp=True, serial=1_700_000_000)
    assert len(list(answer.transfer)) == 1


def test_the_order_is_that_of_coredns():
    order = (
        "cancel reload nsid bufsize bind ready health prometheus errors log local dns64 any chaos loadbalance rewrite "
        "autopath acl cache header minimal template transfer hosts kubernetes loop forward"
    )
    assert " ".join(plugin.name for plugin in PLUGINS) == order
