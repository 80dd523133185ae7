"""Pure: what all manifest structs share: spelling, identity and `metadata`."""

from enum import StrEnum
from typing import ClassVar, NamedTuple

import msgspec

_UPPER_CASE = {"ip": "IP", "ips": "IPs", "cidr": "CIDR", "cidrs": "CIDRs", "dns": "DNS"}


def manifest_name(attribute: str) -> str:
    """The manifest's spelling of an attribute: `external_ips` to `externalIPs`."""
    first, *rest = attribute.split("_")
    return first + "".join(_UPPER_CASE.get(word, word.capitalize()) for word in rest)


class NamespacedName(NamedTuple):
    """The identity of a namespaced object within its kind."""

    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"


class Protocol(StrEnum):
    """The transport protocols that a Service port may name."""

    TCP = "TCP"
    UDP = "UDP"
    SCTP = "SCTP"


class Struct(msgspec.Struct, frozen=True, kw_only=True, rename=manifest_name, omit_defaults=True):
    """The base of all manifest structs."""

    partial: ClassVar[bool] = False


class OwnerReference(Struct, frozen=True):
    partial: ClassVar[bool] = True
    kind: str = ""
    name: str = ""
    controller: bool | None = None


class ObjectMeta(Struct, frozen=True):
    """`metadata` of every object."""

    name: str = ""
    generate_name: str = ""
    namespace: str = ""
    self_link: str = ""
    uid: str = ""
    resource_version: str = ""
    generation: int = 0
    creation_timestamp: str = ""
    deletion_timestamp: str = ""
    deletion_grace_period_seconds: int | None = None
    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}
    owner_references: tuple[OwnerReference, ...] = ()
    finalizers: tuple[str, ...] = ()
    managed_fields: tuple[dict[str, object], ...] = ()


class ObjectReference(Struct, frozen=True):
    """What an endpoint address stands for, usually a Pod."""

    kind: str = ""
    namespace: str = ""
    name: str = ""
    uid: str = ""
    api_version: str = ""
    resource_version: str = ""
    field_path: str = ""


class KubernetesObject(Struct, frozen=True):
    """What all objects share."""

    api_version: str = ""
    kind: str = ""
    metadata: ObjectMeta = ObjectMeta()

    @property
    def key(self) -> NamespacedName:
        """The object's identity; the namespace of a cluster-scoped object is empty."""
        return NamespacedName(self.metadata.namespace, self.metadata.name)


class Condition(Struct, frozen=True):
    partial: ClassVar[bool] = True
    type: str = ""
    status: str = ""  # "True", "False", "Unknown"
    reason: str = ""
    message: str = ""
