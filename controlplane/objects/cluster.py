"""Pure: Namespace and Node."""

from typing import ClassVar

from .base import Condition, KubernetesObject, Struct


class Namespace(KubernetesObject, frozen=True):
    spec: dict[str, object] = {}
    status: dict[str, object] = {}


class Taint(Struct, frozen=True):
    key: str = ""
    value: str = ""
    effect: str = ""
    time_added: str = ""


class NodeSpec(Struct, frozen=True):
    partial: ClassVar[bool] = True
    pod_cidr: str = ""
    pod_cidrs: tuple[str, ...] = ()
    taints: tuple[Taint, ...] = ()
    unschedulable: bool = False


class NodeAddress(Struct, frozen=True):
    type: str = ""  # InternalIP, ExternalIP, Hostname
    address: str = ""


class NodeStatus(Struct, frozen=True):
    partial: ClassVar[bool] = True
    addresses: tuple[NodeAddress, ...] = ()
    conditions: tuple[Condition, ...] = ()
    node_info: dict[str, object] = {}  # what a kubelet tells of its host


class Node(KubernetesObject, frozen=True):
    spec: NodeSpec = NodeSpec()
    status: NodeStatus = NodeStatus()
