"""Pure: what each node does for clients of a Service whose traffic policy is Local."""

from typing import NamedTuple

from controlplane.objects import Service
from proxy.addresstext import family_of
from proxy.healthchecks import health_checks
from proxy.model import Frontend, FrontendKind, Verdict
from proxy.servicefrontends import frontends_of_service

from .model import Mark, Table
from .world import World


class NodeTable(NamedTuple):
    """A row a node; `differs` says that some serve and others do not."""

    table: Table
    differs: bool
    text: str


class _Row(NamedTuple):
    node: str
    local: int
    outside: str
    inside: str
    health: str

    @property
    def serves(self) -> bool:
        return self.outside == "serves"


def node_table(world: World, service: Service, frontend: Frontend) -> NodeTable:
    """What every node does at an address of the frontend's kind, for clients outside and inside."""
    rows = [row for name in world.snapshot.nodes if (row := _row(world, service, frontend, name)) is not None]
    serving = [row.node for row in rows if row.serves]
    hanging = [row.node for row in rows if not row.serves]
    has_health = any(row.health for row in rows)
    heading: tuple[str, ...] = ("NODE", "ENDPOINTS", "FROM OUTSIDE", "FROM INSIDE", "HEALTH CHECK")
    if frontend.kind is FrontendKind.CLUSTER_IP:
        heading = ("NODE", "ENDPOINTS", "FROM ITS PODS")
    elif not has_health:
        heading = heading[:4]
    table = Table(
        heading=heading,
        rows=tuple((row.node, str(row.local), row.outside, row.inside, row.health)[: len(heading)] for row in rows),
        marks=tuple(Mark.GOOD if row.serves else Mark.BAD for row in rows),
    )
    text = f"from outside {', '.join(serving) or 'no node'} serves; {', '.join(hanging) or 'none'} does not"
    return NodeTable(table, bool(serving and hanging), text)


def _row(world: World, service: Service, frontend: Frontend, name: str) -> _Row | None:
    view = world.view(name)
    made = frontends_of_service(service, world.snapshot.slices_of(service.key), view, world.options)
    family = family_of(frontend.key.address)
    same = (
        each
        for each in made
        if (each.kind, each.service, family_of(each.key.address)) == (frontend.kind, frontend.service, family)
    )
    here = next(same, None)
    if here is None:
        return None
    local = sum(endpoint.node == name for endpoint in {*here.internal, *here.external})
    outside = _fate(bool(here.external), here.verdict)
    return _Row(name, local, outside, _fate(bool(here.internal), here.verdict), _health(world, service, name, family))


def _fate(is_served: bool, verdict: Verdict) -> str:
    if is_served:
        return "serves"
    return "hangs" if verdict is Verdict.DROP else "refuses"


def _health(world: World, service: Service, node: str, family: str) -> str:
    """What the node answers a load balancer at the health check node port."""
    port = service.spec.health_check_node_port
    checks = (check for key, check in health_checks(world.only(service), node).items() if key == (port, family))
    check = next(checks, None)
    if check is None:
        return ""
    return f":{port} says {'200' if check.local_endpoints else '503'}"
