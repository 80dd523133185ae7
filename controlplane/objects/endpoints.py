"""Pure: Endpoints and EndpointSlice."""

from .base import KubernetesObject, NamespacedName, ObjectReference, Struct


class EndpointAddress(Struct, frozen=True):
    ip: str = ""
    hostname: str = ""
    node_name: str | None = None
    target_ref: ObjectReference | None = None


class EndpointPort(Struct, frozen=True):
    """A port of an Endpoints subset or of an EndpointSlice."""

    name: str = ""
    port: int | None = None
    protocol: str = ""  # defaulted to TCP
    app_protocol: str | None = None


class EndpointSubset(Struct, frozen=True):
    addresses: tuple[EndpointAddress, ...] = ()
    not_ready_addresses: tuple[EndpointAddress, ...] = ()
    ports: tuple[EndpointPort, ...] = ()


class Endpoints(KubernetesObject, frozen=True):
    subsets: tuple[EndpointSubset, ...] = ()


class EndpointConditions(Struct, frozen=True):
    """The defaults of kube-proxy: ready and serving unless said otherwise, not terminating unless said."""

    ready: bool | None = None
    serving: bool | None = None
    terminating: bool | None = None

    @property
    def is_ready(self) -> bool:
        """Whether new connections may go there."""
        return self.ready is not False

    @property
    def is_serving(self) -> bool:
        """Whether it answers, terminating or not."""
        return self.serving is not False

    @property
    def is_terminating(self) -> bool:
        """Whether it is about to go."""
        return self.terminating is True


class NamedHint(Struct, frozen=True):
    name: str = ""


class EndpointHints(Struct, frozen=True):
    for_zones: tuple[NamedHint, ...] = ()
    for_nodes: tuple[NamedHint, ...] = ()


class Endpoint(Struct, frozen=True):
    """One endpoint of a slice; only `addresses[0]` is ever used, as in kube-proxy."""

    addresses: tuple[str, ...] = ()
    conditions: EndpointConditions = EndpointConditions()
    hostname: str | None = None
    target_ref: ObjectReference | None = None
    deprecated_topology: dict[str, str] = {}
    node_name: str | None = None
    zone: str | None = None
    hints: EndpointHints | None = None


class EndpointSlice(KubernetesObject, frozen=True):
    address_type: str = ""  # IPv4, IPv6, FQDN
    endpoints: tuple[Endpoint, ...] = ()
    ports: tuple[EndpointPort, ...] = ()

    @property
    def service_key(self) -> NamespacedName | None:
        """The Service that the slice belongs to: by label, never by name."""
        name = self.metadata.labels.get("kubernetes.io/service-name", "")
        return NamespacedName(self.metadata.namespace, name) if name else None
