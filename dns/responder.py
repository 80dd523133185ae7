"""I/O: from a packet to its answer, the same over UDP and TCP: guard, packed answers, plugins, upstreams, packing."""

import asyncio
import logging
from collections.abc import Callable, Iterator
from random import Random
from time import perf_counter
from typing import NamedTuple, Protocol

import msgspec

from .balancing import orders, shuffled
from .counters import Counters, Listener, rcode_label, type_label
from .errorlog import ErrorLog, Message
from .forwarder import Forwarder
from .guard import Refusal, Silence, inspect
from .model import Query, Rcode, Record, Reply
from .names import to_text
from .packedanswers import PackedAnswers
from .packet import payload_limit, refuse, render
from .pipeline import Answer, Ask, Decision, Pipeline
from .plugins.errors import Errors
from .querylog import Client, Exchange, line
from .responses import ParsedResponse
from .steps import FOREVER
from .transfermessages import transfer_messages
from .wirecache import ID_LENGTH, Kind, folded

log = logging.getLogger(__name__)
query_log = logging.getLogger(f"{__name__}.queries")

NO_MORE: Iterator[bytes] = iter(())


class Send(Protocol):
    """Called once for each packet, with the answer, or with nothing if there is none to send."""

    def __call__(self, packet: bytes, more: Iterator[bytes] = NO_MORE, /) -> None:
        """Sends a message, and over TCP all that follow it: only a transferred zone takes more than one."""


_REFLECTORS = frozenset({7, 19, 53})  # echo, chargen, other name servers: their ports never get an error of the guard
_DO = 0x8000
_TURNS = 2520  # divided by every number of addresses up to ten


class Source(NamedTuple):
    """Whom a packet came from, and over what."""

    address: str
    port: int
    listener: Listener

    @property
    def over_tcp(self) -> bool:
        """Whether the answer may be as long as it likes."""
        return self.listener.proto == "tcp"


