"""The privileged helper on a host of its own; functions without `test_` run inside the namespaces."""

import asyncio
import contextlib
import errno
import ipaddress
import os
import resource
import shlex
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Coroutine, Iterator
from pathlib import Path
from typing import Self

import pytest
import uvloop

from proxy.addresses import AlreadyRunningError, HelperSettings, HelperSockets, Marks, open_sockets
from proxy.addresses.netlink import CREATE_ANOTHER, NetlinkSocket, Request
from proxy.addresses.privilege import Capability, keep_only
from proxy.addresses.routes import range_route
from proxy.addresses.rtnetlink import RTM_NEWROUTE
from proxy.model import FrontendKey, Protocol
from proxy.sockets import OpenFailure

RANGES = ("10.96.0.0/12", "fd00:10:96::/108")
NODE, NODE_V6 = "192.0.2.1", "2001:db8::1"
POD, POD_V6 = "192.0.2.2", "2001:db8::2"
VIP, VIP_V6 = "10.96.0.10", "fd00:10:96::10"
UNALLOCATED, UNALLOCATED_V6 = "10.96.0.11", "fd00:10:96::11"
EXTERNAL = "198.51.100.7"
SILENCE = 0.4  # seconds in which a refusal, or a connection, would certainly have come
PATIENT = 10.0  # seconds against hangs, where one is to come

CONNECT = """
import socket, sys
try:
    socket.create_connection((sys.argv[1], int(sys.argv[2])), float(sys.argv[3])).close()
    print("connected")
except ConnectionRefusedError:
    print("refused")
except TimeoutError:
    print("timed out")
"""


def ip(*arguments: str) -> str:
    return subprocess.run(["ip", *arguments], check=True, capture_output=True, text=True).stdout


def make_node_and_pod() -> None:
    """A node with both families that forwards, and a pod beside it that reaches everything through the node."""
    for family in ("ipv4", "ipv6"):
        Path(f"/proc/sys/net/{family}/conf/all/forwarding").write_text("1")
    ip("netns", "add", "pod")
    ip("link", "add", "pods", "type", "veth", "peer", "name", "eth0", "netns", "pod")
    ip("address", "add", f"{NODE}/24", "dev", "pods")
    ip("address", "add", f"{NODE_V6}/64", "dev", "pods", "nodad")
    ip("link", "set", "pods", "up")
    ip("-n", "pod", "address", "add", f"{POD}/24", "dev", "eth0")
    ip("-n", "pod", "address", "add", f"{POD_V6}/64", "dev", "eth0", "nodad")
    ip("-n", "pod", "link", "set", "eth0", "up")
    ip("-n", "pod", "route", "add", "default", "via", NODE)
    ip("-n", "pod", "-6", "route", "add", "default", "via", NODE_V6)


class Pod:
    """A shell in the pod, started while this process may still enter its namespace."""

    def __init__(self) -> None:
        command = ["ip", "netns", "exec", "pod", "sh"]
        self._shell = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._shell.communicate()

    def start(self, command: str) -> None:
        assert self._shell.stdin is not None
        self._shell.stdin.write(f"{command}\n")
        self._shell.stdin.flush()

    def line(self) -> str:
        assert self._shell.stdout is not None
        return self._shell.stdout.readline().strip()

    def connect(self, address: str, port: int, seconds: float = PATIENT) -> str:
        """`refused`, `timed out` or `connected`."""
        self.start(shlex.join([sys.executable, "-ISc", CONNECT, address, str(port), str(seconds)]))
        return self.line()


def ours() -> str:
    """Everything on this host that bears a mark of ours."""
    protocols = [str(mark.value.protocol) for mark in Marks]
    routes = [ip(family, "route", "show", "table", "all", "proto", p) for family in ("-4", "-6") for p in protocols]
    devices = [line for line in ip("-o", "link").splitlines() if "clusterless" in line]
    return "".join(routes + devices)


def capabilities(pid: int) -> dict[str, int]:
    status = Path(f"/proc/{pid}/status").read_text()
    return {line[:6]: int(line.split()[1], 16) for line in status.splitlines() if line.startswith("Cap")}


@contextlib.asynccontextmanager
async def announced(sockets: object) -> AsyncIterator[HelperSockets]:
    assert isinstance(sockets, HelperSockets)
    assert await sockets.announce(RANGES, [NODE, NODE_V6]) == {}
    try:
        yield sockets
    finally:
        await sockets.close()


