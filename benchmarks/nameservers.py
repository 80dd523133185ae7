"""I/O: who answers names: the program, Unbound, dnsmasq and CoreDNS, with the same records and the same upstream."""

import shutil
import sys
from collections.abc import Iterator

from .contestants import Contestant, Stage
from .manifests import HEADLESS, cluster_ip, endpoints, name, named
from .processes import Running, wait_for_udp
from .queries import FORWARDED_ZONE, packet
from .titles import COREDNS, DNSMASQ, OURS, UNBOUND
from .world import DNS_PORT, UPSTREAM_DNS

OUR_ADDRESS = "10.96.0.10"
_ZONE = "default.svc.cluster.local"
_SOA = "ns.dns.cluster.local. hostmaster.cluster.local. 1 7200 1800 86400 5"

_UNBOUND = """
server:
  interface: {address}
  num-threads: 1
  do-daemonize: no
  chroot: ""
  username: ""
  directory: "{folder}"
  pidfile: "{folder}/unbound-{address}.pid"
  use-syslog: no
  access-control: 0.0.0.0/0 allow
  module-config: "iterator"
  do-not-query-localhost: no
  {local}
remote-control:
  control-enable: no
{forward}
"""

_COREFILE = """
.:{port} {{
    bind {address}
    errors
    file {folder}/cluster.zone cluster.local
    forward . {upstream}
    cache 30 {{
        disable success cluster.local
        disable denial cluster.local
    }}
    loadbalance
}}
"""

_OUR_COREFILE = """
.:53 {{
    errors
    kubernetes cluster.local in-addr.arpa ip6.arpa {{
        pods insecure
        fallthrough in-addr.arpa ip6.arpa
        ttl 30
    }}
    forward . {upstream}
    cache 30 {{
        disable success cluster.local
        disable denial cluster.local
    }}
    loadbalance
}}
"""


def addresses(services: int) -> Iterator[tuple[str, str]]:
    """The names that all of them hold, each with an address."""
    for number in range(services):
        yield f"{name(number)}.{_ZONE}.", cluster_ip(number)
    for address in endpoints(0):
        yield f"{HEADLESS}.{_ZONE}.", address


def upstream(stage: Stage) -> None:
    """The server behind all of them: every name below FORWARDED_ZONE has an address."""
    lines = [f'local-zone: "{FORWARDED_ZONE}" redirect', f'local-data: "{FORWARDED_ZONE} 300 IN A 192.0.2.1"']
    _unbound(stage, UPSTREAM_DNS, lines, "")


def nameservers(stage: Stage, services: int) -> Iterator[Contestant]:
    """Start all that are there, each with so many Services."""
    yield _unbound_peer(stage, services)
    yield _dnsmasq(stage, services)
    if shutil.which("coredns"):
        yield _coredns(stage, services)
    yield _ours(stage, services)


def _unbound_peer(stage: Stage, services: int) -> Contestant:
    lines = ['local-zone: "cluster.local." static', f'local-data: "cluster.local. 5 IN SOA {_SOA}"']
    lines += [f'local-data: "{name} 30 IN A {address}"' for name, address in addresses(services)]
    forward = f'forward-zone:\n  name: "."\n  forward-addr: {UPSTREAM_DNS}'
    running = _unbound(stage, "10.2.1.1", lines, forward)
    return Contestant(UNBOUND, "10.2.1.1", running, "num-threads 1, a static local-zone of local-data, no validation")


def _unbound(stage: Stage, address: str, local: list[str], forward: str) -> Running:
    text = _UNBOUND.format(address=address, folder=stage.folder, local="\n  ".join(local), forward=forward)
    path = stage.write(f"unbound-{address}.conf", text)
    return _ready(address, stage.start(f"unbound-{address}", ["unbound", "-d", "-c", str(path)]))


def _dnsmasq(stage: Stage, services: int) -> Contestant:
    address = "10.2.1.2"
    hosts = "".join(f"{address} {name.rstrip('.')}\n" for name, address in addresses(services))
    path = stage.write("dnsmasq.hosts", hosts)
    command = [
        "dnsmasq", "--no-daemon", "--conf-file=/dev/null", "--bind-interfaces", "--log-facility=-",
        f"--listen-address={address}", f"--port={DNS_PORT}", "--no-resolv", "--no-hosts", f"--addn-hosts={path}",
        "--local=/cluster.local/", f"--server={UPSTREAM_DNS}", "--cache-size=10000", "--dns-forward-max=1000",
        "--local-ttl=30",
    ]  # fmt: skip
    running = _ready(address, stage.start("dnsmasq", command))
    return Contestant(DNSMASQ, address, running, "addn-hosts, local=/cluster.local/, cache-size 10000")


def _coredns(stage: Stage, services: int) -> Contestant:
    address = "10.2.1.3"
    records = "".join(f"{name} 30 IN A {address}\n" for name, address in addresses(services))
    stage.write(
        "cluster.zone", f"cluster.local. 5 IN SOA {_SOA}\ncluster.local. 5 IN NS ns.dns.cluster.local.\n{records}"
    )
    text = _COREFILE.format(address=address, port=DNS_PORT, folder=stage.folder, upstream=UPSTREAM_DNS)
    path = stage.write("Corefile.peer", text)
    running = _ready(address, stage.start("coredns", ["coredns", "-conf", str(path)]))
    return Contestant(COREDNS, address, running, "file, forward, cache 30, loadbalance; all cores, as it comes")


def _ours(stage: Stage, services: int) -> Contestant:
    path = stage.write("named.yaml", named(services))
    corefile = stage.write("Corefile", _OUR_COREFILE.format(upstream=UPSTREAM_DNS))
    command = [sys.executable, "-m", "clusterless", "dns", "-f", str(path), "--corefile", str(corefile)]
    running = _ready(OUR_ADDRESS, stage.start("dns", command))
    return Contestant(OURS, OUR_ADDRESS, running, "clusterless dns with kubeadm's Corefile, in one process")


def _ready(address: str, running: Running) -> Running:
    wait_for_udp(address, DNS_PORT, packet(f"{name(0)}.{_ZONE}."), running)
    return running
