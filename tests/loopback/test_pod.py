"""The demo backend, asked by curl and by plain sockets."""

import asyncio
import contextlib
import json
import os
import signal
import socket
import struct
import subprocess
import sys
import time

import pytest

from clusterless.demo.pod import PodOptions, PodStartError, start
from tests.places import free_port

HANG_SECONDS = 10.0
HAS_IPV6 = os.path.exists("/proc/net/if_inet6")


@contextlib.asynccontextmanager
async def pod(**options):
    server = await start(PodOptions(name="web-0", namespace="shop", node="node-1", **options))
    try:
        yield
    finally:
        await server.close()


async def curl(*arguments, stdin=None):
    """What curl prints; it fails like a shell command."""
    pipe = asyncio.subprocess.PIPE
    command = ("curl", "--silent", "--show-error", "--noproxy", "*", "--max-time", str(HANG_SECONDS), *arguments)
    process = await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe, stderr=pipe)
    output, errors = await process.communicate(stdin)
    assert process.returncode == 0, errors.decode()
    return output


async def exchange(port, sent, address="127.0.0.1"):
    """All that comes back for some bytes, sending no more."""
    async with asyncio.timeout(HANG_SECONDS):
        reader, writer = await asyncio.open_connection(address, port)
        writer.write(sent)
        writer.write_eof()
        received = await reader.read()
        writer.close()
        return received


async def test_the_first_page_says_who_answers_and_whom_it_sees():
    port = free_port()
    async with pod(http=(port,), bind="127.0.0.1", addresses=("10.244.0.5", "fd00::5")):
        answer = json.loads(
            await curl("--local-port", "1024-65535", f"http://127.0.0.1:{port}/", "-H", "Host: web.shop")
        )
    client_port = answer["client"].pop("port")
    assert 1024 <= client_port <= 65535
    assert answer == {
        "pod": "web-0",
        "namespace": "shop",
        "node": "node-1",
        "addresses": ["10.244.0.5", "fd00::5"],
        "client": {"address": "127.0.0.1"},
        "server": {"address": "127.0.0.1", "port": port},
        "host": "web.shop",
    }


async def test_a_pod_that_does_not_know_its_addresses_tells_the_asked_one():
    port = free_port()
    async with pod(http=(port,), bind="127.0.0.9"):
        answer = json.loads(await curl(f"http://127.0.0.9:{port}/"))
    assert answer["addresses"] == ["127.0.0.9"]


async def test_a_pod_listens_on_each_of_its_addresses():
    port = free_port()
    async with pod(http=(port,), addresses=("127.0.0.8", "127.0.0.9")):
        assert await curl(f"http://127.0.0.8:{port}/hostname", f"http://127.0.0.9:{port}/hostname") == b"web-0\nweb-0\n"
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", port)


async def test_without_any_address_it_listens_on_all_that_there_are():
    port = free_port()
    async with pod(http=(port,)):
        assert await curl(f"http://127.0.0.77:{port}/hostname") == b"web-0\n"
        if HAS_IPV6:
            assert await curl(f"http://[::1]:{port}/hostname") == b"web-0\n"


async def test_the_environment_is_told(monkeypatch):
    monkeypatch.setenv("WEB_SERVICE_HOST", "10.96.0.10")
    port = free_port()
    async with pod(http=(port,), bind="127.0.0.1"):
        assert json.loads(await curl(f"http://127.0.0.1:{port}/env"))["WEB_SERVICE_HOST"] == "10.96.0.10"


async def test_health_can_be_switched():
    port = free_port()
    status = ("--output", "/dev/null", "--write-out", "%{http_code}")
    base = f"http://127.0.0.1:{port}"
    async with pod(http=(port,), bind="127.0.0.1"):
        assert await curl(f"{base}/healthz") == b"ok\n"
        assert await curl("-X", "POST", f"{base}/fail") == b"failing\n"
        assert await curl(*status, f"{base}/healthz") == b"503"
        assert await curl("-X", "POST", f"{base}/heal") == b"ok\n"
        assert await curl(*status, f"{base}/healthz") == b"200"


