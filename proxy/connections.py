"""All TCP connections of one loop: counted, listed, drained."""

import asyncio
import typing
from collections.abc import Iterator

from .model import Frontend, ServicePortName


class Connection(typing.Protocol):
    """A client that was accepted: waiting for an endpoint, or joined to one."""

    @property
    def frontend(self) -> Frontend:
        """The frontend as it was when the client was accepted."""
        ...

    def abort(self) -> None:
        """Reset both ends, now."""
        ...


class Connections:
    """Every client that was accepted and is not gone yet."""

    def __init__(self) -> None:
        self._members: set[Connection] = set()
        self._emptied: asyncio.Event | None = None

    def __len__(self) -> int:
        return len(self._members)

    def __iter__(self) -> Iterator[Connection]:
        return iter(tuple(self._members))

    def count(self, service: ServicePortName) -> int:
        """How many of them are connections of the Service port."""
        return sum(each.frontend.service == service for each in self._members)

    def add(self, connection: Connection) -> None:
        """The client was accepted."""
        self._members.add(connection)

    def replace(self, connection: Connection, successor: Connection) -> None:
        """The client has its endpoint: another object stands for it from now on."""
        self._members.remove(connection)
        self._members.add(successor)

    def remove(self, connection: Connection) -> None:
        """The client is gone."""
        self._members.remove(connection)
        if not self._members and self._emptied is not None:
            self._emptied.set()

    async def drain(self, grace_seconds: float) -> int:
        """Wait until all have finished, but no longer than that; reset the others, and return how many they were.

        The caller has closed the listeners before.
        """
        if self._members:
            self._emptied = asyncio.Event()
            try:
                async with asyncio.timeout(grace_seconds):
                    await self._emptied.wait()
            except TimeoutError:
                return self.reset()
            finally:
                self._emptied = None
        return 0

    def reset(self) -> int:
        """Reset all of them now; returns how many they were."""
        remaining = tuple(self._members)
        for connection in remaining:
            connection.abort()
        return len(remaining)
