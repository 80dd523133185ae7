"""Coverage-guided fuzzing with atheris: `python tests/fuzz/dns_target.py [-max_total_time=SECONDS] [FOLDER]`.

The first octet of the input chooses what the rest goes to: the guard and the packing of what passes it, the reader of
upstreams' responses, the Corefile, the framing of TCP. An exception, or an answer that breaks a promise, is a finding.
"""

import sys
from pathlib import Path

import atheris

sys.path.insert(0, str(Path(__file__).parents[2]))

with atheris.instrument_imports(include=["dns"]):
    from dns.config import configure
    from dns.framing import Framer
    from dns.guard import Refusal, inspect
    from dns.model import Query, Rcode, Reply
    from dns.packet import payload_limit, refuse, render
    from dns.responses import parse_response

LONGEST_REFUSAL = 23  # octets: a header and an OPT record


def guard(data: bytes) -> None:
    """Queries, over UDP and TCP."""
    for udp in (True, False):
        match inspect(data, udp=udp):
            case Query() as query:
                limit = payload_limit(query, udp=udp)
                answer = render(query, Reply(Rcode.NXDOMAIN, explanation="no such Service"), limit)
                assert len(answer) <= limit
                assert parse_response(answer) is not None
            case Refusal() as refusal:
                assert len(refuse(refusal)) <= LONGEST_REFUSAL
            case _:
                assert len(data) < len(b"a header....") or data[2] & 0x80 or data[3] & 0xF


def corefile(data: bytes) -> None:
    """A Corefile is either taken or refused with a line of its own."""
    config, problems = configure(data.decode("utf-8", "replace"))
    assert config is not None or problems


def framing(data: bytes) -> None:
    """A stream comes to the same messages, however it is cut."""
    whole, pieces = Framer(), Framer()
    whole.feed(data)
    expected = list(iter(whole.next_message, None))
    found = []
    for octet in data:
        pieces.feed(bytes((octet,)))
        found += iter(pieces.next_message, None)
    assert found == expected


TARGETS = (guard, parse_response, corefile, framing)


def one_input(data: bytes) -> None:
    """What atheris calls."""
    if data:
        TARGETS[data[0] % len(TARGETS)](data[1:])


if __name__ == "__main__":
    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()