async def test_a_slow_answer_takes_as_long_as_asked_and_others_do_not_wait():
    port = free_port()
    async with pod(http=(port,), bind="127.0.0.1"):
        began = time.monotonic()
        assert await curl(f"http://127.0.0.1:{port}/slow?seconds=0.2") == b"web-0 slept 0.2 s\n"
        assert time.monotonic() - began >= 0.2
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET /slow?seconds=3600 HTTP/1.1\r\n\r\n")
        assert await curl(f"http://127.0.0.1:{port}/hostname") == b"web-0\n"
        writer.close()


@pytest.mark.parametrize("size", [0, 1, 65536, 1_000_000])
async def test_as_many_bytes_come_as_asked(size):
    port = free_port()
    async with pod(http=(port,), bind="127.0.0.1"):
        assert len(await curl(f"http://127.0.0.1:{port}/bytes?size={size}")) == size


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("/bytes?size=many", "size: must be a number from 0 to 1099511627776\n"),
        ("/bytes?size=-1", "size: must be a number from 0 to 1099511627776\n"),
        ("/slow?seconds=nan", "seconds: must be a number from 0 to 3600\n"),
    ],
)
async def test_a_parameter_that_is_no_number_is_told(path, text):
    port = free_port()
    async with pod(http=(port,), bind="127.0.0.1"):
        assert (await curl("-w", "%{http_code}", f"http://127.0.0.1:{port}{path}")).decode() == text + "400"


async def test_a_body_comes_back():
    port = free_port()
    body = os.urandom(3_000_000)  # curl asks first whether it may send so much
    url = f"http://127.0.0.1:{port}/echo"
    async with pod(http=(port,), bind="127.0.0.1"):
        assert await curl("--data-binary", "@-", url, stdin=body) == body
        chunked = ("-X", "POST", "-T", "-", "-H", "Transfer-Encoding: chunked")
        assert await curl(*chunked, url, stdin=body) == body


async def test_a_body_that_is_too_large_is_refused_and_the_refusal_arrives():
    port = free_port()
    url = f"http://127.0.0.1:{port}/echo"
    async with pod(http=(port,), bind="127.0.0.1"):
        answer = await curl("-H", "Expect:", "--data-binary", "@-", url, stdin=bytes(8 * 2**20 + 1))
    assert answer == b"413 Request Entity Too Large\n"


async def test_one_connection_serves_many_requests():
    port = free_port()
    count = "%{num_connects}"
    url = f"http://127.0.0.1:{port}/hostname"
    async with pod(http=(port,), bind="127.0.0.1"):
        assert await curl("-w", count, url, url) == b"web-0\n1web-0\n0"
        assert await curl("--http1.0", "-w", count, url, url) == b"web-0\n1web-0\n1"
        assert await curl("-H", "Connection: close", "-w", count, url, url) == b"web-0\n1web-0\n1"


async def test_requests_may_be_sent_before_the_answers_come():
    port = free_port()
    async with pod(http=(port,), bind="127.0.0.1"):
        received = await exchange(port, b"GET /hostname HTTP/1.1\r\nHost: a\r\n\r\n" * 3)
    assert received.count(b"HTTP/1.1 200 OK") == 3


@pytest.mark.parametrize(
    ("path", "arguments", "status"),
    [
        ("/nowhere", (), b"404"),
        ("/echo", (), b"405"),
        ("/", ("-X", "DELETE"), b"405"),
        ("/hostname", ("--head",), b"200"),
    ],
)
async def test_pages_and_methods_that_there_are_not_are_told(path, arguments, status):
    port = free_port()
    async with pod(http=(port,), bind="127.0.0.1"):
        url = f"http://127.0.0.1:{port}{path}"
        assert await curl("-o", "/dev/null", "-w", "%{http_code}", *arguments, url) == status


