"""A relay in a process of its own, for tests of memory, descriptors and processor time.

Usage: relay_process.py LOOP SOFT_LIMIT SEND_BUFFER ENDPOINT_PORT... (a limit or buffer of 0 leaves it as it is)
Prints the frontend's port. Then each line of standard input is a command, answered by one line of JSON:
`stats`, `eat` (open files until there is no descriptor left), `spit` (close one of them), `disgorge` (close them all).
"""

import asyncio
import errno
import json
import logging
import os
import resource
import socket
import sys
import time

import uvloop

from proxy.counters import Counters
from proxy.listener import TcpListener
from proxy.model import Endpoint, Frontend, FrontendKey, FrontendKind, Protocol, ServicePortName
from proxy.reactor import Reactor
from proxy.relaysettings import RelaySettings


class First:
    def pick(self, frontend, client, now, tried):
        return next((each for each in frontend.internal if each not in tried), None)

    def dial_failed(self, frontend, client, endpoint):
        pass

    def opened(self, frontend, endpoint):
        pass

    def closed(self, frontend, endpoint):
        pass


class Commands:
    def __init__(self, reactor, counters):
        self.reactor = reactor
        self.counters = counters
        self.eaten = []

    def stats(self):
        total = self.counters.service(SERVICE)
        pauses = {str(reason): number for reason, number in self.counters.accept_pauses.items()}
        return {
            "connections": len(self.reactor.connections),
            "held": self.reactor.descriptors.held,
            "accepted": total.accepted,
            "pauses": pauses,
            "waiting_slices": len(self.reactor._ready),
            "cpu_seconds": time.process_time(),
        }

    def eat(self):
        while True:
            try:
                self.eaten.append(os.open(os.devnull, os.O_RDONLY))
            except OSError as error:
                if error.errno != errno.EMFILE:
                    raise
                return {"eaten": len(self.eaten)}

    def spit(self):
        os.close(self.eaten.pop())
        return {}

    def disgorge(self):
        for descriptor in self.eaten:
            os.close(descriptor)
        self.eaten.clear()
        return {}

    def on_input(self):
        for line in os.read(0, 4096).decode().split():
            os.write(1, (json.dumps(getattr(self, line)()) + "\n").encode())


SERVICE = ServicePortName("default", "web", "", Protocol.TCP)


def listening_socket(send_buffer):
    sock = socket.socket()
    if send_buffer:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, send_buffer)  # clients' sockets inherit it
    sock.bind(("127.0.0.1", 0))
    sock.listen(4096)
    sock.settimeout(0)
    return sock


async def serve(send_buffer, ports):
    loop = asyncio.get_running_loop()
    counters = Counters()
    reactor = Reactor(loop)
    sock = listening_socket(send_buffer)
    key = FrontendKey("127.0.0.1", sock.getsockname()[1], Protocol.TCP)
    endpoints = tuple(Endpoint("127.0.0.1", port) for port in ports)
    frontend = Frontend(key=key, kind=FrontendKind.CLUSTER_IP, service=SERVICE, internal=endpoints, external=endpoints)
    TcpListener(reactor, sock, frontend, First(), counters, RelaySettings())
    commands = Commands(reactor, counters)
    loop.add_reader(0, commands.on_input)
    os.write(1, f"{key.port}\n".encode())
    await loop.create_future()


def main(loop, limit, send_buffer, *ports):
    logging.basicConfig(stream=sys.stderr, format="%(levelname)s %(message)s %(kv)s")
    if limit != "0":
        _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (int(limit), hard))
    run = uvloop.run if loop == "uvloop" else asyncio.run
    run(serve(int(send_buffer), [int(port) for port in ports]))


if __name__ == "__main__":
    main(*sys.argv[1:])