def start(mark: Marks = Marks.NODE) -> contextlib.AbstractAsyncContextManager[HelperSockets]:
    return announced(open_sockets(HelperSettings(mark)))


@contextlib.asynccontextmanager
async def node() -> AsyncIterator[HelperSockets]:
    make_node_and_pod()
    async with start() as sockets:
        yield sockets


@contextlib.asynccontextmanager
async def node_and_pod() -> AsyncIterator[tuple[HelperSockets, Pod]]:
    make_node_and_pod()
    with Pod() as pod:
        async with start() as sockets:
            yield sockets, pod


async def listener(sockets: HelperSockets, address: str, port: int, protocol: Protocol = Protocol.TCP) -> socket.socket:
    (opened,) = await sockets.open([FrontendKey(address, port, protocol)])
    assert isinstance(opened, socket.socket), opened
    return opened


async def failure(sockets: HelperSockets, address: str, port: int) -> OpenFailure:
    (opened,) = await sockets.open([FrontendKey(address, port, Protocol.TCP)])
    assert isinstance(opened, OpenFailure), opened
    return opened


def connect(address: str, port: int, seconds: float = PATIENT) -> str:
    """`refused`, `timed out`, or the address that the connection came from."""
    with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET) as client:
        client.settimeout(seconds)
        try:
            client.connect((address, port))
        except ConnectionRefusedError:
            return "refused"
        except TimeoutError:
            return "timed out"
        return str(client.getsockname()[0])


# What is inside the namespaces, one function a test.


async def vips_are_reached() -> None:
    async with node() as sockets:
        assert await sockets.claim([VIP, VIP_V6]) == {}
        for vip, own in ((VIP, NODE), (VIP_V6, NODE_V6)):
            with await listener(sockets, vip, 80):
                assert connect(vip, 80) == own
                assert connect(vip, 81) == "refused"
            assert connect(vip, 80) == "refused"


async def udp_at_a_vip() -> None:
    async with node() as sockets:
        await sockets.claim([VIP])
        with await listener(sockets, VIP, 53, Protocol.UDP) as server, socket.socket(type=socket.SOCK_DGRAM) as client:
            client.connect((VIP, 53))
            client.send(b"question")
            assert await asyncio.get_running_loop().sock_recvfrom(server, 100) == (b"question", client.getsockname())


async def a_pod_reaches_what_the_node_claims() -> None:
    async with node_and_pod() as (sockets, pod):
        await sockets.claim([VIP, VIP_V6])
        for vip, unallocated in ((VIP, UNALLOCATED), (VIP_V6, UNALLOCATED_V6)):
            assert pod.connect(vip, 81) == "refused"
            assert pod.connect(unallocated, 80, SILENCE) == "timed out"
        with await listener(sockets, VIP, 80) as server:
            pod.start(f"curl -s --max-time 5 http://{VIP}/")
            connection, (client, _port) = await accepted_from(server)
            with connection:  # the request is read first: else it is closed with a reset
                assert await asyncio.get_running_loop().sock_recv(connection, 1000)
                connection.sendall(b"HTTP/1.0 200 OK\r\n\r\nhello\n")
            assert (client, pod.line()) == (POD, "hello")


async def accepted_from(server: socket.socket) -> tuple[socket.socket, tuple[str, int]]:
    return await asyncio.get_running_loop().sock_accept(server)


async def unallocated_vips_time_out() -> None:
    async with node() as sockets:
        await sockets.claim([VIP, VIP_V6])
        assert connect(UNALLOCATED, 80, SILENCE) == "timed out"
        assert connect(UNALLOCATED_V6, 80, SILENCE) == "timed out"


async def a_range_without_a_device_of_ours_is_a_blackhole() -> None:
    make_node_and_pod()
    with Pod() as pod, NetlinkSocket() as netlink:
        bodies = [range_route(ipaddress.ip_network(each), None, Marks.NODE.value) for each in RANGES]
        requests = [Request(RTM_NEWROUTE, CREATE_ANOTHER, body) for body in bodies]
        assert netlink.change(requests) == [0, 0]
        assert ours().count("blackhole") == 2
        assert pod.connect(UNALLOCATED, 80, SILENCE) == "timed out"
        async with start():  # and it is known as ours
            assert "blackhole" not in ours()


