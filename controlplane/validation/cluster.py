"""Pure: Namespaces and Nodes (`core/validation` ValidateNamespace, ValidateNode)."""

from controlplane import names
from controlplane.fielderrors import FieldError, duplicate, invalid
from controlplane.netaddr import parse_cidr
from controlplane.objects import Namespace, Node

from .addresses import cidr_errors
from .metadata import each_invalid, metadata_errors


def namespace_errors(namespace: Namespace) -> list[FieldError]:
    """The errors of a Namespace."""
    return metadata_errors(namespace.metadata, names.dns_1123_label, namespaced=False)


def node_errors(node: Node) -> list[FieldError]:
    """The errors of a Node: its name, its taints, its pod ranges."""
    errors = metadata_errors(node.metadata, names.dns_1123_subdomain, namespaced=False)
    for index, taint in enumerate(node.spec.taints):
        # The API server's own path: taints stand below `metadata` in it.
        path = f"metadata.taints[{index}]"
        errors += each_invalid(f"{path}.key", taint.key, names.qualified_name(taint.key))
        errors += each_invalid(f"{path}.value", taint.value, names.label_value(taint.value))
    return errors + _pod_range_errors(node)


def _pod_range_errors(node: Node) -> list[FieldError]:
    path, ranges = "spec.podCIDRs", node.spec.pod_cidrs
    errors = cidr_errors("spec.podCIDR", node.spec.pod_cidr) if node.spec.pod_cidr else []
    for index, text in enumerate(ranges):
        errors += cidr_errors(f"{path}[{index}]", text)
    if len(ranges) < 2 or errors:
        return errors
    families = {prefix.family for text in ranges if (prefix := parse_cidr(text))}
    if len(families) < 2 or len(ranges) > 2:
        errors.append(invalid(path, ranges, "may specify no more than one CIDR for each IP family"))
    for index, text in enumerate(ranges):
        if text in ranges[:index]:
            errors.append(duplicate(f"{path}[{index}]", text))
    return errors
