"""The flags that several commands share, under the names that Kubernetes gives them, and the Settings made of them."""

import os
import socket
from typing import Any

import click
from click.core import ParameterSource

from clusterless.configuration.kubeproxyconfig import ConfigError
from clusterless.configuration.settings import GRACE_SECONDS, Settings, checked, port_range, split
from controlplane.clusteroptions import validate_options
from controlplane.options import DEFAULT_CLUSTER_CIDR, DEFAULT_SERVICE_RANGE, ClusterOptions

from .dockerflags import DOCKER_FLAGS, docker_flags
from .flagmaking import flag, together

MOST_WORKERS = 64


class WorkersType(click.IntRange):
    """How many workers: a number, or `auto` for as many as there are CPUs for this process."""

    def __init__(self) -> None:
        super().__init__(1, MOST_WORKERS)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The number, or wrong usage."""
        if value == "auto":
            return min(len(os.sched_getaffinity(0)), MOST_WORKERS)
        if not str(value).lstrip("-").isdigit():
            self.fail(f"{value!r} is neither a number nor 'auto'.", param, ctx)
        return super().convert(value, param, ctx)


# Shells complete paths; whether one can be read is told later, in the words of who reads it.
_PATH = click.Path(readable=False)

filename_flag = flag(
    "--filename",
    "-f",
    multiple=True,
    type=_PATH,
    metavar="PATH",
    help="A manifest file, a folder of them, or - (repeatable; CLUSTERLESS_FILENAME has a colon between several).",
)

cluster_flags = together(
    flag(
        "--service-cluster-ip-range",
        default=DEFAULT_SERVICE_RANGE,
        metavar="CIDR[,CIDR]",
        show_default=True,
        help="Where cluster IPs come from; a second range of the other family makes the cluster dual-stack.",
    ),
    flag(
        "--service-node-port-range",
        default="30000-32767",
        metavar="FIRST-LAST",
        show_default=True,
        help="Where node ports come from.",
    ),
    flag(
        "--cluster-cidr",
        default=DEFAULT_CLUSTER_CIDR,
        metavar="CIDR[,CIDR]",
        show_default=True,
        help="Where pods have their addresses.",
    ),
    flag("--cluster-domain", default="cluster.local", metavar="NAME", show_default=True, help="The DNS domain."),
    flag("--allow-loopback-endpoints", is_flag=True, help="Let endpoints be on 127.0.0.0/8, which Kubernetes forbids."),
    flag(
        "--endpoint-cidrs",
        default="",
        metavar="CIDR[,CIDR]",
        help="Refuse hand-written endpoints outside these ranges. Default: any address.",
    ),
)

node_flags = together(
    filename_flag,
    cluster_flags,
    flag("--hostname-override", default="", metavar="NAME", help="This node's name. Default: the host's."),
    flag("--config", default="", type=_PATH, metavar="FILE", help="A KubeProxyConfiguration; flags win over it."),
    flag(
        "--write-config-to",
        default="",
        type=_PATH,
        metavar="FILE",
        help="Write the settings as a KubeProxyConfiguration, and exit.",
    ),
    flag(
        "--cleanup",
        is_flag=True,
        help="Take back the routes and addresses of an earlier run that was killed, and exit.",
    ),
    flag(
        "--state-dir",
        default="",
        type=_PATH,
        metavar="FOLDER",
        help="Where allocations are kept and shared between agents.",
    ),
    docker_flags,
    flag(
        "--healthz-bind-address",
        default="0.0.0.0:10256",
        metavar="IP:PORT",
        show_default=True,
        help="Health checks; 0.0.0.0 means the node's own addresses. Empty: none.",
    ),
    flag(
        "--metrics-bind-address",
        default="127.0.0.1:10249",
        metavar="IP:PORT",
        show_default=True,
        help="Prometheus metrics. Empty: none.",
    ),
    flag(
        "--shutdown-grace-period",
        default=GRACE_SECONDS,
        type=click.FloatRange(min=0),
        metavar="SECONDS",
        show_default=True,
        help="How long open connections may go on after SIGTERM.",
    ),
    flag("--logging-format", type=click.Choice(["text", "json"]), default="text", show_default=True, help="Log lines."),
    flag("--v", "-v", "verbosity", default=0, type=int, metavar="LEVEL", help="Log more: 4 and above logs all events."),
    flag("--force-ranges", is_flag=True, help="Claim service ranges that overlap routes or addresses of this host."),
)

_dial_attempts_flag = flag(
    "--dial-attempts",
    default=4,
    type=click.IntRange(1, 16),
    metavar="N",
    show_default=True,
    help="Endpoints to try for a connection; 1 behaves as kube-proxy's kernel modes do.",
)

_access_log_flag = flag(
    "--access-log",
    default=0,
    type=click.IntRange(min=0),
    metavar="N",
    show_default=True,
    help="Log one connection or UDP flow in N when it is over; 1 logs all, 0 none.",
)

_workers_flag = flag(
    "--workers",
    default=1,
    type=WorkersType(),
    metavar="N|auto",
    show_default=True,
    help="Processes that carry connections, auto for one a CPU; 1 carries them in the one that also does all else.",
)

load_balancer_flags = together(
    flag(
        "--load-balancer-ip-range",
        required=True,
        metavar="CIDR[,CIDR]",
        help="Where the addresses of Services come from, one range a family; routed to this host.",
    ),
    _dial_attempts_flag,
    _access_log_flag,
    _workers_flag,
)

proxy_place_flags = together(
    flag(
        "--nodeport-addresses",
        default="",
        metavar="LIST",
        help="Where NodePorts open: CIDRs, or `primary` and `localhost`. Default: primary,localhost.",
    ),
    flag("--load-balancer-ip-range", default="", metavar="CIDR", help="Load balancer addresses that may be claimed."),
    flag(
        "--external-ip-range",
        multiple=True,
        metavar="CIDR",
        help="External IPs that this host may claim (repeatable). Default: only addresses that it has.",
    ),
)

proxy_flags = together(
    proxy_place_flags,
    _dial_attempts_flag,
    _access_log_flag,
    _workers_flag,
)

dns_corefile_flag = flag(
    "--corefile", default="", type=_PATH, metavar="FILE", help="A Corefile. Default: what kubeadm writes."
)

dns_flags = together(
    dns_corefile_flag,
    flag(
        "--dns-bind-address",
        multiple=True,
        metavar="[+]IP[:PORT]",
        help="Serve DNS there instead of on the DNS Service's cluster IP; with + as well as there (repeatable).",
    ),
)


def cluster_options(flags: dict[str, Any]) -> ClusterOptions:
    """The cluster's options from the flags. Raises ConfigError for ranges that kube-apiserver would not start with."""
    options = ClusterOptions(
        service_cluster_ip_ranges=split(flags["service_cluster_ip_range"]),
        service_node_port_range=port_range(flags["service_node_port_range"]),
        cluster_cidrs=split(flags["cluster_cidr"]),
        cluster_domain=flags["cluster_domain"].rstrip(".").lower(),
        hostname=(flags.get("hostname_override") or socket.gethostname()).strip().lower(),
        allow_loopback_endpoints=flags["allow_loopback_endpoints"],
        endpoint_cidrs=split(flags["endpoint_cidrs"]),
    )
    if mistakes := validate_options(options):
        raise ConfigError("; ".join(mistakes))
    return options


