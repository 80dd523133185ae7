import pytest

from dns.hostsfile import HostsTable
from dns.model import Query, Rcode, Record, RecordType, Reply
from dns.names import from_text
from dns.plugins.hosts import Hosts

TEXT = """
# comment
10.0.0.1   web.example.org Web2.example.org # why
10.0.0.2   web.example.org
10.0.0.1   web.example.org
fd00::1    web.example.org
10.0.0.3   *.apps.example.org
10.0.0.4   other.test
fe80::1%lo link.example.org
name       web.example.org
10.0.0.5
10.0.0.6   a..b ok.example.org
"""
ZONES = ((b"example", b"org"),)


def ask(name, qtype="A", **settings):
    settings.setdefault("zones", ZONES)
    return HostsTable(Hosts(ttl=60, **settings), TEXT).answer(Query(1, from_text(name), RecordType[qtype]))


@pytest.mark.parametrize(
    ("name", "qtype", "data"),
    [
        ("web.example.org", "A", ["10.0.0.1", "10.0.0.2"]),
        ("WEB.Example.org", "A", ["10.0.0.1", "10.0.0.2"]),
        ("web2.example.org", "A", ["10.0.0.1"]),
        ("web.example.org", "AAAA", ["fd00::1"]),
        ("web2.example.org", "AAAA", []),
        ("web.example.org", "TXT", []),
        ("one.apps.example.org", "A", ["10.0.0.3"]),
        ("ok.example.org", "A", ["10.0.0.6"]),
        ("link.example.org", "AAAA", ["fe80::1"]),
    ],
)
def test_names_of_the_file_answer_with_their_addresses(name, qtype, data):
    expected = tuple(Record(from_text(name), RecordType[qtype], 60, address) for address in data)
    assert ask(name, qtype) == Reply(answer=expected)


@pytest.mark.parametrize("name", ["gone.example.org", "apps.example.org", "a.b.apps.example.org"])
def test_unknown_names_of_the_zones_fail_unless_they_fall_through(name):
    assert ask(name).rcode is Rcode.SERVFAIL
    assert ask(name, fallthrough=((),)) is None
    assert ask(name, fallthrough=((b"net",),)).rcode is Rcode.SERVFAIL


def test_names_of_other_zones_are_for_others():
    assert ask("other.test") is None


def test_addresses_have_their_names():
    found = ask("1.0.0.10.in-addr.arpa", "PTR")
    assert [record.data for record in found.answer] == [from_text("web.example.org"), from_text("web2.example.org")]


@pytest.mark.parametrize("name", ["3.0.0.10.in-addr.arpa", "4.0.0.10.in-addr.arpa", "0.10.in-addr.arpa", "x.test"])
def test_wildcards_other_zones_and_unknown_addresses_have_no_names(name):
    assert ask(name, "PTR") is None


def test_reverse_names_can_be_turned_off():
    assert ask("1.0.0.10.in-addr.arpa", "PTR", reverse=False) is None


def test_inline_lines_come_on_top():
    table = HostsTable(Hosts(inline=("10.0.0.9 web.example.org",), zones=ZONES), TEXT)
    found = table.answer(Query(1, from_text("web.example.org"), RecordType.A))
    assert [record.data for record in found.answer] == ["10.0.0.1", "10.0.0.2", "10.0.0.9"]
    assert table.entries == 9