CHUNKED = b"POST /echo HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"hello\r\n\r\n", b"400 Bad Request"),
        (b"GET hostname HTTP/1.1\r\n\r\n", b"400 Bad Request"),
        (b"GET / HTTP/2.0\r\n\r\n", b"505 HTTP Version Not Supported"),
        (b"BREW / HTTP/1.1\r\n\r\n", b"501 Not Implemented"),
        (b"GET / HTTP/1.1\r\nno colon\r\n\r\n", b"400 Bad Request"),
        (b"GET / HTTP/1.1\r\nA: b\r\n folded\r\n\r\n", b"400 Bad Request"),
        (b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 101 + b"\r\n", b"400 Bad Request"),
        (b"GET / HTTP/1.1\r\nA: " + b"b" * 200_000 + b"\r\n\r\n", b"431 Request Header Fields Too Large"),
        (b"POST /echo HTTP/1.1\r\nContent-Length: -1\r\n\r\n", b"400 Bad Request"),
        (b"POST /echo HTTP/1.1\r\nContent-Length: 99999999999999999999999\r\n\r\n", b"413 Request Entity Too Large"),
        (CHUNKED + b"x\r\n", b"400 Bad Request"),
        (CHUNKED + b"\r\n", b"400 Bad Request"),
        (CHUNKED + b"fffffff\r\n", b"413 Request Entity Too Large"),
        (CHUNKED + b"2\r\nabc\r\n", b"400 Bad Request"),
        (CHUNKED + b"a" * 200_000, b"400 Bad Request"),
        (CHUNKED + b"0\r\n" + b"A: b\r\n" * 101, b"431 Request Header Fields Too Large"),
        (CHUNKED + b"3;x=y\r\nabc\r\n0\r\nTrailer: a\r\n\r\n", b"200 OK"),
        (b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", b"200 OK"),
    ],
)
async def test_requests_are_judged(request_, status):
    port = free_port()
    async with pod(http=(port,), bind="127.0.0.1"):
        assert (await exchange(port, request_)).startswith(b"HTTP/1.1 " + status + b"\r\n")


@pytest.mark.parametrize("half", [b"", b"GET / HT", b"POST /echo HTTP/1.1\r\nContent-Length: 5\r\n\r\nabc"])
async def test_half_a_request_ends_the_connection(half):
    port = free_port()
    async with pod(http=(port,), bind="127.0.0.1"):
        assert await exchange(port, half) == b""


async def test_a_client_that_resets_harms_nobody():
    port = free_port()
    async with pod(http=(port,), tcp=(echo_port := free_port(),), bind="127.0.0.1"):
        for target in (port, echo_port):
            with socket.create_connection(("127.0.0.1", target)) as sock:
                sock.sendall(b"GET /bytes?size=100000000 HTTP/1.1\r\n\r\n")
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        assert await curl(f"http://127.0.0.1:{port}/hostname") == b"web-0\n"


async def test_tcp_echo_sends_all_back_after_the_client_has_ended():
    port = free_port()
    data = os.urandom(2_000_000)
    async with pod(tcp=(port,), bind="127.0.0.1"):
        assert await exchange(port, b"") == b""
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        async with asyncio.timeout(HANG_SECONDS), asyncio.TaskGroup() as tasks:
            received = tasks.create_task(reader.read())
            writer.write(data)
            await writer.drain()
            writer.write_eof()
        assert received.result() == data
        writer.close()


async def test_tcp_echo_does_not_read_on_for_a_client_that_does_not_read():
    port = free_port()
    async with pod(tcp=(port,), bind="127.0.0.1"):
        loop = asyncio.get_running_loop()
        with socket.socket() as sock:
            sock.settimeout(0)
            await loop.sock_connect(sock, ("127.0.0.1", port))
            sent = 0
            with contextlib.suppress(TimeoutError):
                while sent < 200_000_000:  # a backend that buffered all would take it
                    async with asyncio.timeout(1):
                        await loop.sock_sendall(sock, bytes(1_000_000))
                    sent += 1_000_000
            assert sent < 100_000_000