def disable_ipv6() -> None:
    Path("/proc/sys/net/ipv6/conf/all/disable_ipv6").write_text("1")


async def a_host_without_ipv6() -> None:
    disable_ipv6()
    sockets = open_sockets(HelperSettings())
    sentence = f"{RANGES[1]} cannot be claimed: this host has no IPv6"
    assert await sockets.announce(RANGES) == {RANGES[1]: sentence}
    assert await sockets.claim([VIP, VIP_V6]) == {VIP_V6: sentence}
    assert connect(VIP, 80) == "refused"
    (opened,) = await sockets.open([FrontendKey("::1", 80, Protocol.TCP)])
    assert isinstance(opened, OpenFailure)
    await sockets.close()
    assert ours() == ""


async def released_vips_time_out() -> None:
    async with node() as sockets:
        await sockets.claim([VIP, VIP_V6])
        assert connect(VIP, 80) == connect(VIP_V6, 80) == "refused"
        await sockets.release([VIP, VIP_V6, UNALLOCATED])
        assert connect(VIP, 80, SILENCE) == connect(VIP_V6, 80, SILENCE) == "timed out"
        assert (await failure(sockets, VIP, 80)).errno == errno.EADDRNOTAVAIL
        assert (await failure(sockets, VIP_V6, 80)).errno == errno.EADDRNOTAVAIL


async def addresses_outside_the_ranges() -> None:
    async with node() as sockets:
        assert await sockets.claim([EXTERNAL]) == {}
        with await listener(sockets, EXTERNAL, 80):
            assert connect(EXTERNAL, 80) == NODE
        assert "dev clusterless " in ip("route", "show", "table", "local", EXTERNAL)
        assert (await sockets.facts()).own == {"127.0.0.1", "::1", NODE, NODE_V6, *link_local_addresses()}


def link_local_addresses() -> set[str]:
    lines = ip("-o", "address", "show", "dev", "pods", "scope", "link").splitlines()
    return {line.split()[3].partition("/")[0] for line in lines}


async def addresses_of_the_node_are_bound_and_not_claimed() -> None:
    async with node() as sockets:
        before = ours()
        assert await sockets.claim([NODE, NODE_V6, "127.0.0.5", "::1"]) == {}
        assert ours() == before
        await sockets.release([NODE])
        (await listener(sockets, NODE, 30080)).close()
        assert connect(NODE, 22) == "refused"


async def failures_are_told_one_by_one() -> None:
    async with node() as sockets:
        failures = await sockets.claim([VIP, "224.0.0.1", "web"])
        assert failures.keys() == {"224.0.0.1", "web"}
        wanted = (VIP, 80, "TCP"), (VIP, 80, "TCP"), (UNALLOCATED, 80, "TCP"), (VIP, 80, "SCTP"), (VIP, 80, "UDP")
        outcomes = await sockets.open([FrontendKey(a, p, Protocol(kind)) for a, p, kind in wanted])
        assert [each.message if isinstance(each, OpenFailure) else each.getsockname() for each in outcomes] == [
            (VIP, 80),
            f"{VIP}:80/TCP is in use by another program",
            f"{UNALLOCATED} is not an address of this host",
            "SCTP is not proxied",
            (VIP, 80),
        ]
        close_all(outcomes)


def close_all(outcomes: list[socket.socket | OpenFailure]) -> None:
    for each in outcomes:
        if isinstance(each, socket.socket):
            each.close()


async def overlapping_ranges_are_refused() -> None:
    async with node() as sockets:
        failures = await sockets.announce([*RANGES, "192.0.0.0/16"])
        sentence = "192.0.0.0/16 overlaps 192.0.2.0/24 (device pods), which this host has a route or an address in"
        assert failures == {"192.0.0.0/16": sentence}
        assert await sockets.claim(["192.0.3.3"]) == {"192.0.3.3": sentence}
        assert await sockets.announce([*RANGES, "192.0.0.0/16"], force=True) == {}
        assert await sockets.claim(["192.0.3.3"]) == {}
        assert "lo" in ip("route", "show", "table", "local", "192.0.3.3")


