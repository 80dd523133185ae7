import asyncio
import contextlib
import json
import logging
import select
import socket
import struct
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
import uvloop

from proxy.counters import Counters
from proxy.descriptors import Descriptors
from proxy.flows import FlowSettings
from proxy.listener import TcpListener
from proxy.model import Endpoint, Frontend, FrontendKey, FrontendKind, Protocol, ServicePortName
from proxy.reactor import Reactor
from proxy.relaysettings import RelaySettings
from proxy.udp import UdpListener

HANG_SECONDS = 10.0  # bounds every wait of a test; nothing that works takes as long


class RecordingChooser:
    """Round robin over the internal endpoints, and a record of what it was told."""

    def __init__(self):
        self.picked = []
        self.failed = []
        self.open = 0
        self.fault = None

    def pick(self, frontend, client, now, tried):
        if self.fault is not None:
            raise self.fault
        left = [each for each in frontend.internal if each not in tried]
        if not left:
            return None
        self.picked.append(left[len(self.picked) % len(left)])
        return self.picked[-1]

    def dial_failed(self, frontend, client, endpoint):
        self.failed.append(endpoint)

    def opened(self, frontend, endpoint):
        self.open += 1

    def closed(self, frontend, endpoint):
        self.open -= 1


class RelayLab:
    """A reactor in a thread with an event loop of its own; the test uses plain blocking sockets."""

    service = ServicePortName("default", "web", "http", Protocol.TCP)

    def __init__(self, new_loop, stack):
        self.stack = stack
        self.loop = new_loop()
        self._counters = Counters()
        self.chooser = RecordingChooser()
        self.loop_errors = []
        self.loop.set_exception_handler(lambda loop, context: self.loop_errors.append(context))
        self._own_post = self.owned(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        self._own_post.bind(("127.0.0.1", 0))
        self._own_post.connect(self._own_post.getsockname())
        self.thread = threading.Thread(target=self.loop.run_forever, name="relay")
        self.thread.start()
        self.reactor = self.call(lambda: Reactor(self.loop, Descriptors(4096)))

    def call(self, function, *arguments):
        """The result of a function, called in the loop's thread."""

        async def called():
            return function(*arguments)

        return self.run(called())

    def run(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(HANG_SECONDS)

    def held(self):
        """The descriptors on the account, between two calls of the reactor: within one some may be taken for a try."""
        return self.call(lambda: self.reactor.descriptors.held)

    @property
    def counters(self):
        """What has been counted of all that a client may have seen by now."""
        self.settle()
        return self._counters

    def settle(self):
        """Let the reactor see all that was sent before."""
        self._own_post.send(b"?")  # loopback delivers in order
        self._own_post.recv(1)
        for _ in range(4):
            self.call(lambda: None)

    def wait(self, condition):
        """Wait until the condition holds."""
        deadline = time.monotonic() + HANG_SECONDS
        while not condition():
            assert time.monotonic() < deadline, "it does not come true"
            self.settle()

    def drained(self):
        """Wait until no connection is left; `False` if some had to be reset."""
        return self.run(self.reactor.connections.drain(HANG_SECONDS / 2)) == 0

    def stop(self):
        self.call(self.reactor.close)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(HANG_SECONDS)
        self.loop.close()

    def frontend(self, port, *endpoints):
        return Frontend(
            key=FrontendKey("127.0.0.1", port, Protocol.TCP),
            kind=FrontendKind.CLUSTER_IP,
            service=self.service,
            internal=endpoints,
            external=endpoints,
        )

    def serve(self, *endpoints, **settings):
        """A listener for a frontend with these endpoints."""
        sock = self.listening()
        sock.settimeout(0)
        frontend = self.frontend(sock.getsockname()[1], *endpoints)
        arguments = (self.reactor, sock, frontend, self.chooser, self._counters, RelaySettings(**settings))
        return self.call(TcpListener, *arguments)

    def serve_udp(self, *endpoints, port=0, **settings):
        """The same for UDP; the frontend's port may be given."""
        sock = self.owned(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        sock.bind(("127.0.0.1", port))
        sock.settimeout(0)
        frontend = self.frontend(sock.getsockname()[1], *endpoints)
        arguments = (self.reactor, sock, frontend, self.chooser, self._counters, FlowSettings(**settings))
        return self.call(UdpListener, *arguments)

    def listening(self, backlog=128):
        sock = self.owned(socket.socket())
        sock.bind(("127.0.0.1", 0))
        sock.listen(backlog)
        return sock

    def owned(self, sock):
        sock.settimeout(HANG_SECONDS)
        return self.stack.enter_context(sock)

    def endpoint(self, listening):
        return Endpoint(*listening.getsockname())

    def closed_port(self):
        """An endpoint where nobody listens, and nobody else can."""
        sock = self.owned(socket.socket())
        sock.bind(("127.0.0.1", 0))
        return self.endpoint(sock)

    def black_hole(self):
        """A listener whose queue is full, so that it drops every SYN; accepting from it opens it again."""
        listening = self.listening(backlog=0)
        self.connect(listening.getsockname()[1])
        return listening

    def connect(self, port, **options):
        sock = self.owned(socket.socket())
        for option, value in options.items():
            sock.setsockopt(socket.SOL_SOCKET, getattr(socket, option), value)
        sock.connect(("127.0.0.1", port))
        return sock

    def client(self, listener, **options):
        return self.connect(listener.frontend.key.port, **options)

    def pair(self, **settings):
        """A client and the backend's end of its connection."""
        backend = self.listening()
        client = self.client(self.serve(self.endpoint(backend), **settings))
        return client, self.accept(backend)

    def accept(self, listening):
        return self.owned(listening.accept()[0])

    def echo(self):
        """A backend that sends back what it gets, on any number of connections; returns its endpoint."""
        listening = self.listening()
        thread = threading.Thread(target=_echo_all, args=(listening,), name="echo")
        thread.start()
        self.stack.callback(thread.join, HANG_SECONDS)
        self.stack.callback(listening.shutdown, socket.SHUT_RDWR)  # of which the thread hears
        return self.endpoint(listening)


def _echo_all(listening):
    with select.epoll() as poll, contextlib.ExitStack() as stack:
        poll.register(listening, select.EPOLLIN)
        clients = {}
        while True:
            for descriptor, events in poll.poll():
                if descriptor in clients:
                    _echo_one(clients, descriptor)
                elif events & select.EPOLLHUP:  # it listens no longer
                    return
                else:
                    client = stack.enter_context(listening.accept()[0])
                    clients[client.fileno()] = client
                    poll.register(client, select.EPOLLIN)


def _echo_one(clients, descriptor):
    try:
        data = clients[descriptor].recv(65536)
        clients[descriptor].sendall(data)
    except OSError:
        data = b""
    if not data:
        clients.pop(descriptor).close()


@pytest.fixture(params=["asyncio", "uvloop"])
def relay_loop(request):
    """The name of the event loop that relays run on."""
    return request.param


@pytest.fixture
def relay_lab(relay_loop, caplog):
    """A `RelayLab`; a handler that failed, or an error that nobody caught, fails the test."""
    new_loop = uvloop.new_event_loop if relay_loop == "uvloop" else asyncio.new_event_loop
    with contextlib.ExitStack() as stack:
        lab = RelayLab(new_loop, stack)
        try:
            yield lab
        finally:
            lab.stop()
    assert lab.loop_errors == []
    assert [each.getMessage() for each in caplog.get_records("call") if each.levelno >= logging.ERROR] == []


class RelayProcess:
    """A relay in a process of its own; see relay_process.py."""

    def __init__(self, loop, limit, send_buffer, log, *ports):
        script = Path(__file__).with_name("relay_process.py")
        command = [sys.executable, str(script), loop, str(limit), str(send_buffer), *map(str, ports)]
        with log.open("wb") as stderr:
            pipe = subprocess.PIPE
            self.process = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=stderr, bufsize=0)
        self.log = log
        self.port = int(self.process.stdout.readline())

    def ask(self, command):
        self.process.stdin.write(command.encode() + b"\n")
        return json.loads(self.process.stdout.readline())

    def resident_bytes(self):
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024
        raise AssertionError("no VmRSS")

    def stop(self):
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()


@pytest.fixture
def relay_process(tmp_path, relay_loop):
    """Starts relays in processes of their own: `relay_process(*endpoint_ports, limit=N, send_buffer=N)`."""
    started = []

    def start(*ports, limit=0, send_buffer=0):
        started.append(RelayProcess(relay_loop, limit, send_buffer, tmp_path / f"relay{len(started)}.log", *ports))
        return started[-1]

    yield start
    for each in started:
        each.stop()


@pytest.fixture
def relay_reset():
    """Closes a socket with a reset."""

    def reset(sock):
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        sock.close()

    return reset
