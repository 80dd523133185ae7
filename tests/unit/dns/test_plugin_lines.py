import pytest

from dns.config import configure
from dns.model import Record, RecordType, Soa, Srv
from dns.names import from_text
from dns.patterns import PatternError, compile_pattern
from dns.plugins.acl import Acl
from dns.plugins.bind import Bind
from dns.plugins.chaos import Chaos
from dns.plugins.dns64 import Dns64
from dns.plugins.header import Header, HeaderRule
from dns.plugins.template import Templates
from dns.resolvconf import search_domains
from dns.rrtext import RecordError, parse_record


def settings(text, kind):
    config, problems = configure(f". {{\n{text}\n}}")
    assert problems == ()
    return config.servers[0].get(kind)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "any x",
            "plugin/any: Corefile:2 - Error during parsing: Wrong argument count or unexpected line ending after 'x'",
        ),
        ("any {\n x\n}", "plugin/any: Corefile:3 - Error during parsing: unknown property 'x'"),
        ("any\nany", "this plugin can only be used once per Server Block"),
        ("minimal x", "Wrong argument count or unexpected line ending after 'x'"),
        ("local x", "Wrong argument count or unexpected line ending after 'x'"),
        ("bufsize 511", "Wrong argument count or unexpected line ending after '511'"),
        ("bufsize 4097", "Wrong argument count or unexpected line ending after '4097'"),
        ("bufsize x", "Wrong argument count or unexpected line ending after 'x'"),
        ("bufsize 600 700", "Wrong argument count or unexpected line ending after '700'"),
        ("nsid {\n x\n}", "unknown property 'x'"),
        ("cancel x", 'invalid duration: "x"'),
        ("cancel 0", 'invalid negative duration: "0"'),
        ("cancel 1s 2s", "Wrong argument count or unexpected line ending after '2s'"),
        ("bind", "at least one address or interface name is expected"),
        ("bind 0.0.0.0", "0.0.0.0 would answer on every cluster IP; name the addresses"),
        ("bind ::", ":: would answer on every cluster IP; name the addresses"),
        ("bind eth9", "not a valid IP address or interface name: eth9"),
        ("header", "Wrong argument count or unexpected line ending after 'header'"),
        ("header {\n reply set aa\n}", "setting up rule: invalid selector=reply should be query or response"),
        ("header {\n response\n}", "setting up rule: no flag action provided"),
        ("header {\n set\n}", "setting up rule: invalid length for flags, at least one should be provided"),
        ("header {\n query flip rd\n}", "setting up rule: unknown flag action=flip, should be set or clear"),
        ("header {\n response set tc\n}", "setting up rule: unknown/unsupported flag=tc"),
        ("acl {\n permit\n}", "unexpected token 'permit'; expect 'allow', 'block', 'filter', 'drop'"),
        ("acl {\n block 10.0.0.1\n}", "unexpected token '10.0.0.1'; expect 'type | net'"),
        ("acl {\n block net\n}", "no token specified in 'net' section"),
        ("acl {\n block type nope\n}", "unexpected token 'nope'; expect legal QTYPE"),
        ("acl {\n block net 10.0.0.0/33\n}", "illegal CIDR notation '10.0.0.0/33'"),
        ("acl {\n block net 10.0.0.1 file nets\n}", "unexpected token 'file'; expect 'type | net'"),
        ("transfer", "'to' is required"),
        ("transfer {\n to\n}", "Wrong argument count or unexpected line ending after 'to'"),
        ("transfer {\n from *\n to *\n}", 'unknown property "from"'),
        ("transfer {\n to nowhere\n}", 'not an IP address or file: "nowhere"'),
        ("autopath", "no resolv-conf specified"),
        ("autopath /etc/resolv.conf", "'/etc/resolv.conf' is not offered, only @kubernetes"),
        ("dns64 64:ff9b::/96 x", "Wrong argument count or unexpected line ending after 'x'"),
        ("dns64 {\n prefix\n}", "Wrong argument count or unexpected line ending after 'prefix'"),
        ("dns64 {\n prefix x\n}", "invalid CIDR address: x"),
        ("dns64 10.0.0.0/8", 'invalid netmask 32 IPv6 address: "10.0.0.0/8"'),
        ("dns64 64:ff9b::/97", 'invalid prefix length "64:ff9b::/97"'),
        ("dns64 {\n x\n}", "unknown property 'x'"),
        ("rewrite", "no rule type specified for rewrite"),
        ("rewrite stop", 'invalid rule type ""'),
        ("rewrite no a b", 'invalid rule type "no"'),
        ("rewrite edns0 nsid set", 'rule type "edns0" is not offered'),
        ("rewrite answer name a b", "response rewrites must begin with a name rule"),
        ("rewrite name a", "too few arguments for a name rule"),
        (
            "rewrite name glob a b",
            "name rule supports only exact, prefix, suffix, substring, and regex name matching, received: glob",
        ),
        ("rewrite name regex ( b", "invalid regex matching pattern: ("),
        (
            "rewrite name regex a {1}",
            "pattern ({1}) uses more subexpressions than its corresponding matching regex pattern (a)",
        ),
        ("rewrite name exact a b answer", "invalid arguments for exact rule"),
        (
            "rewrite name exact a b reply auto",
            "exceeded the number of arguments for a non-answer rule argument for exact rule",
        ),
        ("rewrite name suffix a b answer auto answer", "type missing for answer rule for suffix rule"),
        ("rewrite name suffix a b answer ttl 5", 'invalid type "ttl" for answer rule for suffix rule'),
        ("rewrite name suffix a b answer name c", "name answer rule for suffix rule: 2 arguments required"),
        (
            "rewrite name suffix a b answer value ( c",
            "value answer rule for suffix rule: invalid regex matching pattern: (",
        ),
        (
            "rewrite name suffix a b answer auto answer name c d",
            "auto name answer rule cannot be combined with explicit name anwer rules",
        ),
        ("rewrite type A", "type rules must have exactly two arguments"),
        ("rewrite class IN CH HS", "class rules must have exactly two arguments"),
        ("rewrite type A nope", 'invalid type "NOPE"'),
        ("rewrite class IN nope", 'invalid class "NOPE"'),
        ("rewrite ttl a", "too few (1) arguments for a ttl rule"),
        ("rewrite ttl exact a 1 2", "many few arguments for a ttl rule"),
        ("rewrite ttl a -", "invalid TTL '-' for a ttl rule"),
        ("rewrite ttl a 9-1", "invalid TTL '9-1' for a ttl rule"),
        ("rewrite ttl glob a 1", "ttl rule supports only exact, prefix, suffix, substring, and regex name matching"),
        ("rewrite ttl regex ( 1", "invalid regex pattern in a ttl rule: ("),
        ("rewrite rcode a 1", "too few (2) arguments for a rcode rule"),
        ("rewrite rcode exact a 1 2 3", "many few arguments for a rcode rule"),
        ("rewrite rcode a nope 2", "invalid matching RCODE 'nope' for a rcode rule"),
        ("rewrite rcode a 2 99", "invalid replacement RCODE '99' for a rcode rule"),
        ("template IN", "Wrong argument count or unexpected line ending after 'IN'"),
        ("template NO A {\n rcode NXDOMAIN\n}", "invalid query class NO"),
        ("template IN NO {\n rcode NXDOMAIN\n}", "invalid RR class NO"),
        ("template IN A", "no answer section for template found"),
        (
            "template IN A {\n answer\n rcode NXDOMAIN\n}",
            "Wrong argument count or unexpected line ending after 'answer'",
        ),
        ("template IN A {\n match (\n rcode NXDOMAIN\n}", "could not parse regex: (, error parsing regexp"),
        (
            "template IN A {\n match (a+)+\n rcode NXDOMAIN\n}",
            "a repeat within a repeat, which could take exponential time",
        ),
        (
            'template IN A {\n answer "{{ .Nope }}"\n}',
            "could not compile template: {{ .Nope }}, {{ .Nope }} is not offered",
        ),
        ('template IN A {\n answer "{{ .Name"\n}', "unclosed action"),
        ("template IN A {\n rcode NOPE\n}", "unknown rcode NOPE"),
        ("template IN A {\n rcode\n answer x\n}", "Wrong argument count or unexpected line ending after 'rcode'"),
        ("template IN A {\n ederror x\n rcode NXDOMAIN\n}", "error parsing extended DNS error code x"),
        (
            "template IN A {\n ederror 1 a b\n rcode NXDOMAIN\n}",
            "Wrong argument count or unexpected line ending after 'b'",
        ),
        ("template IN A {\n x\n rcode NXDOMAIN\n}", "Wrong argument count or unexpected line ending after 'x'"),
    ],
)
def test_what_is_wrong_with_a_line_is_said_with_its_place(text, message):
    config, problems = configure(f". {{\n{text}\n}}")
    assert config is None
    assert any(message in str(problem) for problem in problems), problems
    assert all(problem.line >= 2 for problem in problems)


