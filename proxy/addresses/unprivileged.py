"""The program's sockets without any capability: addresses that this host has anyway, loopback's above all."""

import socket
from collections.abc import Collection, Sequence

from proxy.hostfacts import HostFacts
from proxy.model import FrontendKey
from proxy.sockets import OpenFailure
from proxy.sources import Sources

from .hostnetwork import read_facts
from .listening import open_listener
from .refusals import NEEDS_NET_ADMIN, is_loopback, never_claimed


class LocalSockets:
    """`proxy.sockets.Sockets` in this process. All of 127.0.0.0/8 can be bound by everybody."""

    async def announce(
        self, ranges: Sequence[str], sources: Sequence[str] = (), *, force: bool = False
    ) -> dict[str, str]:
        """Routes to ranges are not needed inside 127.0.0.0/8, and cannot be had elsewhere: the sentence for those."""
        del sources, force
        return {each: f"{each} {NEEDS_NET_ADMIN}" for each in ranges if not is_loopback(each)}

    async def claim(self, addresses: Collection[str]) -> dict[str, str]:
        """See `Sockets.claim`: an address that this host has needs no claim, any other cannot be had."""
        own = read_facts().own
        return {
            each: never_claimed(each) or f"{each} {NEEDS_NET_ADMIN}"
            for each in addresses
            if not (is_loopback(each) or each in own)
        }

    async def release(self, addresses: Collection[str]) -> None:
        """See `Sockets.release`: nothing was claimed."""

    async def open(self, keys: Sequence[FrontendKey]) -> list[socket.socket | OpenFailure]:
        """See `Sockets.open`."""
        return [open_listener(key) for key in keys]

    async def allow_only(self, sock: socket.socket, sources: Sources) -> bool:
        """See `Sockets.allow_only`: packet filters need CAP_NET_ADMIN, to let everybody in needs none."""
        del sock
        return sources is None

    async def facts(self) -> HostFacts:
        """See `Sockets.facts`."""
        return read_facts()

    async def close(self) -> None:
        """Nothing was made that would have to be taken back."""
