"""Pure: what the API server carries over from an object to its next version, and what may not change.

An update goes: `carry_over`, allocation, then the errors of `validate_update` before those of `validate`.
Sources: Kubernetes `registry/core/service/storage/storage.go`, `strategy.go`, `core/validation` ValidateServiceUpdate.
"""

import msgspec

from .fielderrors import FieldError, forbidden, invalid
from .objects import (
    AnyObject,
    EndpointSlice,
    LabelSelector,
    Service,
    ServicePort,
    ServiceSpec,
    ServiceStatus,
    Workload,
)
from .service_types import (
    LOAD_BALANCER,
    SINGLE_STACK,
    is_externally_accessible,
    is_headless,
    needs_cluster_ip,
    needs_health_check,
    needs_node_ports,
    node_ports_of,
)

_SET_ONCE = "may not change once set"
_IMMUTABLE = "field is immutable"


def carry_over(new: Service, old: Service) -> Service:
    """`new` with what was allocated for `old` and is not asked for otherwise, without what its type has no use for."""
    spec = _with_allocated_values(new.spec, old)
    spec = _with_matching_cluster_ips(spec, old.spec)
    spec = _without_type_dependent_fields(spec, old)
    leaves_load_balancer = old.spec.type == LOAD_BALANCER and spec.type != LOAD_BALANCER
    return msgspec.structs.replace(new, spec=spec, status=ServiceStatus() if leaves_load_balancer else new.status)


def _with_allocated_values(spec: ServiceSpec, old: Service) -> ServiceSpec:
    """The values that were given without being asked for, so that the same manifest applies twice."""
    changes: dict[str, object] = {}
    if needs_cluster_ip(old.spec) and needs_cluster_ip(spec):
        changes["cluster_ip"] = spec.cluster_ip or old.spec.cluster_ip
        changes["cluster_ips"] = spec.cluster_ips or old.spec.cluster_ips
    if needs_node_ports(old.spec) and needs_node_ports(spec):
        changes["ports"] = _with_node_ports(spec.ports, old)
    if needs_health_check(old.spec) and needs_health_check(spec):
        changes["health_check_node_port"] = spec.health_check_node_port or old.spec.health_check_node_port
    return msgspec.structs.replace(spec, **changes) if changes else spec


def _with_node_ports(ports: tuple[ServicePort, ...], old: Service) -> tuple[ServicePort, ...]:
    """The old node ports, by port name, unless another port asks for the number now."""
    by_name = {port.name: port.node_port for port in old.spec.ports}
    asked_for = {port.node_port for port in ports if port.node_port}

    def node_port(port: ServicePort) -> int:
        before = by_name.get(port.name, 0)
        return port.node_port or (0 if before in asked_for else before)

    return tuple(
        port if port.node_port == (number := node_port(port)) else msgspec.structs.replace(port, node_port=number)
        for port in ports
    )


def _with_matching_cluster_ips(spec: ServiceSpec, old: ServiceSpec) -> ServiceSpec:
    """Let `clusterIPs` follow a `clusterIP` that was changed alone (NormalizeClusterIPs)."""
    if spec.cluster_ip == old.cluster_ip or spec.cluster_ips != old.cluster_ips:
        return spec
    cleared = not spec.cluster_ip
    return msgspec.structs.replace(spec, cluster_ips=() if cleared else (spec.cluster_ip,))


def _without_type_dependent_fields(spec: ServiceSpec, old: Service) -> ServiceSpec:
    """Wipe what the new type has no use for, as far as it was not changed too: that is a mistake to report."""
    changes: dict[str, object] = {}
    if needs_cluster_ip(old.spec) and not needs_cluster_ip(spec):
        changes |= _unused_cluster_ip_fields(spec, old.spec)
    if needs_node_ports(old.spec) and not needs_node_ports(spec) and _adds_no_node_port(spec, old):
        changes["ports"] = tuple(msgspec.structs.replace(port, node_port=0) for port in spec.ports)
    if needs_health_check(old.spec) and not needs_health_check(spec):
        changes |= _unless_changed("health_check_node_port", 0, spec, old.spec)
    if old.spec.type == LOAD_BALANCER and spec.type != LOAD_BALANCER:
        changes |= _unless_changed("allocate_load_balancer_node_ports", None, spec, old.spec)
        changes |= _unless_changed("load_balancer_class", None, spec, old.spec)
    if is_externally_accessible(old.spec) and not is_externally_accessible(spec):
        changes |= _unless_changed("external_traffic_policy", "", spec, old.spec)
    return msgspec.structs.replace(spec, **changes) if changes else spec


