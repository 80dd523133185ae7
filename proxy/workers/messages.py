"""Pure: what the program and its workers tell each other, and how it is packed.

Descriptors travel beside `Clients` (one a client, in order) and `ServeDatagrams` (the frontend's socket).
"""

import msgspec

from proxy.flows import FlowSettings
from proxy.model import Endpoint, Frontend, FrontendKey, FrontendKind, ServicePortName
from proxy.options import Scheduler
from proxy.relaysettings import RelaySettings

from .reports import Report


class Message(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """Packed as an array, the name of its type first."""


class Begin(Message, frozen=True):
    """The first message of all: how to work."""

    relay: RelaySettings
    flows: FlowSettings
    scheduler: Scheduler
    cluster_cidrs: tuple[str, ...]
    local_addresses: tuple[str, ...]


class Introduce(Message, frozen=True):
    """A TCP frontend whose clients will be handed over; where they go is decided elsewhere."""

    key: FrontendKey
    kind: FrontendKind
    service: ServicePortName


class Client(msgspec.Struct, frozen=True, array_like=True):
    """A client that was accepted, and the endpoint that was picked for it."""

    frontend: FrontendKey
    address: str
    endpoint: Endpoint


class Clients(Message, frozen=True):
    """Clients of frontends that were introduced."""

    clients: tuple[Client, ...]


class Next(Message, frozen=True):
    """The answer to `Ask`: the endpoint to dial next, `None` when there is none."""

    number: int
    endpoint: Endpoint | None


class ServeDatagrams(Message, frozen=True):
    """Serve a UDP frontend from now on, with all that is decided about it."""

    frontend: Frontend


class UpdateDatagrams(Message, frozen=True):
    """The frontend of this key is another one now."""

    frontend: Frontend


class CloseDatagrams(Message, frozen=True):
    """Serve the UDP frontend no longer, and end its flows."""

    key: FrontendKey


class CloseFrontend(Message, frozen=True):
    """No more clients of this TCP frontend will come."""

    key: FrontendKey


class Forget(Message, frozen=True):
    """Service ports that are gone: what their connections still count is of no interest.

    Reports from then on bear this epoch.
    """

    epoch: int
    services: tuple[ServicePortName, ...]


class Move(Message, frozen=True):
    """The node's own addresses are these now."""

    local_addresses: tuple[str, ...]


class Sync(Message, frozen=True):
    """Say when all that was told before is done; answered by `Synced`."""

    number: int


class Drain(Message, frozen=True):
    """Give connections that many seconds to finish, and reset the others; answered by `Drained`."""

    seconds: float


ToWorker = (
    Begin
    | Introduce
    | Clients
    | Next
    | ServeDatagrams
    | UpdateDatagrams
    | CloseDatagrams
    | CloseFrontend
    | Forget
    | Move
    | Sync
    | Drain
)


class DialFailed(Message, frozen=True):
    """An endpoint did not take a client, and is to blame for it."""

    frontend: FrontendKey
    address: str
    endpoint: Endpoint


class Ask(Message, frozen=True):
    """Which endpoint next for the client that the worker gave this number? Answered by `Next`."""

    number: int
    frontend: FrontendKey
    address: str
    tried: tuple[Endpoint, ...]
    may_repeat: bool  # the last one was silent: when all were tried, any may be tried again


class Synced(Message, frozen=True):
    """All that was told before is done."""

    number: int


class Drained(Message, frozen=True):
    """No TCP connection is left; that many were reset."""

    cut: int


class Told(Message, frozen=True):
    """What was counted since the last time, and how the worker stands."""

    report: Report


class FlowRow(msgspec.Struct, frozen=True, array_like=True):
    """A flow, for people; `active_at` is in monotonic seconds, which are the same in all processes."""

    frontend: FrontendKey
    address: str
    port: int
    endpoint: Endpoint
    is_answered: bool
    active_at: float


class PinRow(msgspec.Struct, frozen=True, array_like=True):
    """A client of a UDP service port with affinity, and when that is over (monotonic seconds)."""

    service: ServicePortName
    client: str
    endpoint: Endpoint
    until: float


class Shown(Message, frozen=True):
    """Flows and affinities as they are now, as many as anybody will look at."""

    flows: tuple[FlowRow, ...]
    pins: tuple[PinRow, ...]


ToProgram = DialFailed | Ask | Synced | Drained | Told | Shown


_encoder = msgspec.msgpack.Encoder()
_worker_decoder: msgspec.msgpack.Decoder[ToWorker] = msgspec.msgpack.Decoder(ToWorker)
_program_decoder: msgspec.msgpack.Decoder[ToProgram] = msgspec.msgpack.Decoder(ToProgram)


def encode(message: Message) -> bytes:
    """The bytes of a message."""
    return _encoder.encode(message)


def decode_to_worker(data: bytes) -> ToWorker:
    """The message of these bytes; `msgspec.DecodeError` for one that we did not write."""
    return _worker_decoder.decode(data)


def decode_to_program(data: bytes) -> ToProgram:
    """The message of these bytes; `msgspec.DecodeError` for one that we did not write."""
    return _program_decoder.decode(data)


def one_sided(frontend: Frontend) -> Frontend:
    """The frontend with one list of endpoints where both sides are served by the same: the balancer asks no further."""
    if frontend.internal is frontend.external or frontend.internal != frontend.external:
        return frontend
    return msgspec.structs.replace(frontend, external=frontend.internal)
