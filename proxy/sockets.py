"""What the reconciler needs of the host: addresses that can be bound, sockets, and packets dropped before accepting.

The privileged helper process is one implementation; the tests keep another, with real sockets on loopback.
"""

import typing
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, NamedTuple

from .hostfacts import HostFacts
from .model import FrontendKey
from .sources import Sources

if TYPE_CHECKING:
    import socket

__all__ = ["HostFacts", "OpenFailure", "Sockets"]


class OpenFailure(NamedTuple):
    """A socket that could not be had: the errno, and the sentence that the user reads."""

    errno: int
    message: str


class Sockets(typing.Protocol):
    """Addresses and sockets of this host. A failure of one address or key is an outcome and never stops the others."""

    async def claim(self, addresses: Collection[str]) -> dict[str, str]:
        """Make addresses bindable on this host; claiming a claimed one does nothing.

        Returns the sentence that says why, for each address that could not be claimed.
        """
        ...

    async def release(self, addresses: Collection[str]) -> None:
        """Take claimed addresses back; one that is not claimed is passed over."""
        ...

    async def open(self, keys: Sequence[FrontendKey]) -> "list[socket.socket | OpenFailure]":
        """A non-blocking socket for each key, in the keys' order: TCP bound and listening, UDP bound."""
        ...

    async def allow_only(self, sock: "socket.socket", sources: Sources) -> bool:
        """Have the kernel drop what comes to the socket from others; `False` where it does not.

        It takes the place of what was asked before, at once. Connections that a TCP socket accepts keep the sources
        of the moment at which they came. Where it fails, whoever came in before still does.
        """
        ...

    async def facts(self) -> HostFacts:
        """The host's addresses and gateways now, without those that were claimed here."""
        ...