def _unused_cluster_ip_fields(spec: ServiceSpec, old: ServiceSpec) -> dict[str, object]:
    changes: dict[str, object] = {}
    # A manifest may name the one address without the list that goes with it.
    if spec.cluster_ip in ("", old.cluster_ip) and spec.cluster_ips in ((), old.cluster_ips):
        changes |= {"cluster_ip": "", "cluster_ips": ()}
    changes |= _unless_changed("ip_families", (), spec, old)
    changes |= _unless_changed("ip_family_policy", None, spec, old)
    return changes


def _unless_changed(field: str, wiped: object, spec: ServiceSpec, old: ServiceSpec) -> dict[str, object]:
    return {field: wiped} if getattr(spec, field) == getattr(old, field) else {}


def _adds_no_node_port(spec: ServiceSpec, old: Service) -> bool:
    return {port.node_port for port in spec.ports if port.node_port} <= set(node_ports_of(old.spec))


def validate_update(new: AnyObject, old: AnyObject) -> list[FieldError]:
    """The errors of what may not change between two versions of an object; `new` has been carried over."""
    match new, old:
        case Service(), Service():
            return _service_update_errors(new.spec, old.spec)
        case EndpointSlice(), EndpointSlice():
            same = new.address_type == old.address_type
            return [] if same else [invalid("addressType", new.address_type, _IMMUTABLE)]
        case Workload(), Workload():
            return _workload_update_errors(new, old)
        case _:
            return []


def _service_update_errors(new: ServiceSpec, old: ServiceSpec) -> list[FieldError]:
    errors = _cluster_ip_update_errors(new, old) + _family_update_errors(new, old)
    if new.type == old.type == LOAD_BALANCER and new.load_balancer_class != old.load_balancer_class:
        errors.append(invalid("spec.loadBalancerClass", new.load_balancer_class, _SET_ONCE))
    both_check = needs_health_check(new) and needs_health_check(old)
    if both_check and new.health_check_node_port != old.health_check_node_port:
        errors.append(forbidden("spec.healthCheckNodePort", _IMMUTABLE))
    return errors


def _cluster_ip_update_errors(new: ServiceSpec, old: ServiceSpec) -> list[FieldError]:
    """The first cluster IP stays for good, the second may come, and may go when the policy says so."""
    if not (needs_cluster_ip(new) and needs_cluster_ip(old)) or (is_headless(new) and is_headless(old)):
        return []
    path, ips, before = "spec.clusterIPs", new.cluster_ips, old.cluster_ips
    if len(ips) == len(before):
        changed = (index for index, pair in enumerate(zip(ips, before, strict=True)) if pair[0] != pair[1])
        return [invalid(f"{path}[{index}]", ips, _SET_ONCE) for index in changed]
    if before and not ips:
        return [invalid(f"{path}[0]", ips, "primary clusterIP can not be unset")]
    errors = [invalid(f"{path}[0]", ips, _SET_ONCE)] if before and ips[0] != before[0] else []
    released = len(before) > len(ips) == 1
    return errors + (_release_errors(new, "clusterIP") if released else [])


def _family_update_errors(new: ServiceSpec, old: ServiceSpec) -> list[FieldError]:
    """The same for the families; those of a headless Service may change."""
    if not (needs_cluster_ip(new) and needs_cluster_ip(old)) or is_headless(new) or is_headless(old):
        return []
    path, families, before = "spec.ipFamilies[0]", new.ip_families, old.ip_families
    if len(families) == len(before):
        changed = sum(one != other for one, other in zip(families, before, strict=True))
        return [invalid(path, families, _SET_ONCE)] * changed
    errors: list[FieldError] = []
    if len(before) > len(families) and not new.cluster_ips:
        errors.append(invalid(path, families, "primary ipFamily can not be unset"))
    if before and families and families[0] != before[0]:
        errors.append(invalid(path, new.cluster_ips, _SET_ONCE))  # the API server shows the addresses here
    released = len(before) > len(families) == 1
    return errors + (_release_errors(new, "ipFamily") if released else [])


def _release_errors(new: ServiceSpec, what: str) -> list[FieldError]:
    if new.ip_family_policy == SINGLE_STACK:
        return []
    detail = f"must be set to 'SingleStack' when releasing the secondary {what}"
    return [invalid("spec.ipFamilyPolicy", new.ip_family_policy, detail)]


def _workload_update_errors(new: Workload, old: Workload) -> list[FieldError]:
    if new.kind != "StatefulSet":
        same = new.spec.selector == old.spec.selector
        return [] if same else [invalid("spec.selector", _printed(new.spec.selector), _IMMUTABLE)]
    if (new.spec.selector, new.spec.service_name) == (old.spec.selector, old.spec.service_name):
        return []
    return [
        forbidden(
            "spec",
            "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', "
            "'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden",
        )
    ]


def _printed(selector: LabelSelector | None) -> LabelSelector | None:
    """The selector with its labels sorted, as Go prints a map."""
    if selector is None:
        return None
    return msgspec.structs.replace(selector, match_labels=dict(sorted(selector.match_labels.items())))
