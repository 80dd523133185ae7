"""Pure: the environment variables that tell a pod's processes where the Services are, as the kubelet sets them.

Sources: `pkg/kubelet/envvars/envvars.go`, and `getServiceEnvVarMap` in `pkg/kubelet/kubelet_pods.go`.
"""

from collections.abc import Iterator, Mapping

from .objects import NamespacedName, Service, ServicePort

_ALWAYS = NamespacedName("default", "kubernetes")


def service_environment(
    services: Mapping[NamespacedName, Service], namespace: str, *, enable_service_links: bool = True
) -> dict[str, str]:
    """The variables of a pod in `namespace`, sorted by Service, in the order of the kubelet's list for each.

    They are those of the namespace's Services that have a cluster IP and of `default/kubernetes`, which a Service
    of that name in the namespace replaces. Without `enableServiceLinks` they are those of `default/kubernetes` alone.
    """
    keys = [_ALWAYS] if _ALWAYS in services else []
    if enable_service_links:
        keys += [key for key in services if key.namespace == namespace]
    visible = {key.name: services[key] for key in keys if services[key].has_cluster_ip and services[key].spec.ports}
    return {name: value for _, service in sorted(visible.items()) for name, value in _variables(service)}


def _variables(service: Service) -> Iterator[tuple[str, str]]:
    prefix = _variable_name(service.metadata.name)
    ports = service.spec.ports
    yield f"{prefix}_SERVICE_HOST", service.spec.cluster_ip
    yield f"{prefix}_SERVICE_PORT", str(ports[0].port)
    for port in ports:
        if port.name:
            yield f"{prefix}_SERVICE_PORT_{_variable_name(port.name)}", str(port.port)
    yield f"{prefix}_PORT", _url(service, ports[0])
    for port in ports:
        yield from _link_variables(prefix, service, port)


def _link_variables(prefix: str, service: Service, port: ServicePort) -> Iterator[tuple[str, str]]:
    """The form that Docker's container links once had."""
    name = f"{prefix}_PORT_{port.port}_{_protocol(port).upper()}"
    yield name, _url(service, port)
    yield f"{name}_PROTO", _protocol(port)
    yield f"{name}_PORT", str(port.port)
    yield f"{name}_ADDR", service.spec.cluster_ip


def _url(service: Service, port: ServicePort) -> str:
    address = service.spec.cluster_ip
    host = f"[{address}]" if ":" in address else address
    return f"{_protocol(port)}://{host}:{port.port}"


def _protocol(port: ServicePort) -> str:
    return (port.protocol or "TCP").lower()


def _variable_name(name: str) -> str:
    return name.replace("-", "_").upper()