async def a_new_announcement_keeps_what_is_claimed() -> None:
    make_node_and_pod()
    ip("address", "add", "192.0.2.3/24", "dev", "pods")
    async with start() as sockets:
        await sockets.claim([VIP, EXTERNAL])
        with await listener(sockets, VIP, 80):
            assert await sockets.announce(["10.96.0.0/16"], ["203.0.113.5", "192.0.2.3"]) == {}
            assert connect(VIP, 80) == "192.0.2.3"
        assert connect(EXTERNAL, 80) == "refused"
        assert "10.96.0.0/16" in ours()
        assert "10.96.0.0/12" not in ours()


async def a_new_announcement_of_the_same_interrupts_nobody() -> None:
    async with node() as sockets:
        await sockets.claim([VIP, *(f"10.97.{high}.{low}" for high in range(4) for low in range(250))])
        with await listener(sockets, VIP, 53, Protocol.UDP) as server, socket.socket(type=socket.SOCK_DGRAM) as client:
            announced = asyncio.gather(*(sockets.announce(RANGES, [NODE, NODE_V6]) for _ in range(10)))
            async with asyncio.timeout(PATIENT):
                while not announced.done():
                    client.sendto(b"question", (VIP, 53))
                    assert await asyncio.get_running_loop().sock_recv(server, 100) == b"question"
                    await asyncio.sleep(0)  # what is received at once lets nobody else have a turn
            assert await announced == [{}] * 10


async def nothing_is_left_after_close() -> None:
    async with node() as sockets:
        await sockets.claim([VIP, VIP_V6, EXTERNAL])
        assert ours()
    assert ours() == ""
    assert not has_children()  # not even a zombie


def has_children() -> bool:
    try:
        os.waitpid(-1, os.WNOHANG)
    except ChildProcessError:
        return False
    return True


@contextlib.contextmanager
def forked_program() -> Iterator[tuple[int, int, int]]:
    """Another process that holds claims: its id, its helper's id, and a pipe that ends with the last of the two."""
    reading, writing = os.pipe()
    program = os.fork()
    if program == 0:
        os.close(reading)
        asyncio.run(hold_claims(open_sockets(HelperSettings()), writing))
    os.close(writing)
    helper = int(os.read(reading, 100))
    try:
        yield program, helper, reading
    finally:
        os.close(reading)


async def hold_claims(sockets: object, writing: int) -> None:
    async with announced(sockets) as mine:
        assert await mine.claim([VIP, VIP_V6, EXTERNAL]) == {}
        os.write(writing, str(child_of(os.getpid())).encode())
        signal.pause()


def child_of(pid: int) -> int:
    return int(Path(f"/proc/{pid}/task/{pid}/children").read_text())


def kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)


def nothing_is_left_after_the_program_is_killed() -> None:
    make_node_and_pod()
    with forked_program() as (program, helper, pipe):
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            os.kill(helper, number)  # it stays: the end is the program's to decide
        assert "clusterless" in ours()
        kill(program)
        assert os.read(pipe, 1) == b""
    assert ours() == ""


async def the_next_start_clears_what_was_left() -> None:
    make_node_and_pod()
    with forked_program() as (program, helper, pipe):
        os.kill(helper, signal.SIGSTOP)  # so that it cannot clean up
        kill(program)
        os.kill(helper, signal.SIGKILL)
        assert os.read(pipe, 1) == b""
    assert VIP in ours()
    assert EXTERNAL in ours()
    async with start():
        assert VIP not in ours()
        assert VIP_V6 not in ours()
        assert EXTERNAL not in ours()


async def a_start_waits_for_the_helper_of_a_killed_program() -> None:
    make_node_and_pod()
    with forked_program() as (program, _helper, _pipe):
        kill(program)
        async with start() as sockets:
            assert VIP not in ours()
            assert await sockets.claim([VIP]) == {}


async def privilege_is_in_the_helper_alone() -> None:
    async with node() as sockets:
        mine, theirs = capabilities(os.getpid()), capabilities(child_of(os.getpid()))
        assert set(mine.values()) == {0}
        assert theirs["CapEff"] == theirs["CapPrm"] == theirs["CapBnd"] == 1 << 12 | 1 << 10
        assert theirs["CapInh"] == theirs["CapAmb"] == 0
        with pytest.raises(PermissionError), socket.socket() as low:
            low.bind(("127.0.0.1", 80))
        (await listener(sockets, "127.0.0.1", 80)).close()
        assert "CapPrm:\t0000000000000000" in status_of_a_program_started_here()