def test_lines_come_to_settings():
    assert settings("bind 127.0.0.1 ::1\nbind 127.0.0.1", Bind).addresses == ("127.0.0.1", "::1")
    assert settings("header {\n query set rd\n clear aa\n}", Header) == Header(
        query=(HeaderRule("rd", state=True),), response=(HeaderRule("aa", state=False),)
    )
    assert settings(f"chaos {'v' * 300}", Chaos).version == "v" * 255
    assert settings("dns64 {\n translate_all\n}", Dns64).translate_all
    assert [policy.action for policy in settings("acl {\n ALLOW\n drop\n}", Acl).rules[0].policies] == ["allow", "drop"]
    (rule,) = settings("template IN A {\n rcode NXDOMAIN\n upstream\n ederror 7\n}", Templates).rules
    assert (rule.error_code, rule.error_text) == (7, " ")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a.test. 60 IN A 10.0.0.1", Record(from_text("a.test"), RecordType.A, 60, "10.0.0.1")),
        ("a.test IN 1h AAAA fd00::1", Record(from_text("a.test"), RecordType.AAAA, 3600, "fd00::1")),
        ("a A 10.0.0.1", Record(from_text("a"), RecordType.A, 3600, "10.0.0.1")),
        ("a 1m30s CNAME b.", Record(from_text("a"), RecordType.CNAME, 90, from_text("b"))),
        ("a MX 10 b", Record(from_text("a"), RecordType.MX, 3600, b"\0\x0a\x01b\0")),
        ("a SRV 1 2 3 b", Record(from_text("a"), RecordType.SRV, 3600, Srv(1, 2, 3, from_text("b")))),
        ('a TXT "one two" three', Record(from_text("a"), RecordType.TXT, 3600, ("one two", "three"))),
        (
            "a SOA b c ( 1 2m 3 4 5 )",
            Record(from_text("a"), RecordType.SOA, 3600, Soa((b"b",), (b"c",), 1, 120, 3, 4, 5)),
        ),
        (r"a CAA \# 2 0A0b", Record(from_text("a"), 257, 3600, b"\x0a\x0b")),
    ],
)
def test_a_record_is_read_from_its_line(text, expected):
    assert parse_record(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a",
        "a A",
        "a A 10.0.0",
        "a A 10.0.0.1 10.0.0.2",
        "a NOPE x",
        "a x A 10.0.0.1",
        "a 9999999w A 10.0.0.1",
        "a MX b",
        "a MX 70000 b",
        "a SRV 1 2 b",
        "a SOA b c 1",
        "a TXT",
        f"a TXT {'x' * 256}",
        r"a CAA \# 3 0A0b",
        "a CAA 0 issue x",
        "a..b A 10.0.0.1",
    ],
)
def test_what_is_no_record_is_said_to_be_none(text):
    with pytest.raises(RecordError):
        parse_record(text)


