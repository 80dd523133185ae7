"""The program's sockets by way of its privileged helper."""

import asyncio
import errno
import socket
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from itertools import islice
from typing import TypeVar

from controlplane.objects import Protocol
from proxy.hostfacts import HostFacts
from proxy.model import FrontendKey
from proxy.sockets import OpenFailure
from proxy.sources import Sources

from .helper import HelperProcess
from .helperlink import HelperLink
from .hostnetwork import read_facts
from .messages import MAX_ADDRESSES, MAX_KEYS, Announce, Claim, Filter, Filtered, Open, Opened, Refusals, Release
from .sourcefilter import allow_only

_T = TypeVar("_T")

_GONE = "the privileged helper process has ended; restart the program"
_TOO_MANY = OpenFailure(errno.EMFILE, "too many open files: raise the limit (`ulimit -n`)")


class HelperSockets:
    """`proxy.sockets.Sockets` by way of the helper. Its methods may be called from several tasks at once.

    Once the helper has ended, whatever is asked fails with a sentence that says so.
    """

    def __init__(self, helper: HelperProcess, on_exit: Callable[[], None] = lambda: None) -> None:
        """`on_exit` is called from the event loop when the helper ends by itself, which it should not."""
        self._link = HelperLink(helper, on_exit)

    async def announce(
        self, ranges: Sequence[str], sources: Sequence[str] = (), *, force: bool = False
    ) -> dict[str, str]:
        """Answer for the Service ranges (CIDRs), before anything in them is claimed; see `AddressBook.announce`.

        `sources` are this node's addresses, the primary first. Returns the sentence for each range that is refused.
        """
        return await self._refusals(Announce(tuple(ranges), tuple(sources), force), ranges)

    async def claim(self, addresses: Collection[str]) -> dict[str, str]:
        """See `Sockets.claim`."""
        failures: dict[str, str] = {}
        for batch in _batched(addresses, MAX_ADDRESSES):
            failures |= await self._refusals(Claim(batch), batch)
        return failures

    async def release(self, addresses: Collection[str]) -> None:
        """See `Sockets.release`."""
        for batch in _batched(addresses, MAX_ADDRESSES):
            await self._link.ask(Release(batch))

    async def open(self, keys: Sequence[FrontendKey]) -> list[socket.socket | OpenFailure]:
        """See `Sockets.open`."""
        outcomes: list[socket.socket | OpenFailure] = []
        try:
            for batch in _batched(keys, MAX_KEYS):
                outcomes += await self._open(batch)
        except asyncio.CancelledError:
            for each in outcomes:
                if isinstance(each, socket.socket):
                    each.close()
            raise
        return outcomes

    async def allow_only(self, sock: socket.socket, sources: Sources) -> bool:
        """See `Sockets.allow_only`; too many sources for one packet filter are a failure too."""
        try:
            program = None if sources is None else allow_only(sources, is_ipv6=sock.family == socket.AF_INET6)
        except ValueError:
            return False
        answer = await self._link.ask(Filter(program), [sock.fileno()])
        return answer is not None and answer.reply == Filtered(0)

    async def facts(self) -> HostFacts:
        """See `Sockets.facts`."""
        return read_facts()

    async def close(self) -> None:
        """Have the helper take everything back, and wait for its end; it is killed after 10 seconds."""
        await self._link.close()

    async def _refusals(self, request: Announce | Claim, asked: Iterable[str]) -> dict[str, str]:
        answer = await self._link.ask(request)
        if answer is None:
            return dict.fromkeys(asked, _GONE)
        assert isinstance(answer.reply, Refusals)
        return answer.reply.sentences

    async def _open(self, keys: tuple[FrontendKey, ...]) -> list[socket.socket | OpenFailure]:
        answer = await self._link.ask(Open(keys))
        if answer is None:
            return [OpenFailure(errno.EPIPE, _GONE)] * len(keys)
        assert isinstance(answer.reply, Opened)
        descriptors = iter(answer.descriptors)
        outcomes: list[socket.socket | OpenFailure] = []
        for key, failure in zip(keys, answer.reply.failures, strict=True):
            outcomes.append(failure or _received(key, next(descriptors, None)))
        return outcomes


def _received(key: FrontendKey, descriptor: int | None) -> socket.socket | OpenFailure:
    """The socket of a descriptor; the kernel passes only as many as this process may have."""
    if descriptor is None:
        return _TOO_MANY
    family = socket.AF_INET6 if key.is_ipv6 else socket.AF_INET
    kind = socket.SOCK_STREAM if key.protocol is Protocol.TCP else socket.SOCK_DGRAM
    sock = socket.socket(family, kind, 0, fileno=descriptor)
    sock.settimeout(0)
    return sock


def _batched(items: Iterable[_T], size: int) -> Iterator[tuple[_T, ...]]:
    iterator = iter(items)
    while batch := tuple(islice(iterator, size)):
        yield batch