def status_of_a_program_started_here() -> str:
    return subprocess.run(["cat", "/proc/self/status"], check=True, capture_output=True, text=True).stdout


async def a_second_instance_is_refused() -> None:
    make_node_and_pod()
    with forked_program() as (program, _helper, _pipe):
        with pytest.raises(AlreadyRunningError, match=rf"^another clusterless \(process {program}\) runs in this netw"):
            open_sockets(HelperSettings())
        async with start_dns() as dns:  # another kind of program may, and may claim the same address
            assert await dns.claim([VIP, VIP_V6]) == {}
            kill(program)
            for vip in (VIP, VIP_V6):
                (await listener(dns, vip, 53)).close()
                assert connect(vip, 53) == "refused"


@contextlib.asynccontextmanager
async def start_dns() -> AsyncIterator[HelperSockets]:
    sockets = open_sockets(HelperSettings(Marks.DNS))
    assert isinstance(sockets, HelperSockets)
    yield sockets
    await sockets.close()


async def packets_are_dropped() -> None:
    async with node() as sockets:
        await sockets.claim([VIP])
        with await listener(sockets, VIP, 80) as server, socket.socket() as early:
            early.connect((VIP, 80))
            accepted, _ = await accepted_from(server)  # whose side of the handshake may end after the client's
            assert await sockets.allow_only(server, ())
            assert connect(VIP, 80, SILENCE) == "timed out"
            early.send(b"x")
            assert await asyncio.get_running_loop().sock_recv(accepted, 1) == b"x"
            accepted.close()
            assert await sockets.allow_only(server, None)
            assert await sockets.allow_only(server, None)
            assert connect(VIP, 80) == NODE


async def packets_are_dropped_by_source() -> None:
    async with node_and_pod() as (sockets, pod):
        await sockets.claim([VIP, VIP_V6])
        for vip, own, other in ((VIP, NODE, POD), (VIP_V6, NODE_V6, POD_V6)):
            with await listener(sockets, vip, 80) as server:
                assert await sockets.allow_only(server, (own,))
                assert connect(vip, 80) == own
                assert pod.connect(vip, 80, SILENCE) == "timed out"
                assert await sockets.allow_only(server, (other,))
                assert connect(vip, 80, SILENCE) == "timed out"
                assert pod.connect(vip, 80) == "connected"


async def a_helper_that_dies_is_noticed() -> None:
    make_node_and_pod()
    ended = asyncio.Event()
    sockets = open_sockets(HelperSettings(), ended.set)
    assert isinstance(sockets, HelperSockets)
    await sockets.claim([VIP])
    asked = asyncio.gather(*(sockets.claim([f"10.96.1.{n}"]) for n in range(9)))  # some of them are under way
    os.kill(child_of(os.getpid()), signal.SIGKILL)
    await asked
    await ended.wait()
    assert "has ended" in (await sockets.claim([UNALLOCATED]))[UNALLOCATED]
    assert (await failure(sockets, VIP, 80)).errno == errno.EPIPE
    await sockets.release([VIP])
    with socket.socket() as sock:
        assert not await sockets.allow_only(sock, ())
    await sockets.close()


async def more_sockets_than_the_process_may_have() -> None:
    async with node() as sockets:
        await sockets.claim([VIP])
        keys = [FrontendKey(VIP, port, Protocol.TCP) for port in range(1000, 1600)]
        _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (300, hard))
        outcomes = await sockets.open(keys)
        opened = [each for each in outcomes if isinstance(each, socket.socket)]
        assert 200 < len(opened) < 300
        assert {each.errno for each in outcomes if isinstance(each, OpenFailure)} == {errno.EMFILE}
        assert [each.getsockname()[1] for each in opened] == [*range(1000, 1000 + len(opened))]
        close_all(outcomes)
        (await listener(sockets, VIP, 1599)).close()


async def a_cancelled_caller_disturbs_nobody() -> None:
    async with node() as sockets:
        await sockets.claim([VIP])
        keys = [FrontendKey(VIP, port, Protocol.TCP) for port in range(1, 501)]
        before = len(os.listdir("/proc/self/fd"))
        for number in range(150):  # before the request is sent, while it is under way, and as the answer comes
            await cancelled(sockets.open(keys), after=number * 1e-4)
        assert await sockets.claim([UNALLOCATED]) == {}
        assert len(os.listdir("/proc/self/fd")) == before
        outcomes = await sockets.open(keys)  # nobody holds the ports either
        assert not any(isinstance(each, OpenFailure) for each in outcomes)
        close_all(outcomes)