@pytest.mark.parametrize(
    "text",
    [
        r"(a+)+$",
        r"(.*)*x",
        r"(.*\.)*x",
        r"((a+)b?)+",
        r"(a|b*)+",
        r"([a-z]+)*$",
        r"(?:x+){2,}",
        r"((a*)*)",
        r"(\w+\w)+",
        "(",
    ],
)
def test_patterns_that_could_take_for_ever_are_refused(text):
    with pytest.raises(PatternError):
        compile_pattern(text)


@pytest.mark.parametrize(
    ("text", "matching"),
    [
        (r"(.*)\.(us-west-1)\.test\.", "a.us-west-1.test."),
        (r"^([a-z]+\.)*test\.$", "a.b.test."),
        (r"^(?P<a>[0-9]*)-(?<b>[0-9]*)\z", "1-2"),
        (r"(a{1,3})+", "aaaa"),
        (r"([^.]+[.])+x", "a.b.x"),
        (r"(ab)+", "abab"),
        (r"(?i)x|\)", "X"),
        (r"^[[:alpha:]_]+[[:digit:]]$", "a_b7"),
    ],
)
def test_patterns_that_names_cannot_keep_busy_are_taken(text, matching):
    assert compile_pattern(text).search(matching)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("search a.test b\nnameserver 10.0.0.1", (from_text("a.test"), from_text("b"))),
        ("search a\ndomain B.", (from_text("b"),)),
        ("search . no..name x", (from_text("x"),)),
        ("options ndots:5", ()),
    ],
)
def test_the_last_search_list_of_a_resolv_conf_counts(text, expected):
    assert search_domains(text) == expected
