"""Pure: Pod, and the workloads that make Pods."""

from typing import ClassVar

import msgspec

from .base import Condition, KubernetesObject, ObjectMeta, Struct


class ContainerPort(Struct, frozen=True):
    name: str = ""
    container_port: int = 0
    protocol: str = ""  # defaulted to TCP
    host_port: int = 0
    host_ip: str = msgspec.field(name="hostIP", default="")


class EnvVar(Struct, frozen=True):
    partial: ClassVar[bool] = True
    name: str = ""
    value: str = ""


class Container(Struct, frozen=True):
    partial: ClassVar[bool] = True
    name: str = ""
    image: str = ""
    ports: tuple[ContainerPort, ...] = ()
    env: tuple[EnvVar, ...] = ()
    restart_policy: str = ""  # init containers: `Always` makes a sidecar


class Toleration(Struct, frozen=True):
    key: str = ""
    operator: str = ""  # Equal (the default), Exists
    value: str = ""
    effect: str = ""  # "" matches all
    toleration_seconds: int | None = None


class PodDNSConfigOption(Struct, frozen=True):
    name: str = ""
    value: str | None = None


class PodDNSConfig(Struct, frozen=True):
    nameservers: tuple[str, ...] = ()
    searches: tuple[str, ...] = ()
    options: tuple[PodDNSConfigOption, ...] = ()


class HostAlias(Struct, frozen=True):
    ip: str = ""
    hostnames: tuple[str, ...] = ()


class PodSpec(Struct, frozen=True):
    partial: ClassVar[bool] = True
    node_name: str = ""
    node_selector: dict[str, str] = {}
    hostname: str = ""
    subdomain: str = ""
    set_hostname_as_fqdn: bool | None = msgspec.field(name="setHostnameAsFQDN", default=None)
    host_aliases: tuple[HostAlias, ...] = ()
    host_network: bool = False
    dns_policy: str = ""
    enable_service_links: bool | None = None  # defaulted to True
    containers: tuple[Container, ...] = ()
    init_containers: tuple[Container, ...] = ()
    tolerations: tuple[Toleration, ...] = ()
    dns_config: PodDNSConfig | None = msgspec.field(name="dnsConfig", default=None)
    termination_grace_period_seconds: int | None = None  # 30 where it is not said


class PodIP(Struct, frozen=True):
    ip: str = ""


class PodStatus(Struct, frozen=True):
    partial: ClassVar[bool] = True
    phase: str = ""
    pod_ip: str = ""
    pod_ips: tuple[PodIP, ...] = ()
    host_ip: str = ""
    conditions: tuple[Condition, ...] = ()


class Pod(KubernetesObject, frozen=True):
    spec: PodSpec = PodSpec()
    status: PodStatus = PodStatus()


class LabelSelectorRequirement(Struct, frozen=True):
    key: str = ""
    operator: str = ""  # In, NotIn, Exists, DoesNotExist
    values: tuple[str, ...] = ()


class LabelSelector(Struct, frozen=True):
    match_labels: dict[str, str] = {}
    match_expressions: tuple[LabelSelectorRequirement, ...] = ()


class PodTemplate(Struct, frozen=True):
    metadata: ObjectMeta = ObjectMeta()
    spec: PodSpec = PodSpec()


class StatefulSetOrdinals(Struct, frozen=True):
    start: int = 0


class WorkloadSpec(Struct, frozen=True):
    partial: ClassVar[bool] = True
    replicas: int | None = None  # defaulted to 1
    selector: LabelSelector | None = None
    template: PodTemplate = PodTemplate()
    service_name: str = ""  # StatefulSet
    ordinals: StatefulSetOrdinals | None = None  # StatefulSet


class Workload(KubernetesObject, frozen=True):
    """A Deployment, ReplicaSet, StatefulSet or DaemonSet."""

    spec: WorkloadSpec = WorkloadSpec()
    status: dict[str, object] = {}