async def cancelled(call: Coroutine[object, object, list[socket.socket | OpenFailure]], *, after: float) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(after):
            close_all(await call)


async def a_helper_that_is_slow_delays_its_callers_only() -> None:
    async with node() as sockets:
        helper = child_of(os.getpid())
        os.kill(helper, signal.SIGSTOP)
        for number in range(50):  # more packets than the channel takes
            await cancelled(sockets.open([FrontendKey("127.0.0.1", 1000 + number, Protocol.TCP)]), after=0)
        waiting = asyncio.gather(sockets.claim([VIP]), sockets.claim([VIP_V6]))
        await asyncio.sleep(0)
        os.kill(helper, signal.SIGCONT)
        assert await waiting == [{}, {}]
        assert connect(VIP, 80) == "refused"


async def many_callers_at_once() -> None:
    async with node() as sockets:
        addresses = [f"10.97.{high}.{low}" for high in range(8) for low in range(250)]
        for _ in range(2):  # claiming the claimed does nothing
            assert await asyncio.gather(*(sockets.claim([each]) for each in addresses[:50])) == [{}] * 50
        assert await sockets.claim(addresses) == {}
        outcomes = await sockets.open([FrontendKey(each, 80, Protocol.TCP) for each in addresses[:600]])
        assert [each.getsockname() for each in outcomes if isinstance(each, socket.socket)] == [
            (each, 80) for each in addresses[:600]
        ]
        close_all(outcomes)


async def without_net_admin_the_sentence_says_what_to_do() -> None:
    sockets = open_sockets(HelperSettings())
    assert isinstance(sockets, HelperSockets)
    assert await sockets.announce(["10.96.0.0/12", "127.96.0.0/12"]) == {
        "10.96.0.0/12": "10.96.0.0/12 needs CAP_NET_ADMIN: run as root, in `clusterless lab`, "
        "or choose --service-cluster-ip-range inside 127.0.0.0/8"
    }
    assert "needs CAP_NET_ADMIN" in (await sockets.claim([VIP]))[VIP]
    with await listener(sockets, "127.96.0.1", 80) as server:
        assert not await sockets.allow_only(server, ())
    await sockets.close()


def only_bind_service() -> None:
    keep_only((Capability.NET_BIND_SERVICE,))
    asyncio.run(without_net_admin_the_sentence_says_what_to_do())


def under_uvloop(name: str) -> None:
    uvloop.run(globals()[name]())


@pytest.mark.parametrize(
    "scenario",
    [
        vips_are_reached,
        udp_at_a_vip,
        a_pod_reaches_what_the_node_claims,
        unallocated_vips_time_out,
        a_range_without_a_device_of_ours_is_a_blackhole,
        a_host_without_ipv6,
        released_vips_time_out,
        addresses_outside_the_ranges,
        addresses_of_the_node_are_bound_and_not_claimed,
        failures_are_told_one_by_one,
        overlapping_ranges_are_refused,
        a_new_announcement_keeps_what_is_claimed,
        a_new_announcement_of_the_same_interrupts_nobody,
        nothing_is_left_after_close,
        nothing_is_left_after_the_program_is_killed,
        the_next_start_clears_what_was_left,
        a_start_waits_for_the_helper_of_a_killed_program,
        privilege_is_in_the_helper_alone,
        a_second_instance_is_refused,
        packets_are_dropped,
        packets_are_dropped_by_source,
        a_helper_that_dies_is_noticed,
        more_sockets_than_the_process_may_have,
        a_cancelled_caller_disturbs_nobody,
        a_helper_that_is_slow_delays_its_callers_only,
        many_callers_at_once,
        only_bind_service,
    ],
    ids=lambda scenario: scenario.__name__,
)
def test_on_a_host_of_its_own(in_namespace, scenario) -> None:
    in_namespace(scenario)


@pytest.mark.parametrize(
    "scenario",
    [
        many_callers_at_once,
        a_cancelled_caller_disturbs_nobody,
        a_helper_that_dies_is_noticed,
        a_helper_that_is_slow_delays_its_callers_only,
    ],
)
def test_under_uvloop(in_namespace, scenario) -> None:
    in_namespace(under_uvloop, scenario.__name__)
