"""Pure: Pods and their containers (`core/validation` ValidatePodSpec), as far as networking goes."""

from controlplane import names
from controlplane.fielderrors import FieldError, duplicate, invalid, required, unsupported
from controlplane.objects import Container, ContainerPort, HostAlias, Pod, PodDNSConfig, PodSpec, PodStatus

from .addresses import address_errors, are_dual_stack
from .metadata import each_invalid, label_errors, metadata_errors
from .ports import port_number_errors, protocol_errors

# `MaxDNSNameservers`, `MaxDNSSearchPaths` and `MaxDNSSearchListChars` of core/validation.
_MOST_NAMESERVERS, _MOST_SEARCHES, _MOST_SEARCH_CHARACTERS = 3, 32, 2048
_DNS_POLICIES = ("ClusterFirst", "ClusterFirstWithHostNet", "Default", "None")


def pod_errors(pod: Pod) -> list[FieldError]:
    """The errors of a Pod; its `status` too, since a manifest may bring one here."""
    errors = metadata_errors(pod.metadata, names.dns_1123_subdomain)
    return errors + pod_spec_errors("spec", pod.spec) + _status_errors(pod.status)


def pod_spec_errors(path: str, spec: PodSpec) -> list[FieldError]:
    """The errors of the `spec` of a Pod or of a template for Pods."""
    errors = [] if spec.containers else [required(f"{path}.containers")]
    seen: set[str] = set()
    errors += _containers_errors(f"{path}.containers", spec.containers, seen)
    # Init containers end before the others start: their host ports do not conflict.
    errors += _host_port_conflicts(f"{path}.containers", spec.containers)
    errors += _containers_errors(f"{path}.initContainers", spec.init_containers, seen)
    errors += _dns_policy_errors(f"{path}.dnsPolicy", spec.dns_policy)
    errors += _dns_config_errors(f"{path}.dnsConfig", spec.dns_config, spec.dns_policy)
    errors += _host_alias_errors(f"{path}.hostAliases", spec.host_aliases)
    errors += label_errors(f"{path}.nodeSelector", spec.node_selector)
    for field, value, rule in (
        ("nodeName", spec.node_name, names.dns_1123_subdomain),
        ("hostname", spec.hostname, names.dns_1123_label),
        ("subdomain", spec.subdomain, names.dns_1123_label),
    ):
        errors += each_invalid(f"{path}.{field}", value, rule(value)) if value else []
    return errors


def _host_alias_errors(path: str, aliases: tuple[HostAlias, ...]) -> list[FieldError]:
    """`ValidateHostAliases`."""
    errors: list[FieldError] = []
    for index, alias in enumerate(aliases):
        errors += address_errors(f"{path}[{index}].ip", alias.ip)
        for number, name in enumerate(alias.hostnames):
            errors += each_invalid(f"{path}[{index}].hostnames[{number}]", name, names.dns_1123_subdomain(name))
    return errors


def _containers_errors(path: str, containers: tuple[Container, ...], seen: set[str]) -> list[FieldError]:
    errors: list[FieldError] = []
    for index, container in enumerate(containers):
        errors += _container_errors(f"{path}[{index}]", container, seen)
    return errors


def _container_errors(path: str, container: Container, seen: set[str]) -> list[FieldError]:
    if container.name:
        errors = each_invalid(f"{path}.name", container.name, names.dns_1123_label(container.name))
    else:
        errors = [required(f"{path}.name")]
    if container.name in seen:
        errors.append(duplicate(f"{path}.name", container.name))
    seen.add(container.name)
    if not container.image:
        errors.append(required(f"{path}.image"))
    port_names: set[str] = set()
    for index, port in enumerate(container.ports):
        errors += _port_errors(f"{path}.ports[{index}]", port, port_names)
    return errors


def _port_errors(path: str, port: ContainerPort, seen: set[str]) -> list[FieldError]:
    errors = each_invalid(f"{path}.name", port.name, names.port_name(port.name)) if port.name else []
    if port.name and not errors:
        errors = [duplicate(f"{path}.name", port.name)] if port.name in seen else []
        seen.add(port.name)
    if port.container_port:
        errors += port_number_errors(f"{path}.containerPort", port.container_port)
    else:
        errors.append(required(f"{path}.containerPort"))
    if port.host_port:
        errors += port_number_errors(f"{path}.hostPort", port.host_port)
    return errors + protocol_errors(f"{path}.protocol", port.protocol)


def _host_port_conflicts(path: str, containers: tuple[Container, ...]) -> list[FieldError]:
    errors: list[FieldError] = []
    seen: set[str] = set()
    for i, container in enumerate(containers):
        for j, port in enumerate(container.ports):
            claim = f"{port.protocol}/{port.host_ip}/{port.host_port}"
            if port.host_port and claim in seen:
                errors.append(duplicate(f"{path}[{i}].ports[{j}].hostPort", claim))
            seen.add(claim)
    return errors


def _dns_policy_errors(path: str, policy: str) -> list[FieldError]:
    if not policy:
        return [required(path)]
    return [] if policy in _DNS_POLICIES else [unsupported(path, policy, _DNS_POLICIES)]


def _dns_config_errors(path: str, config: PodDNSConfig | None, policy: str) -> list[FieldError]:
    """ValidatePodDNSConfig."""
    if config is None:
        return [required(path, "must provide `dnsConfig` when `dnsPolicy` is None")] if policy == "None" else []
    servers, searches = config.nameservers, config.searches
    if policy == "None" and not servers:
        detail = "must provide at least one DNS nameserver when `dnsPolicy` is None"
        return [required(f"{path}.nameservers", detail)]
    errors: list[FieldError] = []
    if len(servers) > _MOST_NAMESERVERS:
        errors.append(
            invalid(f"{path}.nameservers", servers, f"must not have more than {_MOST_NAMESERVERS} nameservers")
        )
    for index, server in enumerate(servers):
        errors += address_errors(f"{path}.nameservers[{index}]", server)
    if len(searches) > _MOST_SEARCHES:
        errors.append(invalid(f"{path}.searches", searches, f"must not have more than {_MOST_SEARCHES} search paths"))
    if len(" ".join(searches)) > _MOST_SEARCH_CHARACTERS:
        detail = f"must not have more than {_MOST_SEARCH_CHARACTERS} characters (including spaces) in the search list"
        errors.append(invalid(f"{path}.searches", searches, detail))
    for index, search in enumerate(searches):
        errors += each_invalid(f"{path}.searches[{index}]", search, names.dns_search_path(search))
    unnamed = (index for index, option in enumerate(config.options) if not option.name)
    return errors + [required(f"{path}.options[{index}]", "must not be empty") for index in unnamed]


def _status_errors(status: PodStatus) -> list[FieldError]:
    """The errors of the addresses, which a kubelet would have reported."""
    addresses = tuple(entry.ip for entry in status.pod_ips)
    errors = address_errors("status.podIP", status.pod_ip) if status.pod_ip else []
    for index, text in enumerate(addresses):
        errors += address_errors(f"status.podIPs[{index}]", text)
    if not errors and len(addresses) > 1 and (len(addresses) > 2 or not are_dual_stack(addresses)):
        errors.append(invalid("status.podIPs", addresses, "may specify no more than one IP for each IP family"))
    return errors
