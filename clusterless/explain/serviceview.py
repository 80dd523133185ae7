"""Pure: a whole Service: all its ports and addresses, from inside and outside, and what does not lead through."""

from collections.abc import Iterator
from typing import NamedTuple

import msgspec

from controlplane.netaddr import parse_address
from controlplane.objects import Service, ServicePort
from proxy.addresstext import IPV4, canonical, family_of

from .candidates import behind
from .findingids import FindingId
from .journey import finding
from .lint import pending_finding
from .model import Explanation, Finding, Question, ServiceExplanation, ServiceRow
from .origin import not_found
from .problemsof import finding_of, refusals
from .question import Asking, ServiceTarget
from .way import explain
from .world import World

OUTSIDE = "external"


class _Way(NamedTuple):
    """One question about the Service."""

    kind: str
    host: str
    port: int
    protocol: str
    source: str = ""  # --from


def explain_service(world: World, target: ServiceTarget, asking: Asking) -> ServiceExplanation:
    """All ways to a Service; `asking` says from where, without `source` it is from a pod and from outside."""
    service = _service(world, target)
    if service is None:
        return _missing(world, target)
    ways = list(_ways(world, service, asking))
    told = [(way, explain(world, _asking(way, asking))) for way in ways]
    rows = tuple(
        ServiceRow(target=_target(way), kind=way.kind, source=_source(way, asking), outcome=each.outcome)
        for way, each in told
    )
    findings: dict[tuple[FindingId, str], Finding] = {}
    for found in [*_pending(world, service), *(each for _, e in told for each in e.findings)]:
        findings.setdefault((found.id, found.name), found)
    details = [each for way, each in told if not each.outcome.is_good]
    return ServiceExplanation(
        service=str(service.key),
        text=_text(world, service),
        rows=rows,
        details=tuple(_different(details)),
        findings=tuple(findings.values()),
    )


def _service(world: World, target: ServiceTarget) -> Service | None:
    if parse_address(target.text) is not None:
        return world.service_at(canonical(target.text))
    return world.snapshot.services.get(target.key)


def _missing(world: World, target: ServiceTarget) -> ServiceExplanation:
    """A Service that is not there: perhaps its manifest was refused."""
    refused = tuple(finding_of(each) for each in refusals(world.snapshot.problems, target.key))
    is_address = parse_address(target.text) is not None
    text = f"no Service has the address {target.text}" if is_address else not_found(world, target.key)
    kind = FindingId.UNALLOCATED_ADDRESS if is_address else FindingId.NO_SUCH_NAME
    unknown = () if refused else (finding(kind, text),)
    return ServiceExplanation(
        service="" if is_address else str(target.key), text=text, rows=(), details=(), findings=(*refused, *unknown)
    )


def _asking(way: _Way, asking: Asking) -> Asking:
    question = Question(host=way.host, port=way.port, protocol=way.protocol)
    return asking._replace(question=question, source=way.source or asking.source)


def _target(way: _Way) -> str:
    host = f"[{way.host}]" if ":" in way.host else way.host
    return f"{host}:{way.port}/{way.protocol}"


def _source(way: _Way, asking: Asking) -> str:
    source = way.source or asking.source
    return {"": "a pod", OUTSIDE: "outside"}.get(source, source)


def _ways(world: World, service: Service, asking: Asking) -> Iterator[_Way]:
    """Every port at every address; from outside only where clients outside have business."""
    name = service.metadata.name
    same = service.metadata.namespace == asking.namespace
    host = name if same else f"{name}.{service.metadata.namespace}"
    for port in service.spec.ports or (ServicePort(port=80, protocol="TCP"),):
        yield _Way("name", host, port.port, port.protocol)
        if service.has_cluster_ip:
            yield from _addresses(world, service, port, asking)


def _addresses(world: World, service: Service, port: ServicePort, asking: Asking) -> Iterator[_Way]:
    spec = service.spec
    for address in spec.cluster_ips or (spec.cluster_ip,):
        yield _Way("ClusterIP", canonical(address), port.port, port.protocol)
    if port.node_port:
        families = {family_of(each) for each in spec.cluster_ips or (spec.cluster_ip,)}
        for node in world.snapshot.nodes:
            for address in world.view(node).primary_addresses:
                if family_of(address) in families:
                    yield from _twice("NodePort", address, port.node_port, port.protocol, asking)
    for ingress in service.status.load_balancer.ingress:
        if ingress.ip:
            yield from _twice("LoadBalancer", canonical(ingress.ip), port.port, port.protocol, asking)
    for address in spec.external_ips:
        yield from _twice("ExternalIP", canonical(address), port.port, port.protocol, asking)


def _twice(kind: str, host: str, port: int, protocol: str, asking: Asking) -> Iterator[_Way]:
    """From inside and from outside, unless the user says from where."""
    if not asking.source:
        yield _Way(kind, host, port, protocol)
    yield _Way(kind, host, port, protocol, asking.source or OUTSIDE)


def _pending(world: World, service: Service) -> Iterator[Finding]:
    """A load balancer without an address, for whatever reason."""
    if service.spec.type != "LoadBalancer" or service.status.load_balancer.ingress:
        return
    given = pending_finding(service)
    wish = (
        f"; spec.loadBalancerIP {service.spec.load_balancer_ip} alone does nothing"
        if service.spec.load_balancer_ip
        else ""
    )
    seen = f"status.loadBalancer.ingress is empty: nobody has given an address{wish}"
    found = given or finding(FindingId.LOAD_BALANCER_PENDING, seen, "", service, path="spec.type")
    yield msgspec.structs.replace(found, place=world.place(service.kind, service.key, found.path))


def _text(world: World, service: Service) -> str:
    spec = service.spec
    kind = "headless" if service.is_headless else f"type {spec.type}"
    families = spec.ip_families or (IPV4,)
    whole = (behind(world, service, port, family) for port in spec.ports for family in families)
    ready = {info.endpoint.address for what in whole for info in what.ready}
    address = "" if service.is_headless or not spec.cluster_ip else f", clusterIP {spec.cluster_ip}"
    alias = (
        f", externalName {spec.external_name}"
        if spec.external_name
        else f", {len(ready)} ready endpoint{'' if len(ready) == 1 else 's'}"
    )
    return f"Service {service.key}, {kind}{address}{alias}"


def _different(details: list[Explanation]) -> Iterator[Explanation]:
    """Ways that end alike for the same reasons are told once."""
    seen: set[tuple[object, ...]] = set()
    for each in details:
        likeness = (each.outcome.text, each.client.kind, tuple(found.id for found in each.findings))
        if likeness not in seen:
            seen.add(likeness)
            yield each
