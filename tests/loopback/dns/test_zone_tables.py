"""Every row of the zone tables that hold the pure answers, over the wire, as dig sees it."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import NamedTuple

import pytest

from dns.config import Listening, configure
from dns.model import Rcode
from dns.server import DnsServer
from tests.unit.dns.examplecluster import example_snapshot

TABLES = Path(__file__).parents[2] / "unit" / "dns" / "answers"
SOA = "5 IN SOA ns.dns.{zone} hostmaster.{zone} 1700000000 7200 1800 86400 5"
FIRST_PORT = 1000  # of the Corefile: a server block for each set of options
HOST = "127.0.53.8"
OPTIONS = {
    "ttl": "ttl {}",
    "pods": "pods {}",
    "endpoint_pod_names": "endpoint_pod_names",
    "noendpoints": "noendpoints",
    "zonal": "zonal",
    "ignore_empty_service": "ignore empty_service",
    "namespaces": "namespaces {}",
    "labels": "labels app={}",
    "namespace_labels": "namespace_labels name={}",
    "fallthrough": "fallthrough {}",
}
ZONES = "cluster.local in-addr.arpa ip6.arpa"


class Case(NamedTuple):
    """A row: what is asked of which options, and the sections that are expected."""

    place: str
    options: tuple[tuple[str, str], ...]
    question: str
    expected: tuple[str, list[str], list[str], list[str]]


def cases():
    for path in sorted(TABLES.glob("*.zone")):
        for number, block in enumerate(path.read_text().split("\n\n")[1:], 1):
            title, *lines = block.strip().splitlines()
            words = lines.pop(0).removeprefix(";! ").split() if lines[0].startswith(";! ") else []
            options = tuple(sorted((key, value) for key, _, value in (word.partition("=") for word in words)))
            question = lines.pop(0).removeprefix(";? ")
            if "synced" not in dict(options):  # the state before anything is published has tests of its own
                yield Case(f"{path.stem} {number}: {title[2:]}", options, question, expected(lines))


def expected(lines):
    """The status line and the three sections that dig should show."""
    first, *rest = lines
    kind, *flags = first.removeprefix(";= ").split()
    sections = {"": [], ";; AUTHORITY": [], ";; ADDITIONAL": []}
    here = ""
    for line in rest:
        if line in sections:
            here = line
        else:
            sections[here].append(with_soa(line))
    if kind == "FOLLOW" and flags[0] == "web.shop.svc.cluster.local.":  # which is in another zone of this server
        sections[""].append(f"{flags[0]} 5 IN A 10.96.1.1")
    # In a server that has nobody to pass a question on to, it fails; an alias that leads nowhere stands alone.
    status = {"NOT": "SERVFAIL", "FOLLOW": "NOERROR aa"}.get(kind, " ".join((kind, *flags)))
    return status, *sections.values()


def with_soa(line):
    for name, zone in (("$SOA4", "in-addr.arpa."), ("$SOA6", "ip6.arpa."), ("$SOA", "cluster.local.")):
        line = line.replace(name, f"{zone} {SOA.format(zone=zone)}")
    return line


def corefile(option_sets):
    """A server block for each; without a `local` option the server is not to know its address, as with `bind`."""
    blocks = []
    for number, options in enumerate(option_sets):
        given = dict(options)
        lines = [OPTIONS[key].format(value.replace(",", " ")) for key, value in options if key in OPTIONS]
        zones = given.get("zones", "").replace(",", " ") or ZONES
        plugins = [f"kubernetes {zones} {{", *lines, "}"]
        plugins += [] if "local" in given else [f"bind {HOST}"]
        plugins += ["forward nothing.test 127.0.53.9"] if "all_classes" in given else []
        blocks.append("\n".join((f".:{FIRST_PORT + number} {{", *plugins, "}")))
    return "\n".join(blocks)


def dig(rows, *options):
    """What dig shows of each row, asked one after the other by one process."""
    lines = [f"@{host} -p {port} {' '.join(options)} {as_dig_has_it(row.question)}" for (host, port), row in rows]
    command = ["dig", "-f", "/dev/stdin", "+noall", "+comments", "+answer", "+authority", "+additional", "+tries=1"]
    output = subprocess.run(command, input="\n".join(lines), capture_output=True, text=True, check=True, timeout=50)
    return [shown(part) for part in output.stdout.split(";; Got answer:")[1:]]


def as_dig_has_it(question):
    return re.sub("IXFR$", "IXFR=1", question)  # the serial that the client has


def shown(text):
    status = Rcode[re.search(r"status: (\w+)", text)[1]].name
    flags = re.search(r"flags: ([\w ]*);", text)[1].split()
    sections = []
    for name in ("ANSWER", "AUTHORITY", "ADDITIONAL"):
        _, _, rest = text.partition(f";; {name} SECTION:\n")
        found = rest.split("\n\n")[0].splitlines() if rest else []
        sections.append([" ".join(line.split()) for line in found if line and not line.startswith(";")])
    return (f"{status} aa" if "aa" in flags else status, *sections)


@pytest.fixture
def asked(plain_dns_lab, bind):
    """Serves all option sets at once: the places where the rows are to be asked."""
    if shutil.which("dig") is None:
        pytest.skip("dig is not installed")
    rows = list(cases())
    by_local = {}
    for row in rows:
        by_local.setdefault(dict(row.options).get("local", ""), {}).setdefault(row.options)
    places = {}
    for local, option_sets in by_local.items():
        config, problems = configure(corefile(option_sets))
        assert problems == ()
        opened = {options: bind(HOST) for options in option_sets}

        async def started(config=config, local=local, opened=opened):
            server = DnsServer(config, local_addresses=tuple(filter(None, local.split(","))))
            for number, (options, place) in enumerate(opened.items()):
                where = Listening(FIRST_PORT + number, "" if "local" in dict(options) else HOST)
                await server.start([place.udp], [place.tcp], where=where)
            server.publish(example_snapshot())
            return server

        plain_dns_lab.servers.append(plain_dns_lab.run(started()))
        places |= {options: place.address for options, place in opened.items()}
    return [(places[row.options], row) for row in rows]


@pytest.mark.parametrize("transport", ["+notcp", "+tcp"])
def test_dig_sees_what_the_tables_say(asked, transport):
    found = dig(asked, transport, "+nocookie", "+noidnin")
    assert len(found) == len(asked)
    wrong = {
        row.place: (seen, row.expected) for (_, row), seen in zip(asked, found, strict=True) if seen != row.expected
    }
    assert wrong == {}
    assert len(asked) > 150
