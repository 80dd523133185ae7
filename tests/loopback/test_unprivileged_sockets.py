"""Sockets without any capability, as a user whom nothing belongs to; needs no namespace."""

import asyncio
import errno
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from proxy.addresses import HelperSettings, LocalSockets, open_sockets
from proxy.addresses.privilege import Capability, has_capability, unprivileged_port_start
from proxy.model import FrontendKey, Protocol
from proxy.sockets import OpenFailure

NOBODY = 65534
VIP = "127.96.0.10"
WHAT_TO_DO = (
    "needs CAP_NET_ADMIN: run as root, in `clusterless lab`, or choose --service-cluster-ip-range inside 127.0.0.0/8"
)


def as_nobody(name: str) -> None:
    """Calls the coroutine function of that name, after everything is imported and every privilege is gone."""
    if os.getuid() == 0:
        os.setgroups([])
        os.setgid(NOBODY)
        os.setuid(NOBODY)
    assert not any(has_capability(each) for each in Capability)
    sockets = open_sockets(HelperSettings())
    assert isinstance(sockets, LocalSockets)
    asyncio.run(globals()[name](sockets))


async def listener(sockets: LocalSockets, port: int, protocol: Protocol = Protocol.TCP) -> socket.socket:
    (opened,) = await sockets.open([FrontendKey(VIP, port, protocol)])
    assert isinstance(opened, socket.socket), opened
    return opened


async def loopback_vips_are_reached(sockets: LocalSockets) -> None:
    assert await sockets.announce(["127.96.0.0/12"]) == {}
    assert await sockets.claim([VIP, "127.0.0.1", "::1"]) == {}
    with await listener(sockets, 0) as server, socket.create_connection(server.getsockname()) as client:
        accepted, address = server.accept()
        accepted.close()
        assert address == client.getsockname()
    await sockets.release([VIP])
    await sockets.close()


async def udp_vips_are_reached(sockets: LocalSockets) -> None:
    with await listener(sockets, 0, Protocol.UDP) as server, socket.socket(type=socket.SOCK_DGRAM) as client:
        client.connect(server.getsockname())
        client.send(b"question")
        assert await asyncio.get_running_loop().sock_recv(server, 100) == b"question"


async def other_vips_say_what_to_do_instead(sockets: LocalSockets) -> None:
    assert await sockets.announce(["10.96.0.0/12", "127.96.0.0/12"]) == {"10.96.0.0/12": f"10.96.0.0/12 {WHAT_TO_DO}"}
    assert await sockets.claim(["10.96.0.10", VIP, "0.0.0.0"]) == {
        "10.96.0.10": f"10.96.0.10 {WHAT_TO_DO}",
        "0.0.0.0": "0.0.0.0 is unspecified: such addresses are not claimed",
    }
    (opened,) = await sockets.open([FrontendKey("10.96.0.10", 8080, Protocol.TCP)])
    assert opened == OpenFailure(errno.EADDRNOTAVAIL, "10.96.0.10 is not an address of this host")


async def low_ports_say_why_not(sockets: LocalSockets) -> None:
    lowest = unprivileged_port_start()
    (opened,) = await sockets.open([FrontendKey(VIP, 80, Protocol.TCP)])
    if lowest > 80:
        sentence = f"port 80 is below {lowest} (net.ipv4.ip_unprivileged_port_start) and needs CAP_NET_BIND_SERVICE"
        assert opened == OpenFailure(errno.EACCES, sentence)
    else:
        assert isinstance(opened, socket.socket)
        opened.close()


async def packets_cannot_be_dropped(sockets: LocalSockets) -> None:
    with await listener(sockets, 0) as server:
        assert not await sockets.allow_only(server, ())
        assert await sockets.allow_only(server, None)
        socket.create_connection(server.getsockname(), timeout=5).close()


async def the_hosts_addresses_are_known(sockets: LocalSockets) -> None:
    facts = await sockets.facts()
    assert ("127.0.0.1", 8, "lo") in facts.addresses


@pytest.mark.parametrize(
    "scenario",
    [
        loopback_vips_are_reached,
        udp_vips_are_reached,
        other_vips_say_what_to_do_instead,
        low_ports_say_why_not,
        packets_cannot_be_dropped,
        the_hosts_addresses_are_known,
    ],
    ids=lambda scenario: scenario.__name__,
)
def test_without_any_capability(scenario) -> None:
    program = f"import runpy; runpy.run_path({str(Path(__file__))!r})['as_nobody']({scenario.__name__!r})"
    command = [sys.executable, "-W", "error", "-c", program]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=30)
    assert (done.returncode, done.stderr) == (0, "")
