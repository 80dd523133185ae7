"""Pure: which IP families a Service gets: what it asks for, against what the cluster has.

Source: Kubernetes `registry/core/service/storage/alloc.go` initIPFamilyFields; it stops at the first group of errors.
"""

import msgspec

from .fielderrors import FieldError, invalid
from .netaddr import IPV4, IPV6, family_of
from .objects import ServiceSpec
from .service_types import (
    CLUSTER_IP,
    EXTERNAL_NAME,
    HEADLESS,
    LOAD_BALANCER,
    NODE_PORT,
    PREFER_DUAL_STACK,
    REQUIRE_DUAL_STACK,
    SINGLE_STACK,
)
from .validation.cluster_ips import cluster_ip_errors

_POLICY = "spec.ipFamilyPolicy"
_OTHER = {IPV4: IPV6, IPV6: IPV4}


def with_families(
    spec: ServiceSpec, old: ServiceSpec | None, configured: tuple[str, ...]
) -> ServiceSpec | tuple[FieldError, ...]:
    """`spec` with `ipFamilyPolicy` and `ipFamilies`, or why it cannot have what it asks for.

    `configured` are the families of the cluster's ranges, the primary first.
    """
    if spec.type == EXTERNAL_NAME or keeps_preferred_stack(spec, old):
        return spec
    spec = msgspec.structs.replace(spec, ip_family_policy=spec.ip_family_policy or _default_policy(spec, old))
    if errors := cluster_ip_errors(spec):
        return tuple(errors)
    errors = _reduction_errors(spec, old)
    spec = _reduced(spec, old)
    errors += _multiple_errors(spec) + _unconfigured_address_errors(spec, configured)
    if errors:
        return tuple(errors)
    spec = msgspec.structs.replace(spec, ip_families=spec.ip_families + _inferred_families(spec))
    if spec.cluster_ip == HEADLESS and not spec.selector:
        # Nobody knows of what family the endpoints will be that someone else brings.
        return _with_second_family(spec, configured[0], may_add=True)
    if errors := _configuration_errors(spec, configured):
        return tuple(errors)
    return _with_second_family(spec, configured[0], may_add=len(configured) == 2)


def keeps_preferred_stack(spec: ServiceSpec, old: ServiceSpec | None) -> bool:
    """Whether a PreferDualStack Service stays as it is: it does not follow when the cluster gains or loses a family."""
    return (
        old is not None
        and spec.type == old.type
        and spec.type in (CLUSTER_IP, NODE_PORT, LOAD_BALANCER)
        and spec.ip_family_policy == PREFER_DUAL_STACK
        and old.ip_family_policy in (None, PREFER_DUAL_STACK)
        and spec.cluster_ips == old.cluster_ips
        and spec.ip_families == old.ip_families
    )


def _default_policy(spec: ServiceSpec, old: ServiceSpec | None) -> str:
    if old is not None and old.ip_family_policy:
        return old.ip_family_policy
    return REQUIRE_DUAL_STACK if spec.cluster_ip == HEADLESS and not spec.selector else SINGLE_STACK


def _reduction_errors(spec: ServiceSpec, old: ServiceSpec | None) -> list[FieldError]:
    """The errors of a Service that drops its second address or family without saying so in its policy."""
    if old is None or spec.ip_family_policy == SINGLE_STACK:
        return []
    fields = ((spec.cluster_ips, old.cluster_ips, "cluster IP"), (spec.ip_families, old.ip_families, "IP family"))
    return [
        invalid(_POLICY, spec.ip_family_policy, f"must be 'SingleStack' to release the secondary {what}")
        for now, before, what in fields
        if now and len(now) < len(before)
    ]


def _reduced(spec: ServiceSpec, old: ServiceSpec | None) -> ServiceSpec:
    """The Service with one address and one family, when it turned to SingleStack and changed nothing else."""
    if old is None or spec.ip_family_policy != SINGLE_STACK:
        return spec
    ips = spec.cluster_ips[:1] if spec.cluster_ips == old.cluster_ips else spec.cluster_ips
    families = spec.ip_families[:1] if spec.ip_families == old.ip_families else spec.ip_families
    return msgspec.structs.replace(spec, cluster_ips=ips, ip_families=families)


def _multiple_errors(spec: ServiceSpec) -> list[FieldError]:
    if spec.ip_family_policy != SINGLE_STACK:
        return []
    fields = ((spec.cluster_ips, "cluster IPs"), (spec.ip_families, "IP families"))
    return [
        invalid(
            _POLICY,
            spec.ip_family_policy,
            f"must be 'RequireDualStack' or 'PreferDualStack' when multiple {what} are specified",
        )
        for values, what in fields
        if len(values) == 2
    ]


def _unconfigured_address_errors(spec: ServiceSpec, configured: tuple[str, ...]) -> list[FieldError]:
    return [
        invalid(f"spec.clusterIPs[{index}]", spec.cluster_ips, f"{family_of(text)} is not configured on this cluster")
        for index, text in enumerate(spec.cluster_ips)
        if index >= len(spec.ip_families) and text != HEADLESS and family_of(text) not in configured
    ]


def _inferred_families(spec: ServiceSpec) -> tuple[str, ...]:
    """The families of the addresses for which none is written."""
    return tuple(family_of(text) for text in spec.cluster_ips[len(spec.ip_families) :] if text != HEADLESS)


def _configuration_errors(spec: ServiceSpec, configured: tuple[str, ...]) -> list[FieldError]:
    errors: list[FieldError] = []
    if spec.ip_family_policy == REQUIRE_DUAL_STACK and len(configured) < 2:
        detail = "this cluster is not configured for dual-stack services"
        errors.append(invalid(_POLICY, spec.ip_family_policy, detail))
    for index, family in enumerate(spec.ip_families):
        if family not in configured:
            errors.append(invalid(f"spec.ipFamilies[{index}]", family, "not configured on this cluster"))
    return errors


def _with_second_family(spec: ServiceSpec, primary: str, *, may_add: bool) -> ServiceSpec:
    families = spec.ip_families or (primary,)
    if may_add and len(families) == 1 and spec.ip_family_policy != SINGLE_STACK:
        families = (families[0], _OTHER[families[0]])
    return msgspec.structs.replace(spec, ip_families=families)
