"""Whom the reactor calls, and for what."""

import typing


class Abortable(typing.Protocol):
    """What can be ended at once when it fails."""

    def abort(self) -> None:
        """Close everything that belongs to this handler; a second call does nothing."""
        ...


class EventHandler(Abortable, typing.Protocol):
    """Who is told of a socket's events."""

    def on_events(self, events: int) -> None:
        """Take note of epoll's events, and do one slice of work."""
        ...


class Worker(Abortable, typing.Protocol):
    """Who asked for another slice."""

    def proceed(self) -> None:
        """Do one slice of work, if there still is any."""
        ...


class TimerOwner(Abortable, typing.Protocol):
    """Who is told of a deadline."""

    def on_timer(self) -> None:
        """The deadline is over."""
        ...


class Closable(typing.Protocol):
    """A socket, or who holds one."""

    def close(self) -> None:
        """Close the socket."""
        ...
