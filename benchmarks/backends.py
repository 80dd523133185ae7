"""I/O: the servers behind all contestants, each faster than what stands before it."""

import sys

from .contestants import Stage
from .processes import wait_for_tcp, wait_for_udp
from .world import BACKENDS, BULK_BACKEND, BULK_PORT, ECHO_PORT, FLOW_PORT, HTTP_PORT

_NGINX = """
user root root; daemon off; pid {folder}/backend.pid; error_log {folder}/backend.error crit;
worker_processes 1; worker_rlimit_nofile 20000;
events {{ worker_connections 19900; }}
http {{
  access_log off; keepalive_requests 1000000000; keepalive_timeout 1h; client_header_timeout 1h;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxied; fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  server {{ {listen} return 200 "here I am\\n"; }}
}}
"""


def start(stage: Stage) -> None:
    """Web servers for requests and connections, a sink and source of bulk, an echo for datagrams."""
    listen = " ".join(f"listen {address}:{HTTP_PORT} backlog=8192;" for address in BACKENDS)
    path = stage.write("backend.conf", _NGINX.format(folder=stage.folder, listen=listen))
    web = stage.start("backend", ["nginx", "-c", str(path), "-e", str(stage.folder / "backend.early")])
    bulk = stage.start("iperf3", ["iperf3", "-s", "-B", BULK_BACKEND, "-p", str(BULK_PORT)])
    echo = [sys.executable, "-m", "benchmarks.datagrams", "echo", BULK_BACKEND, str(ECHO_PORT), str(FLOW_PORT)]
    echoing = stage.start("echo", echo)
    wait_for_tcp(BACKENDS[-1], HTTP_PORT, web)
    wait_for_tcp(BULK_BACKEND, BULK_PORT, bulk)
    wait_for_udp(BULK_BACKEND, ECHO_PORT, b"?", echoing)
