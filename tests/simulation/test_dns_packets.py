"""Whatever comes, the DNS server answers in time, in a shape that everybody can read, or not at all.

`DNS_FUZZ_PACKETS=1000000` tries as many as that, `DNS_FUZZ_SEED=7` one seed alone.
"""

import contextlib
import gc
import logging
import os
import struct
from random import Random
from time import thread_time

import pytest
from dnslib import DNSRecord

from dns.config import configure
from dns.counters import Counters, Listener
from dns.guard import inspect
from dns.model import Query
from dns.packet import payload_limit
from dns.pipeline import Block, Pipeline
from dns.plugins.forward import Forward
from dns.records import ClusterRecords
from dns.responder import Responder, Source
from dns.responses import parse_response
from dns.steps import Host
from dns.upstreams import UpstreamGroup
from tests.simulation.packets import HEADER, mutated, query
from tests.unit.dns.examplecluster import example_snapshot

PACKETS = int(os.environ.get("DNS_FUZZ_PACKETS", "16000"))
SEEDS = [int(os.environ["DNS_FUZZ_SEED"])] if "DNS_FUZZ_SEED" in os.environ else range(4)
SLOWEST = 0.05  # seconds of computing: ten times what is promised
LONGEST_REFUSAL = 23  # octets: a header and an OPT record
COREFILE = r"""
. {
    cancel 2s
    nsid lab
    bufsize 1400
    errors
    local
    dns64 {
        allow_ipv4
    }
    any
    chaos
    loadbalance
    rewrite name suffix .old.test .svc.cluster.local answer auto
    rewrite name regex (.*)\.test\. {1}.upstream.example
    rewrite ttl suffix cluster.local 9
    autopath @kubernetes
    acl {
        drop type LOC
        block type RP
        allow
    }
    header {
        response set ra
    }
    template IN A ip.test {
        match "^ip-(?P<n>[0-9]+)[.]ip[.]test[.]$"
        answer "{{ .Name }} 60 IN A 10.0.0.{{ .Group.n }}"
        fallthrough
    }
    transfer {
        to *
    }
    kubernetes cluster.local in-addr.arpa ip6.arpa {
        pods verified
        fallthrough in-addr.arpa ip6.arpa
    }
    forward . 192.0.2.1
    cache 30
}
"""


class Clock:
    """As much of an event loop as a responder needs to answer at once."""

    def __init__(self):
        self.now = 0.0

    def time(self):
        self.now += 0.001
        return self.now

    def call_at(self, when, callback, *arguments):
        """Logs that are due later are not waited for."""


class SilentUpstreams:
    """Every upstream is silent, and time is no matter."""

    def ask(self, ask, answered):
        answered(None, 0)


def responder():
    config, problems = configure(COREFILE)
    assert problems == ()
    (settings,) = config.servers
    (rule,) = settings.get(Forward).rules
    block = Block(settings, (), [UpstreamGroup(rule, rule.upstreams)])
    counters = Counters()
    pipeline = Pipeline({(): block}, counters, Host("node-1"))
    pipeline.records = {block.record_options: ClusterRecords.of(example_snapshot(), block.record_options)}
    return Responder(Clock(), pipeline, SilentUpstreams(), counters)


def check(packet, answers, source, elapsed):
    """What every answer has to be, whatever the packet."""
    (answer,) = answers
    assert elapsed < SLOWEST
    if len(packet) < HEADER.size or packet[2] & 0x80:
        assert answer == b""
    if not answer:
        return
    assert answer[:2] == packet[:2]
    assert answer[2] & 0x80
    found = inspect(packet, udp=not source.over_tcp, source_port=source.port)
    if isinstance(found, Query):
        assert len(answer) <= payload_limit(found, udp=not source.over_tcp)
        response = parse_response(answer)
        assert response is not None
        assert response.header.answers(found, found.id)
        if all(label.isascii() for label in found.qname):
            DNSRecord.parse(answer)
    else:
        assert len(answer) <= LONGEST_REFUSAL
        struct.unpack_from("!HHHHHH", answer)


@contextlib.contextmanager
def collector_resting():
    """A pass of the garbage collector belongs to all packets, and not to the one that it falls upon."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def answers_of(responding, packet, source):
    """What is sent: the first message of each answer; those that follow it only have to be readable."""
    answers = []

    def send(first, more=(), /):
        assert all(parse_response(message) for message in more)
        answers.append(first)

    responding.respond(packet, source, send)
    return answers


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("seed", SEEDS)
def test_no_packet_harms_anybody(seed, caplog):
    caplog.set_level(logging.CRITICAL, "dns.responder")  # a million lines that are kept would slow everything down
    rng = Random(seed)
    responding = responder()
    sources = [
        Source("10.60.1.1", 40000, Listener("dns://:53", "udp", "1")),
        Source("fd00::9", 53, Listener("dns://:53", "udp", "2")),
        Source("10.60.1.1", 40000, Listener("dns://:53", "tcp", "1")),
    ]
    for step in range(PACKETS // len(SEEDS)):
        packet = mutated(rng, query(rng))
        source = rng.choice(sources)
        with collector_resting():
            begun = thread_time()
            answers = answers_of(responding, packet, source)
            elapsed = thread_time() - begun
        try:
            check(packet, answers, source, elapsed)
            assert responding.counters.panics == 0
        except Exception as error:
            raise AssertionError(f"seed {seed}, step {step}: {packet.hex()} from {source}") from error
