"""Pure: a client at a frontend: whom the node takes it for, and which endpoints are on its side."""

from typing import NamedTuple

from controlplane.objects import NamespacedName, Service, ServicePort
from proxy.addresstext import family_of
from proxy.model import Endpoint, Frontend, FrontendKind
from proxy.sides import is_inside, side_of

from .candidates import Behind, behind
from .destination import Ported
from .journey import Journey


class Passage(NamedTuple):
    """A client at a frontend: whom the node takes it for, and the endpoints of its side."""

    frontend: Frontend
    service: Service
    port: ServicePort
    node: str
    client: str  # the address that the node sees
    is_inside: bool
    used: tuple[Endpoint, ...]
    what: Behind

    @property
    def is_local(self) -> bool:
        """Whether the client's side is the node's own endpoints."""
        if self.frontend.kind is FrontendKind.CLUSTER_IP:
            return self.service.spec.internal_traffic_policy == "Local"
        return self.service.spec.external_traffic_policy == "Local" and not self.is_inside


def passage_of(journey: Journey, ported: Ported, client: str = "") -> Passage:
    """Who is served by whom; `client` stands for the client's own address, behind a load balancer."""
    world, frontend = journey.world, ported.frontend
    name = frontend.service
    service = world.snapshot.services[NamespacedName(name.namespace, name.name)]
    port = next(each for each in service.spec.ports if (each.name, each.protocol) == (name.port, name.protocol))
    address = client or journey.origin.address_for(frontend.key.address)
    own = world.host_facts(ported.node).own
    cidrs = world.options.cluster_cidrs
    return Passage(
        frontend,
        service,
        port,
        ported.node,
        address,
        is_inside(address, cidrs, own),
        tuple(side_of(frontend, address, cidrs, own)),
        behind(world, service, port, family_of(frontend.key.address)),
    )