def settings_of(context: click.Context) -> Settings:
    """The settings of the running command: its flags and their variables, over --config's file. Raises ConfigError."""
    flags = dict(context.params)
    settings = Settings(
        filenames=flags["filename"],
        cluster=cluster_options(flags),
        hostname_override=flags["hostname_override"],
        node_port_addresses=split(flags.get("nodeport_addresses", "")),
        dial_attempts=flags.get("dial_attempts", 4),
        healthz_bind_address=flags["healthz_bind_address"],
        metrics_bind_address=flags["metrics_bind_address"],
        load_balancer_ip_range=flags.get("load_balancer_ip_range", ""),
        external_ip_ranges=tuple(flags.get("external_ip_range", ())),
        dns_bind_addresses=tuple(flags.get("dns_bind_address", ())),
        corefile=flags.get("corefile", ""),
        state_dir=flags["state_dir"],
        **{name: flags[name] for name in DOCKER_FLAGS},
        grace_seconds=flags["shutdown_grace_period"],
        access_log=flags.get("access_log", 0),
        workers=flags.get("workers", 1),
        json_logs=flags["logging_format"] == "json",
        verbosity=flags["verbosity"],
        force_ranges=flags["force_ranges"],
    )
    if not flags["config"]:
        return checked(settings)
    from clusterless.configuration.reload import from_file  # noqa: PLC0415  YAML is read only where there is a file

    given = frozenset(_ATTRIBUTES.get(name, name) for name in flags if _is_given(context, name))
    return from_file(settings, flags["config"], given)


_ATTRIBUTES = {"nodeport_addresses": "node_port_addresses", "logging_format": "json_logs"}


def _is_given(context: click.Context, name: str) -> bool:
    return context.get_parameter_source(name) not in (ParameterSource.DEFAULT, None)
