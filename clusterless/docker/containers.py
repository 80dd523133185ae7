"""Pure: which Pod a Docker container is: its labels and its inspection (`docker inspect`) to what the cluster sees."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import msgspec

from controlplane.clusterstate import FoundPod
from controlplane.names import dns_1123_label, dns_1123_subdomain, label_value, qualified_name
from controlplane.objects import ContainerPort

POD = "clusterless/pod"
NAMESPACE = "clusterless/namespace"
NODE = "clusterless/node"
NETWORK = "clusterless/network"
HOSTNAME = "clusterless/hostname"
SUBDOMAIN = "clusterless/subdomain"
IGNORE = "clusterless/ignore"
LABELS = "clusterless/labels."
PORTS = "clusterless/ports."
COMPOSE_PROJECT = "com.docker.compose.project"
COMPOSE_SERVICE = "com.docker.compose.service"
COMPOSE_ONEOFF = "com.docker.compose.oneoff"
_OURS = "clusterless/"
_APP = "app"  # what most manifests select on


class Health(msgspec.Struct, frozen=True, rename="pascal"):
    """The outcome of the container's HEALTHCHECK."""

    status: str = ""  # starting, healthy, unhealthy, or none


class State(msgspec.Struct, frozen=True, rename="pascal"):
    """What the container does."""

    status: str = ""  # created, running, paused, restarting, removing, exited or dead
    health: Health | None = None


class Config(msgspec.Struct, frozen=True, rename="pascal"):
    """What it was made with."""

    image: str = ""
    labels: dict[str, str] | None = None
    exposed_ports: dict[str, Any] | None = None
    stop_signal: str = ""


class Endpoint(msgspec.Struct, frozen=True):
    """Its place in one network."""

    ip: str = msgspec.field(name="IPAddress", default="")
    ipv6: str = msgspec.field(name="GlobalIPv6Address", default="")

    @property
    def ips(self) -> tuple[str, ...]:
        """The addresses that it has there."""
        return tuple(address for address in (self.ip, self.ipv6) if address)


class NetworkSettings(msgspec.Struct, frozen=True, rename="pascal"):
    """The networks that it is in, by name."""

    networks: dict[str, Endpoint] | None = None


class Inspection(msgspec.Struct, frozen=True, rename="pascal"):
    """A container as `GET /containers/{id}/json` of Docker's API shows it, as far as it matters here."""

    id: str
    name: str = ""
    state: State = State()
    config: Config = Config()
    network_settings: NetworkSettings = NetworkSettings()

    @property
    def labels(self) -> Mapping[str, str]:
        """Docker's labels."""
        return self.config.labels or {}

    @property
    def networks(self) -> Mapping[str, Endpoint]:
        """The networks in which it has an address."""
        networks = self.network_settings.networks or {}
        return {name: endpoint for name, endpoint in sorted(networks.items()) if endpoint.ips}


class Scope(NamedTuple):
    """Which containers are Pods, and where."""

    own_id: str = ""  # our own container, which is no Pod
    project: str = ""  # a compose project whose containers are Pods without a label of ours
    networks: tuple[
        str, ...
    ] = ()  # where a container's address is taken from, the first that it is in; else its own first


class Judgement(NamedTuple):
    """The Pod that a container is, if it is one; and what of its labels was left out, a sentence each."""

    pod: FoundPod | None = None
    remarks: tuple[str, ...] = ()


def inspection(raw: Mapping[str, Any]) -> Inspection:
    """The typed form of Docker's JSON. Raises msgspec.ValidationError for what Docker would not send."""
    return msgspec.convert(raw, Inspection)


def judge(container: Inspection, scope: Scope, *, terminating: bool = False) -> Judgement:
    """Which Pod the container is. None is one that does not run, has no address of its own, or is not asked for.

    `terminating` says that it has been told to stop. A container in another one's network (`network_mode: service:`)
    is a part of that Pod, as containers of one Pod share their address.
    """
    networks = container.networks
    if not _is_asked_for(container, scope) or container.state.status not in ("running", "paused") or not networks:
        return Judgement()
    labels = container.labels
    name = labels.get(POD) or container.name.lstrip("/").replace("_", "-").lower()
    namespace = labels.get(NAMESPACE) or "default"
    if wrong := _mistakes(name, namespace, labels):
        return Judgement(remarks=wrong)
    kept, remarks = _pod_labels(labels)
    return Judgement(
        FoundPod(
            namespace=namespace,
            name=name,
            labels=kept,
            node=labels.get(NODE, ""),
            hostname=labels.get(HOSTNAME, ""),
            subdomain=labels.get(SUBDOMAIN, ""),
            image=container.config.image,
            ports=_ports(container),
            ips=_endpoint(networks, labels.get(NETWORK, ""), scope.networks).ips,
            ready=_is_ready(container.state),
            terminating=terminating,
        ),
        remarks,
    )


