"""Pure: Endpoints (`core/validation` ValidateEndpoints) and EndpointSlice (`discovery/validation`).

Both refuse addresses that traffic may not be sent to: CVE-2021-25737 was that slices did not. `--endpoint-cidrs` is
a rule of this project.
"""

from controlplane import names
from controlplane.fielderrors import FieldError, duplicate, invalid, required, too_many, unsupported
from controlplane.netaddr import IPV4, IPV6, family_of, parse_address, parse_cidr
from controlplane.objects import (
    Endpoint,
    EndpointAddress,
    EndpointHints,
    EndpointPort,
    Endpoints,
    EndpointSlice,
    EndpointSubset,
    NamedHint,
)
from controlplane.options import ClusterOptions

from .addresses import address_errors, canonical_address_errors, special_address_errors
from .metadata import each_invalid, label_errors, metadata_errors
from .ports import app_protocol_errors, port_number_errors, protocol_errors

ADDRESS_TYPES = (IPV4, IPV6, "FQDN")
MAX_ADDRESSES = 100
MAX_ENDPOINTS = 1000
MAX_PORTS = 20000
MAX_HINTS = 8  # of zones, and of nodes
MAX_TOPOLOGY_LABELS = 16


def endpoints_errors(endpoints: Endpoints, options: ClusterOptions) -> list[FieldError]:
    """The errors of an Endpoints object."""
    errors = metadata_errors(endpoints.metadata, names.dns_1123_subdomain)
    for index, subset in enumerate(endpoints.subsets):
        errors += _subset_errors(f"subsets[{index}]", subset, options)
    return errors


def _subset_errors(path: str, subset: EndpointSubset, options: ClusterOptions) -> list[FieldError]:
    errors: list[FieldError] = []
    if not subset.addresses and not subset.not_ready_addresses:
        errors.append(required(path, "must specify `addresses` or `notReadyAddresses`"))
    for name, addresses in (("addresses", subset.addresses), ("notReadyAddresses", subset.not_ready_addresses)):
        for index, address in enumerate(addresses):
            errors += _address_errors(f"{path}.{name}[{index}]", address, options)
    for index, port in enumerate(subset.ports):
        errors += _subset_port_errors(f"{path}.ports[{index}]", port, needs_name=len(subset.ports) > 1)
    return errors


def _address_errors(path: str, address: EndpointAddress, options: ClusterOptions) -> list[FieldError]:
    errors = address_errors(f"{path}.ip", address.ip)
    if address.hostname:
        errors += each_invalid(f"{path}.hostname", address.hostname, names.dns_1123_label(address.hostname))
    errors += _node_name_errors(f"{path}.nodeName", address.node_name)
    return errors + _destination_errors(f"{path}.ip", address.ip, options)


def _destination_errors(path: str, text: str, options: ClusterOptions) -> list[FieldError]:
    """Why no traffic may be sent to an address: what it is for, or what the operator allows (CVE-2021-25740)."""
    errors = special_address_errors(path, text, allow_loopback=options.allow_loopback_endpoints)
    address, allowed = parse_address(text), options.endpoint_cidrs
    if errors or address is None or not allowed:
        return errors
    if any(prefix.holds(address) for cidr in allowed if (prefix := parse_cidr(cidr))):
        return []
    return [invalid(path, text, f"must be in a range of --endpoint-cidrs ({', '.join(allowed)})")]


def _node_name_errors(path: str, node_name: str | None) -> list[FieldError]:
    return [] if node_name is None else each_invalid(path, node_name, names.dns_1123_subdomain(node_name))


def _subset_port_errors(path: str, port: EndpointPort, *, needs_name: bool) -> list[FieldError]:
    errors = [required(f"{path}.name")] if needs_name and not port.name else []
    if port.name:
        errors += each_invalid(f"{path}.name", port.name, names.dns_1123_label(port.name))
    errors += port_number_errors(f"{path}.port", port.port or 0)
    errors += protocol_errors(f"{path}.protocol", port.protocol)
    return errors + app_protocol_errors(f"{path}.appProtocol", port.app_protocol)


def endpoint_slice_errors(piece: EndpointSlice, options: ClusterOptions) -> list[FieldError]:
    """The errors of an EndpointSlice."""
    errors = metadata_errors(piece.metadata, names.dns_1123_subdomain)
    if not piece.address_type:
        errors.append(required("addressType"))
    elif piece.address_type not in ADDRESS_TYPES:
        errors.append(unsupported("addressType", piece.address_type, ADDRESS_TYPES))
    if len(piece.endpoints) > MAX_ENDPOINTS:
        errors.append(too_many("endpoints", len(piece.endpoints), MAX_ENDPOINTS))
    else:
        for index, endpoint in enumerate(piece.endpoints):
            errors += _endpoint_errors(f"endpoints[{index}]", endpoint, piece.address_type, options)
    return errors + _slice_ports_errors(piece.ports)