class Responder:
    """Answers for one port. A bug that shows in one query costs that query a SERVFAIL, and nothing else."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, pipeline: Pipeline, forwarder: Forwarder, counters: Counters
    ) -> None:
        self.pipeline = pipeline
        self.counters = counters
        self.packed = PackedAnswers(loop, counters)
        self._rng = Random()  # noqa: S311 - the order of records is no secret
        self._loop = loop
        self._forwarder = forwarder
        self._error_logs: dict[Errors, ErrorLog] = {}

    def respond(self, packet: bytes, source: Source, send: Send) -> None:
        """Answers one packet that no packed answer was found for; `send` may be called now or later."""
        started = perf_counter()
        self._guarded(packet, send, lambda: self._respond(packet, source, send, started))

    def _guarded(self, packet: bytes, send: Send, work: Callable[[], None]) -> None:
        try:
            work()
        except Exception:  # the loop and all other clients must live on
            self.counters.panics += 1
            log.exception("query failed by a bug", extra={"kv": {"packet": packet[:512].hex()}})
            send(refuse(Refusal(Rcode.SERVFAIL, int.from_bytes(packet[:ID_LENGTH]))))

    def _respond(self, packet: bytes, source: Source, send: Send, started: float) -> None:
        match inspect(packet, udp=not source.over_tcp, source_port=source.port):
            case Silence():
                self.counters.turned_away["silence"] += 1
                send(b"")
            case Refusal() as refusal:
                self.counters.turned_away[rcode_label(refusal.rcode)] += 1
                send(b"" if source.port in _REFLECTORS else refuse(refusal))
            case Query() as query:
                self._answer(_Received(packet, query, source, send, started))

    def _answer(self, received: "_Received") -> None:
        source = received.source
        pipeline = self.pipeline
        decision = pipeline.decide(
            received.query, over_tcp=source.over_tcp, now=self._loop.time(), client=source.address
        )
        self._follow(received, pipeline, decision)

    def _follow(self, received: "_Received", pipeline: Pipeline, decision: Decision) -> None:
        """Answers, or asks an upstream and goes on with what that says."""
        if isinstance(decision, Answer):
            self._send(received, decision)
            return
        ask = decision

        def answered(response: ParsedResponse | None, octets: int) -> None:
            self._guarded(
                received.packet, received.send, lambda: self._finish(received, pipeline, ask, response, octets)
            )

        self._forwarder.ask(ask, answered)

    def _finish(
        self, received: "_Received", pipeline: Pipeline, ask: Ask, response: ParsedResponse | None, octets: int
    ) -> None:
        now = self._loop.time()
        if response is None:
            errors = ask.query_block.settings.get(Errors)
            if errors is not None:
                query = ask.query
                self._log_error(
                    errors,
                    f"{Rcode.SERVFAIL:d} {to_text(query.qname)} {type_label(query.qtype)}: no upstream answered",
                    now,
                )
        self._follow(received, pipeline, pipeline.finish(ask, response, octets, now))

    def _send(self, received: "_Received", answer: Answer) -> None:
        if answer.is_dropped:
            received.send(b"")
            return
        if answer.transfer is not None:
            self._transfer(received, answer, answer.transfer)
            return
        key = self._key(received, answer)
        turn = self._turn(received, key) if answer.is_balanced else 0
        reply = shuffled(answer.reply, self._rng, turn) if answer.is_balanced else answer.reply
        packet = _packed(received, answer, reply)
        kind = self._note(received, answer, packet)
        if key is not None:
            is_shared = key != received.packet[ID_LENGTH:]
            self.packed.of(received.source.listener).put(
                key,
                folded(packet) if is_shared else packet[ID_LENGTH:],
                kind,
                until=answer.kept_until,
                orders=orders(reply) if answer.is_balanced else 1,
                turn=turn,
                is_shared=is_shared,
            )
        received.send(packet)

    def _key(self, received: "_Received", answer: Answer) -> bytes | None:
        """What an answer is kept under: the very question, or one for all spellings of its name; `None`: it is not.

        What ages is not kept for a question in mixed case: few spell names of the world outside so, and to find out
        that spelling changes nothing else takes longer than to make the answer.
        """
        if not answer.kept_until:
            return None
        question, shared = received.packet[ID_LENGTH:], folded(received.packet)
        if shared == question:
            return question
        if answer.kept_until < FOREVER:
            return None
        is_shared = self.packed.of(received.source.listener).is_shared(shared)
        return shared if is_shared or self._is_one_for_all_spellings(received) else question

    def _is_one_for_all_spellings(self, received: "_Received") -> bool:
        """Whether the answer to the name in small letters and that in capitals differ in the question's name only."""
        tails: set[bytes] = set()
        for change in (bytes.lower, bytes.upper):
            query = msgspec.structs.replace(received.query, qname=tuple(map(change, received.query.qname)))
            source = received.source
            decision = self.pipeline.decide(
                query, over_tcp=source.over_tcp, now=self._loop.time(), client=source.address
            )
            if not isinstance(decision, Answer) or decision.kept_until < FOREVER:
                return False
            tails.add(folded(_packed(received._replace(query=query), decision, decision.reply)))
        return len(tails) == 1

    def _note(self, received: "_Received", answer: Answer, packet: bytes) -> Kind:
        """Counts and logs an answer."""
        query, listener = received.query, received.source.listener
        kind = Kind(
            answer.zone,
            query.qtype,
            answer.reply.rcode,
            len(received.packet),
            len(packet),
            bool(query.edns and query.edns.flags & _DO),
            answer.cache_hits,
        )
        duration = perf_counter() - received.started
        self.packed.count(listener, kind, duration)
        if answer.log is not None:
            client = Client(received.source.address, received.source.port, listener.proto)
            exchange = Exchange(query, answer.reply, client, len(received.packet), packet, duration)
            if (text := line(answer.log, exchange)) is not None:
                query_log.info(text)
        return kind

    def _transfer(self, received: "_Received", answer: Answer, records: Iterator[Record]) -> None:
        """A whole zone, in as many messages as it takes; what is counted is the first."""
        messages = transfer_messages(received.query, records)
        first = next(messages)
        self._note(received, answer, first)
        received.send(first, messages)

    def _turn(self, received: "_Received", key: bytes | None) -> int:
        """Whose turn it is to come first, of records that are balanced; the first time it is left to chance."""
        turn = None if key is None else self.packed.of(received.source.listener).turn(key)
        return self._rng.randrange(_TURNS) if turn is None else turn

    # The `errors` plugin.

    def _log_error(self, errors: Errors, text: str, now: float) -> None:
        error_log = self._error_logs.setdefault(errors, ErrorLog(errors))
        idle = error_log.next_due is None
        message = error_log.note(text, now)
        if message is not None:
            _write(message)
        elif idle and error_log.next_due is not None:
            self._loop.call_at(error_log.next_due, self._tell_due, error_log)

    def _tell_due(self, error_log: ErrorLog) -> None:
        for message in error_log.due(self._loop.time()):
            _write(message)
        if error_log.next_due is not None:
            self._loop.call_at(error_log.next_due, self._tell_due, error_log)


class _Received(NamedTuple):
    """A query on its way."""

    packet: bytes
    query: Query
    source: Source
    send: Send
    started: float


def _packed(received: _Received, answer: Answer, reply: Reply) -> bytes:
    query = answer.shown or received.query
    limit = payload_limit(query, udp=not received.source.over_tcp)
    return render(query, reply, limit, recursion_available=answer.recursion_available)


def _write(message: Message) -> None:
    log.log(logging.getLevelNamesMapping()[message.level.upper()], message.text)
