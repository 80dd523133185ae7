"""I/O: who relays streams and datagrams: the program, HAProxy, nginx and socat, each with settings that suit it."""

import sys
from collections.abc import Iterator

from .contestants import Contestant, Stage
from .manifests import BULK_VIP, WEB_VIP, relayed
from .processes import wait_for_tcp
from .titles import HAPROXY, HAPROXY_LARGE, HAPROXY_TWO, NGINX, NOBODY, OURS, OURS_TWO, SOCAT
from .world import BACKENDS, BULK_BACKEND, BULK_PORT, ECHO_PORT, FLOW_PORT, HTTP_PORT

_HAPROXY = """
global
  nbthread {threads}
  maxconn 9900
  {tuning}
defaults
  mode tcp
  timeout connect 5s
  timeout client 1h
  timeout server 1h
listen web
  bind {address}:{http} backlog 8192
  balance roundrobin
  {servers}
listen bulk
  bind {address}:{bulk}
  server one {one}:{bulk}
"""

_NGINX = """
load_module /usr/lib/nginx/modules/ngx_stream_module.so;
user root root; daemon off; pid {folder}/relay.pid; error_log {folder}/relay.error crit;
worker_processes 1; worker_rlimit_nofile 20000;
events {{ worker_connections 19900; }}
stream {{
  upstream web {{ {servers} }}
  server {{ listen {address}:{http} backlog=8192; proxy_pass web; }}
  server {{ listen {address}:{bulk}; proxy_pass {one}:{bulk}; }}
  server {{ listen {address}:{echo} udp; proxy_pass {one}:{echo}; proxy_timeout 30s; }}
  server {{ listen {address}:{flow} udp; proxy_pass {one}:{flow}; proxy_responses 1; proxy_timeout 30s; }}
}}
"""


def relays(stage: Stage) -> Iterator[Contestant]:
    """Start all of them, each with one thread or process."""
    yield Contestant(NOBODY, BACKENDS[0])
    yield _haproxy(stage, HAPROXY, "10.2.0.1", "")
    yield _haproxy(stage, HAPROXY_LARGE, "10.2.0.2", "tune.bufsize 262144")
    yield _nginx(stage)
    yield _ours(stage, OURS, ())
    yield _socat(stage)


def relays_on_two_cores(stage: Stage) -> Iterator[Contestant]:
    """The program with two workers, which takes the addresses of the one with none, and HAProxy with two threads."""
    yield _haproxy(stage, HAPROXY_TWO, "10.2.0.5", "tune.bufsize 262144", threads=2)
    yield _ours(stage, OURS_TWO, ("--workers", "2"))


def _haproxy(stage: Stage, name: str, address: str, tuning: str, threads: int = 1) -> Contestant:
    servers = "\n  ".join(f"server s{n} {each}:{HTTP_PORT}" for n, each in enumerate(BACKENDS))
    text = _HAPROXY.format(
        threads=threads,
        tuning=tuning,
        address=address,
        http=HTTP_PORT,
        bulk=BULK_PORT,
        servers=servers,
        one=BULK_BACKEND,
    )
    slug = f"haproxy-{address}"
    running = stage.start(slug, ["haproxy", "-db", "-f", str(stage.write(f"{slug}.cfg", text))])
    wait_for_tcp(address, HTTP_PORT, running)
    settings = f"mode tcp, nbthread {threads}, {tuning or 'default buffers (16 KiB)'}, roundrobin, no checks, no log"
    return Contestant(name, address, running, settings)


def _nginx(stage: Stage) -> Contestant:
    address = "10.2.0.3"
    servers = " ".join(f"server {each}:{HTTP_PORT};" for each in BACKENDS)
    text = _NGINX.format(
        folder=stage.folder, address=address, http=HTTP_PORT, bulk=BULK_PORT, echo=ECHO_PORT, flow=FLOW_PORT,
        servers=servers, one=BULK_BACKEND,
    )  # fmt: skip
    command = ["nginx", "-c", str(stage.write("relay.conf", text)), "-e", str(stage.folder / "relay.early")]
    running = stage.start("nginx", command)
    wait_for_tcp(address, HTTP_PORT, running)
    settings = (
        "stream, worker_processes 1, default buffers (16 KiB), round robin, no log; "
        "UDP: proxy_timeout 30s, and proxy_responses 1 where flows are counted"
    )
    return Contestant(NGINX, address, running, settings)


def _socat(stage: Stage) -> Contestant:
    address = "10.2.0.4"
    running = stage.start("socat", _socat_command(address, HTTP_PORT, BACKENDS[0]))
    stage.start("socat-bulk", _socat_command(address, BULK_PORT, BULK_BACKEND))
    wait_for_tcp(address, HTTP_PORT, running)
    return Contestant(SOCAT, address, running, "TCP-LISTEN with fork (a process a connection), one endpoint, -b 262144")


def _socat_command(address: str, port: int, backend: str) -> list[str]:
    listen = f"TCP-LISTEN:{port},bind={address},fork,reuseaddr,backlog=4096"
    return ["socat", "-b", "262144", listen, f"TCP:{backend}:{port}"]


def _ours(stage: Stage, name: str, flags: tuple[str, ...]) -> Contestant:
    text = relayed(BACKENDS, HTTP_PORT, BULK_PORT, (ECHO_PORT, FLOW_PORT))
    path = stage.write("relayed.yaml", text)
    running = stage.start(name, [sys.executable, "-m", "clusterless", "proxy", "-f", str(path), *flags])
    wait_for_tcp(WEB_VIP, HTTP_PORT, running)
    settings = f"clusterless proxy {' '.join(flags)}".strip() + ", as it comes"
    return Contestant(name, WEB_VIP, running, settings, BULK_VIP)
