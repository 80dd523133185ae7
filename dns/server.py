"""I/O: the DNS server as the program sees it: made of a configuration, started on sockets, fed with snapshots."""

import asyncio
import logging
import socket
from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet

from controlplane.snapshot import Snapshot

from .config import DEFAULT_PORT, DnsConfig, Listening
from .counters import Counters, Listener
from .files import RESOLV_CONF, read_search, read_upstreams
from .forwarder import Forwarder
from .hostswatch import HostsWatch
from .loopprobe import LoopProbe
from .model import Labels
from .pipeline import Block, Pipeline
from .plugins.forward import Upstream
from .plugins.loop import Loop
from .records import ClusterRecords, RecordOptions
from .responder import Responder
from .serverblocks import server_blocks
from .steps import Host
from .tcpserver import DEFAULT_TIMEOUTS, MAX_CLIENTS, TcpServer, Timeouts
from .udpserver import UdpServer
from .upstreams import UpstreamGroup

log = logging.getLogger(__name__)

EVERYWHERE = Listening(DEFAULT_PORT)
_WILDCARDS = frozenset({"0.0.0.0", "::"})


class _Answering:
    """What answers where some of the Corefile's server blocks listen, and nowhere else."""

    def __init__(self, loop: asyncio.AbstractEventLoop, server: "DnsServer") -> None:
        self.blocks: tuple[Block, ...] = ()
        self.own: set[Upstream] = set()  # where its sockets are
        self.is_probed = False
        self.responder = Responder(loop, Pipeline({}, server.counted, server.host), server.forwarder, server.counted)
        self.udp = UdpServer(loop, self.responder)
        self.tcp = TcpServer(
            loop, self.responder, server.counted, max_clients=server.max_tcp_clients, timeouts=server.tcp_timeouts
        )

    def replace(self, blocks: dict[Labels, Block]) -> None:
        """Answers with other server blocks; what is under way ends with those that it began with."""
        self.blocks = tuple(blocks.values())
        self.is_probed = False
        self.responder.pipeline = Pipeline(blocks, self.responder.counters, self.responder.pipeline.host)
        self.responder.packed.forget()

    def leave(self, address: str) -> None:
        """Closes the sockets of one address."""
        self.own = {own for own in self.own if own.address != address}
        self.udp.leave(address)
        self.tcp.leave(address)

    def close(self) -> None:
        """Closes all sockets."""
        self.own.clear()
        self.udp.close()
        self.tcp.close()