def _endpoint_errors(path: str, endpoint: Endpoint, address_type: str, options: ClusterOptions) -> list[FieldError]:
    errors = _count_errors(f"{path}.addresses", len(endpoint.addresses))
    for index, text in enumerate(endpoint.addresses):
        errors += _slice_address_errors(f"{path}.addresses", index, text, address_type, options)
    errors += _node_name_errors(f"{path}.nodeName", endpoint.node_name)
    errors += _topology_errors(f"{path}.deprecatedTopology", endpoint.deprecated_topology)
    if endpoint.hostname is not None:
        errors += each_invalid(f"{path}.hostname", endpoint.hostname, names.dns_1123_label(endpoint.hostname))
    return errors + _hints_errors(f"{path}.hints", endpoint.hints)


def _count_errors(path: str, count: int) -> list[FieldError]:
    if not count:
        return [required(path, "must contain at least 1 address")]
    return [too_many(path, count, MAX_ADDRESSES)] if count > MAX_ADDRESSES else []


def _slice_address_errors(
    path: str, index: int, text: str, address_type: str, options: ClusterOptions
) -> list[FieldError]:
    where = f"{path}[{index}]"
    match address_type:
        case "IPv4":
            return address_errors(where, text) or _family_and_destination(path, where, text, IPV4, options)
        case "IPv6":
            return canonical_address_errors(where, text) or _family_and_destination(path, where, text, IPV6, options)
        case "FQDN":
            return _fully_qualified_errors(where, text)
        case _:
            return []


def _family_and_destination(path: str, where: str, text: str, family: str, options: ClusterOptions) -> list[FieldError]:
    # The API server names the list here, not its item.
    wrong = [] if family_of(text) == family else [invalid(path, text, f"must be an {family} address")]
    return wrong + _destination_errors(where, text, options)


def _fully_qualified_errors(path: str, name: str) -> list[FieldError]:
    if not name:
        return [required(path)]
    bare = name.removesuffix(".")
    if errors := names.dns_1123_subdomain(bare):
        return [invalid(path, bare, ",".join(errors))]
    labels = bare.split(".")
    if len(labels) < 2:
        return [invalid(path, bare, "should be a domain with at least two segments separated by dots")]
    long = next((label for label in labels if names.dns_1123_label(label)), None)
    return [] if long is None else [invalid(path, long, ",".join(names.dns_1123_label(long)))]


def _topology_errors(path: str, topology: dict[str, str]) -> list[FieldError]:
    excess = [too_many(path, len(topology), MAX_TOPOLOGY_LABELS)] if len(topology) > MAX_TOPOLOGY_LABELS else []
    return excess + label_errors(path, topology)


def _hints_errors(path: str, hints: EndpointHints | None) -> list[FieldError]:
    if hints is None:
        return []
    errors = _named_hints_errors(f"{path}.forZones", hints.for_zones, names.label_value)
    return errors + _named_hints_errors(f"{path}.forNodes", hints.for_nodes, names.dns_1123_subdomain)


def _named_hints_errors(path: str, hints: tuple[NamedHint, ...], rule: names.Rule) -> list[FieldError]:
    if len(hints) > MAX_HINTS:
        return [too_many(path, len(hints), MAX_HINTS)]
    errors: list[FieldError] = []
    for index, hint in enumerate(hints):
        where = f"{path}[{index}].name"
        if hint in hints[:index]:
            errors.append(duplicate(where, hint.name))
        errors += each_invalid(where, hint.name, rule(hint.name))
    return errors


def _slice_ports_errors(ports: tuple[EndpointPort, ...]) -> list[FieldError]:
    if len(ports) > MAX_PORTS:
        return [too_many("ports", len(ports), MAX_PORTS)]
    errors: list[FieldError] = []
    seen: set[str] = set()
    for index, port in enumerate(ports):
        errors += _slice_port_errors(f"ports[{index}]", port, seen)
    return errors


def _slice_port_errors(path: str, port: EndpointPort, seen: set[str]) -> list[FieldError]:
    errors = each_invalid(f"{path}.name", port.name, names.dns_1123_label(port.name)) if port.name else []
    if port.name in seen:
        errors.append(duplicate(f"{path}.name", port.name))
    seen.add(port.name)
    # The API server takes any number here and kube-proxy passes over 0; a socket takes neither 70000 nor -1.
    errors += port_number_errors(f"{path}.port", port.port) if port.port else []
    errors += protocol_errors(f"{path}.protocol", port.protocol)
    return errors + app_protocol_errors(f"{path}.appProtocol", port.app_protocol)
