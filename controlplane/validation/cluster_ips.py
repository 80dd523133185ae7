"""Pure: `clusterIP`, `clusterIPs`, `ipFamilies` and `ipFamilyPolicy` among each other.

Allocation asks for these before it allocates, and stops at the first error, as the API server does
(`core/validation` ValidateServiceClusterIPsRelatedFields).
"""

from controlplane.fielderrors import FieldError, duplicate, invalid, required, unsupported
from controlplane.netaddr import IPV4, IPV6, family_of
from controlplane.objects import ServiceSpec
from controlplane.service_types import (
    HEADLESS,
    PREFER_DUAL_STACK,
    REQUIRE_DUAL_STACK,
    SINGLE_STACK,
    is_headless,
    needs_cluster_ip,
)

from .addresses import address_errors, are_dual_stack

_POLICIES = (SINGLE_STACK, PREFER_DUAL_STACK, REQUIRE_DUAL_STACK)
_FAMILIES = (IPV4, IPV6)
_PATH = "spec.clusterIPs"


def cluster_ip_errors(spec: ServiceSpec) -> list[FieldError]:
    """The errors of the cluster IP fields of a Service; none of them means anything for an ExternalName."""
    if not needs_cluster_ip(spec):
        return []
    errors = _singular_errors(spec) + _family_errors(spec) + _policy_errors(spec)
    malformed = _address_errors(spec)
    errors += malformed
    if len(spec.cluster_ips) > 2:
        errors.append(invalid(_PATH, spec.cluster_ips, "may only hold up to 2 values"))
    return errors if malformed else errors + _stack_errors(spec)


def _singular_errors(spec: ServiceSpec) -> list[FieldError]:
    if not spec.cluster_ip:
        unset = "must be empty when `clusterIP` is not specified"
        return [invalid(_PATH, spec.cluster_ips, unset)] if spec.cluster_ips else []
    if not spec.cluster_ips:
        return [required(_PATH)]
    if spec.cluster_ips[0] != spec.cluster_ip:
        return [invalid(_PATH, spec.cluster_ips, "first value must match `clusterIP`")]
    return []


def _family_errors(spec: ServiceSpec) -> list[FieldError]:
    errors: list[FieldError] = []
    for index, family in enumerate(spec.ip_families):
        path = f"spec.ipFamilies[{index}]"
        if family not in _FAMILIES:
            errors.append(unsupported(path, family, _FAMILIES))
        if family in spec.ip_families[:index]:
            errors.append(duplicate(path, family))
    return errors


def _policy_errors(spec: ServiceSpec) -> list[FieldError]:
    policy = spec.ip_family_policy
    return [] if policy is None or policy in _POLICIES else [unsupported("spec.ipFamilyPolicy", policy, _POLICIES)]


def _address_errors(spec: ServiceSpec) -> list[FieldError]:
    """The errors of each value; `None` stands first and alone."""
    errors: list[FieldError] = []
    for index, text in enumerate(spec.cluster_ips):
        if index or text != HEADLESS:
            errors += address_errors(f"{_PATH}[{index}]", text)
        elif len(spec.cluster_ips) > 1:
            errors.append(invalid(_PATH, spec.cluster_ips, "'None' must be the first and only value"))
    return errors


def _stack_errors(spec: ServiceSpec) -> list[FieldError]:
    """The errors of well-formed values: one a family, in the order of the families."""
    errors: list[FieldError] = []
    if len(spec.cluster_ips) > 1 and not are_dual_stack(spec.cluster_ips):
        errors.append(invalid(_PATH, spec.cluster_ips, "may specify no more than one IP for each IP family"))
    if is_headless(spec):
        return errors
    for index, (text, family) in enumerate(zip(spec.cluster_ips, spec.ip_families, strict=False)):
        if family in _FAMILIES and family_of(text) != family:
            detail = f"expected an {family} value as indicated by `ipFamilies[{index}]`"
            errors.append(invalid(f"{_PATH}[{index}]", text, detail))
    return errors
