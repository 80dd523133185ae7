"""Pure: what is said over a lab's control socket: one request, and the replies until the last; JSON, a line each."""

import msgspec


class Execute(msgspec.Struct, frozen=True, kw_only=True, tag="execute"):
    """Run a command on a host, or a shell where there is none.

    With `terminal` (its TERM) it gets a terminal of its own, of that size in characters, and a descriptor of that comes
    with `Started`; else it gets the three descriptors that come with this request.
    """

    host: str
    namespace: str = "default"
    argv: tuple[str, ...] = ()
    folder: str = ""  # to be in, where the host has it
    terminal: str = ""
    rows: int = 24
    columns: int = 80


class Signal(msgspec.Struct, frozen=True, tag="signal"):
    """Pass a signal on to the command that this connection runs."""

    number: int


class Status(msgspec.Struct, frozen=True, tag="status"):
    """Tell how the lab is."""


class Power(msgspec.Struct, frozen=True, tag="power"):
    """Let a node lose its power, or give it back."""

    node: str
    on: bool


class Readiness(msgspec.Struct, frozen=True, kw_only=True, tag="readiness"):
    """Let a pod's readiness probe fail, or succeed again."""

    pod: str
    namespace: str = "default"
    ready: bool


class Termination(msgspec.Struct, frozen=True, kw_only=True, tag="termination"):
    """Stop a pod that goes on serving for its grace period, in seconds; `None`: as its spec says."""

    pod: str
    namespace: str = "default"
    grace: float | None = None


class Deletion(msgspec.Struct, frozen=True, kw_only=True, tag="deletion"):
    """Delete a pod at once."""

    pod: str
    namespace: str = "default"


class Cut(msgspec.Struct, frozen=True, kw_only=True, tag="cut"):
    """Let nothing pass between two hosts."""

    one: str
    other: str
    namespace: str = "default"


class Heal(msgspec.Struct, frozen=True, kw_only=True, tag="heal"):
    """Let everything pass again between two hosts, or between all where none is named."""

    one: str = ""
    other: str = ""
    namespace: str = "default"


class Logs(msgspec.Struct, frozen=True, kw_only=True, tag="logs"):
    """What the program of a host has written so far."""

    host: str
    namespace: str = "default"


class Stop(msgspec.Struct, frozen=True, tag="stop"):
    """End the lab."""


Request = Execute | Signal | Status | Power | Readiness | Termination | Deletion | Cut | Heal | Logs | Stop


class Done(msgspec.Struct, frozen=True, tag="done"):
    """It is done; a text for the user, whole lines."""

    text: str = ""


class Refused(msgspec.Struct, frozen=True, tag="refused"):
    """It cannot be done; the reason."""

    reason: str


class Started(msgspec.Struct, frozen=True, tag="started"):
    """The command runs; the other end of its terminal comes along if it has one."""


class Ended(msgspec.Struct, frozen=True, tag="ended"):
    """The command has ended, with an exit code as a shell has it."""

    code: int


Reply = Done | Refused | Started | Ended

_requests: msgspec.json.Decoder[Request] = msgspec.json.Decoder(Request)
_replies: msgspec.json.Decoder[Reply] = msgspec.json.Decoder(Reply)


def request_of(line: bytes) -> Request:
    """The request that a line holds. Raises msgspec.DecodeError."""
    return _requests.decode(line)


def reply_of(line: bytes) -> Reply:
    """The reply that a line holds. Raises msgspec.DecodeError."""
    return _replies.decode(line)


def line_of(message: Request | Reply) -> bytes:
    """The line for a message, with its end."""
    return msgspec.json.encode(message) + b"\n"