class DnsServer:
    """Answers queries on the sockets that it is given. Made inside a running event loop.

    `local_addresses` are those by which the server finds its own Service (for NS records): the node's, as the
    Service's EndpointSlice holds them. `host` is what it tells of the machine, which is looked up if it is not given.
    """

    def __init__(
        self,
        config: DnsConfig,
        *,
        local_addresses: Sequence[str] = (),
        host: Host | None = None,
        max_tcp_clients: int = MAX_CLIENTS,
        tcp_timeouts: Timeouts = DEFAULT_TIMEOUTS,
    ) -> None:
        self.config = config
        self.counted = Counters()
        self.max_tcp_clients = max_tcp_clients
        self.tcp_timeouts = tcp_timeouts
        self.probed = asyncio.Event()  # set when it is known which upstreams lead back to us
        self._loop = asyncio.get_running_loop()
        self.forwarder = Forwarder(self._loop, self.counted)
        self._local_addresses = tuple(local_addresses)
        self.host = host or Host(socket.gethostname(), read_search(RESOLV_CONF))
        self._hosts = HostsWatch(self._loop, self._forget)
        self._answering: dict[Listening, _Answering] = {}
        self._snapshot: Snapshot | None = None
        self.reconfigure(config)

    def reconfigure(self, config: DnsConfig) -> None:
        """Goes on with another configuration, on the same sockets; those where it does not listen are closed.

        Sockets for new ones of `config.listening` are given by `start`.
        """
        self.config = config
        for where in self._answering.keys() - config.listening:
            self._answering.pop(where).close()
        local = self._local_addresses
        blocks = [(each.listening, server_blocks(each, read_upstreams, local)) for each in config.servers]
        for where in sorted(config.listening):
            here = self._answering.setdefault(where, _Answering(self._loop, self))
            here.replace({zone: block for places, made in blocks if where in places for zone, block in made.items()})
        self._watch_hosts(block for _, made in blocks for block in made.values())
        if self._snapshot is not None:
            self.publish(self._snapshot)
        self._check_upstreams()

    def _forget(self) -> None:
        """What is served has changed: no answer that was kept is given again."""
        for each in self._answering.values():
            each.responder.packed.forget()

    def _watch_hosts(self, blocks: Iterable[Block]) -> None:
        self._hosts.close()
        for block in blocks:
            self._hosts.watch(block)

    async def start(
        self, udp: Sequence[socket.socket], tcp: Sequence[socket.socket], *, where: Listening = EVERYWHERE
    ) -> None:
        """Answers on bound UDP and listening TCP sockets, for the server blocks of one of `config.listening`.

        The sockets' own port may be another one. They are closed by `close`. More may be added by further calls.
        """
        here = self._answering[where]
        here.own |= {Upstream(*opened.getsockname()[:2]) for opened in (*udp, *tcp)}
        for opened in udp:
            here.udp.add(opened, _listener(opened, where, "udp"))
        for opened in tcp:
            here.tcp.add(opened, _listener(opened, where, "tcp"))
        self._check_upstreams()

    def leave(self, address: str, where: Listening = EVERYWHERE) -> None:
        """Stops answering on the sockets of one address that were started for `where`, and closes them."""
        if where in self._answering:
            self._answering[where].leave(address)

    def publish(self, snapshot: Snapshot) -> None:
        """Everything that is asked from now on is answered from this snapshot."""
        made: dict[RecordOptions, ClusterRecords] = {}
        for each in self._answering.values():
            for block in each.blocks:
                options = block.record_options
                if options is not None and options not in made:
                    made[options] = ClusterRecords.of(snapshot, options)
            each.responder.pipeline.records = made
            each.responder.packed.forget()
        self._snapshot = snapshot

    async def close(self) -> None:
        """Stops answering, and ends all that is under way."""
        self.forwarder.close()
        self._hosts.close()
        for each in self._answering.values():
            each.close()

    # What operators see.

    def counters(self) -> Counters:
        """All counts up to now."""
        for each in self._answering.values():
            each.responder.packed.count_hits()
        return self.counted

    @property
    def generation(self) -> int:
        """Of the snapshot that is served; -1 while there is none."""
        return -1 if self._snapshot is None else self._snapshot.generation

    @property
    def not_ready(self) -> tuple[str, ...]:
        """The plugins for which `/ready` says 503, as CoreDNS lists them."""
        return () if self._snapshot is not None else ("kubernetes",)

    @property
    def looping_upstreams(self) -> tuple[Upstream, ...]:
        """The upstreams that are not used since they lead back to us."""
        groups = (group for each in self._answering.values() for block in each.blocks for group in block.groups)
        return tuple(dict.fromkeys(upstream for group in groups for upstream in sorted(group.looping)))

    @property
    def cache_sizes(self) -> tuple[int, int]:
        """Forwarded answers and denials that are kept now."""
        caches = [block.cache for each in self._answering.values() for block in each.blocks if block.cache is not None]
        return sum(cache.sizes[0] for cache in caches), sum(cache.sizes[1] for cache in caches)

    # Upstreams that lead back to us.

    def _check_upstreams(self) -> None:
        """Sorts out our own addresses, and probes the rest once there is a socket on which a probe could come back."""
        own = frozenset(upstream for each in self._answering.values() for upstream in each.own)
        for each in self._answering.values():
            _refuse_own(each.blocks, own)
            if own and not each.is_probed:
                each.is_probed = True
                blocks = [block for block in each.blocks if block.settings.get(Loop) is not None]
                probes = each.responder.pipeline.probes
                LoopProbe(self.forwarder, probes, self.probed.set).start(_groups_of(blocks))


def _refuse_own(blocks: Iterable[Block], own: AbstractSet[Upstream]) -> None:
    for group in _groups_of(blocks):
        for upstream in group.usable:
            if upstream in own or _is_wildcard_of(upstream, own):
                group.mark_looping(upstream)
                log.warning(
                    "upstream is this DNS server itself, it is not used",
                    extra={"kv": {"upstream": upstream.address, "port": upstream.port}},
                )


def _is_wildcard_of(upstream: Upstream, own: AbstractSet[Upstream]) -> bool:
    """Sending to a wildcard address reaches this host."""
    return upstream.address in _WILDCARDS and any(each.port == upstream.port for each in own)


def _groups_of(blocks: Iterable[Block]) -> tuple[UpstreamGroup, ...]:
    return tuple(dict.fromkeys(group for block in blocks for group in block.groups))


def _listener(opened: socket.socket, where: Listening, proto: str) -> Listener:
    address = f"[{where.address}]" if ":" in where.address else where.address
    return Listener(f"dns://{address}:{where.port}", proto, "2" if opened.family == socket.AF_INET6 else "1")