@pytest.mark.parametrize("address", ["127.0.0.1", "127.0.0.66"])
@pytest.mark.parametrize("bind", ["", "own"])
async def test_udp_echo_answers_from_the_address_that_was_asked(address, bind):
    port = free_port(kind=socket.SOCK_DGRAM)
    async with pod(udp=(port,), bind=address if bind else ""):
        loop = asyncio.get_running_loop()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.settimeout(0)
            sock.connect((address, port))  # datagrams from elsewhere do not arrive
            for data in (b"hello", b"", os.urandom(60_000)):
                sock.send(data)
                async with asyncio.timeout(HANG_SECONDS):
                    assert await loop.sock_recv(sock, 65535) == data


async def test_udp_echo_serves_many_datagrams_at_once():
    port = free_port(kind=socket.SOCK_DGRAM)
    async with pod(udp=(port,), bind="127.0.0.1"):
        loop = asyncio.get_running_loop()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.settimeout(0)
            sock.connect(("127.0.0.1", port))
            for number in range(150):
                sock.send(b"%d" % number)
            async with asyncio.timeout(HANG_SECONDS):
                assert [await loop.sock_recv(sock, 100) for _ in range(150)] == [b"%d" % n for n in range(150)]


@pytest.mark.skipif(not HAS_IPV6, reason="this machine has no IPv6")
async def test_udp_echo_speaks_ipv6():
    port = free_port("::1", socket.SOCK_DGRAM)
    async with pod(udp=(port,)):
        loop = asyncio.get_running_loop()
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as sock:
            sock.settimeout(0)
            sock.connect(("::1", port))
            sock.send(b"hello")
            async with asyncio.timeout(HANG_SECONDS):
                assert await loop.sock_recv(sock, 100) == b"hello"


@pytest.mark.parametrize(("field", "protocol"), [("http", "tcp"), ("tcp", "tcp"), ("udp", "udp")])
async def test_a_port_that_is_taken_is_told_and_the_others_are_closed(field, protocol):
    kind = socket.SOCK_DGRAM if protocol == "udp" else socket.SOCK_STREAM
    other = free_port()
    with socket.socket(socket.AF_INET, kind) as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        ports = {"http": (other,)}
        ports[field] = (*ports.get(field, ()), port)
        with pytest.raises(PodStartError, match=f"^listen {protocol} 127.0.0.1:{port}: address already in use$"):
            await start(PodOptions(name="a", bind="127.0.0.1", **ports))
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", other)


async def test_an_address_that_is_not_here_is_told():
    with pytest.raises(PodStartError, match="cannot assign requested address"):
        await start(PodOptions(name="a", bind="192.0.2.1", udp=(5353,)))


async def test_closing_ends_what_is_connected():
    port = free_port()
    server = await start(PodOptions(name="a", bind="127.0.0.1", http=(port,)))
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET /slow?seconds=600 HTTP/1.1\r\n\r\n")
    await curl(f"http://127.0.0.1:{port}/hostname")
    await server.close()
    async with asyncio.timeout(HANG_SECONDS):
        assert await reader.read() == b""
    writer.close()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_pod_of_its_own_ends_by_a_signal(number):
    port = free_port()
    program = (
        "import sys; from clusterless.demo.pod import PodOptions, run; "
        f"sys.exit(run(PodOptions(name='web-0', bind='127.0.0.1', http=({port},))))"
    )
    with subprocess.Popen([sys.executable, "-c", program]) as process:
        retry = ("--retry-connrefused", "--retry", "100", "--retry-delay", "0", "--retry-max-time", "10")
        command = ["curl", "-s", *retry, f"http://127.0.0.1:{port}/hostname"]
        answer = subprocess.run(command, capture_output=True, check=False)
        process.send_signal(number)
        assert process.wait(HANG_SECONDS) == 0
    assert answer.stdout == b"web-0\n"


def test_a_pod_needs_no_heavy_library():
    program = "import sys, clusterless.demo.pod; print(*sorted(sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()
    assert not {"uvloop", "click", "yaml", "dnslib", "pyroute2", "prometheus_client", "watchfiles"} & set(loaded)