def one_each(pods: Iterable[FoundPod]) -> tuple[FoundPod, ...]:
    """The Pods sorted by name. Of several of one name, one counts: ready ones first, those that are stopping last."""
    ordered = sorted(pods, key=lambda pod: (pod.key, pod.terminating, not pod.ready, pod.ips))
    first: dict[object, FoundPod] = {}
    for pod in ordered:
        first.setdefault(pod.key, pod)
    return tuple(first.values())


def _is_asked_for(container: Inspection, scope: Scope) -> bool:
    labels = container.labels
    if container.id == scope.own_id or labels.get(IGNORE, "").lower() == "true":
        return False
    if any(label.startswith(_OURS) for label in labels):
        return True
    # `docker compose run` starts somebody's shell beside the service: no traffic for it.
    is_oneoff = labels.get(COMPOSE_ONEOFF, "").lower() == "true"
    return bool(scope.project) and labels.get(COMPOSE_PROJECT) == scope.project and not is_oneoff


def _mistakes(name: str, namespace: str, labels: Mapping[str, str]) -> tuple[str, ...]:
    """Why there can be no such Pod."""
    checks = (
        (POD, name, dns_1123_subdomain),
        (NAMESPACE, namespace, dns_1123_label),
        *((label, labels[label], dns_1123_label) for label in (HOSTNAME, SUBDOMAIN) if labels.get(label)),
    )
    return tuple(f"{label}: {value}: {error}" for label, value, rule in checks for error in rule(value))


def _pod_labels(labels: Mapping[str, str]) -> tuple[dict[str, str], tuple[str, ...]]:
    """The Pod's labels: those of Docker that Kubernetes can have, `app` for compose's service, and those under ours."""
    own = {name.removeprefix(LABELS): value for name, value in labels.items() if name.startswith(LABELS)}
    wrong = {name: error for name, value in own.items() for error in (*qualified_name(name), *label_value(value))}
    theirs = {name: value for name, value in labels.items() if not name.startswith(_OURS)}
    good = {name: value for name, value in theirs.items() if not qualified_name(name) and not label_value(value)}
    app = {_APP: good[COMPOSE_SERVICE]} if COMPOSE_SERVICE in good else {}
    kept = {**app, **good, **{name: value for name, value in own.items() if name not in wrong}}
    return dict(sorted(kept.items())), tuple(f"{LABELS}{name}: {error}" for name, error in wrong.items())


def _ports(container: Inspection) -> tuple[ContainerPort, ...]:
    """What the image exposes, and what labels name, so that a Service can name its targetPort."""
    named = {value: label.removeprefix(PORTS) for label, value in container.labels.items() if label.startswith(PORTS)}
    exposed = (text.partition("/") for text in sorted(container.config.exposed_ports or {}))
    numbers = {(number, protocol.upper() or "TCP") for number, _, protocol in exposed if number.isdecimal()}
    spoken = (text.partition("/") for text in named if text.partition("/")[0].isdecimal())
    numbers |= {(number, protocol.upper() or "TCP") for number, _, protocol in spoken}
    return tuple(
        ContainerPort(
            name=named.get(number, "") or named.get(f"{number}/{protocol.lower()}", ""),
            container_port=int(number),
            protocol=protocol,
        )
        for number, protocol in sorted(numbers, key=lambda each: (int(each[0]), each[1]))
    )


def _endpoint(networks: Mapping[str, Endpoint], named: str, preferred: Iterable[str]) -> Endpoint:
    """Where it is in the network that its label names, else in one of the preferred, else in its first by name."""
    return next((networks[name] for name in (named, *preferred) if name in networks), next(iter(networks.values())))


def _is_ready(state: State) -> bool:
    """A container without HEALTHCHECK is ready when it runs."""
    if state.status != "running":
        return False
    return state.health is None or state.health.status in ("", "none", "healthy")
