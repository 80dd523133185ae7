"""Pure: what Kubernetes' Go code calls the types of our fields, which its decoding errors name.

From k8s.io/api `core/v1`, `apps/v1` and `discovery/v1`, and apimachinery `meta/v1`. A Go pointer is named as what it
points to.
"""

from .objects import Condition, NamedHint, PodTemplate, Struct, Workload, WorkloadSpec

_INT64 = {"generation", "deletionGracePeriodSeconds", "tolerationSeconds", "terminationGracePeriodSeconds"}

_NAMED_STRINGS = {
    "ServiceSpec.type": "v1.ServiceType",
    "ServiceSpec.sessionAffinity": "v1.ServiceAffinity",
    "ServiceSpec.externalTrafficPolicy": "v1.ServiceExternalTrafficPolicy",
    "ServiceSpec.internalTrafficPolicy": "v1.ServiceInternalTrafficPolicy",
    "ServiceSpec.ipFamilyPolicy": "v1.IPFamilyPolicy",
    "ServiceSpec.ipFamilies": "v1.IPFamily",
    "ServicePort.protocol": "v1.Protocol",
    "PortStatus.protocol": "v1.Protocol",
    "LoadBalancerIngress.ipMode": "v1.LoadBalancerIPMode",
    "ContainerPort.protocol": "v1.Protocol",
    "Container.restartPolicy": "v1.ContainerRestartPolicy",
    "PodSpec.dnsPolicy": "v1.DNSPolicy",
    "PodStatus.phase": "v1.PodPhase",
    "EndpointPort.protocol": "v1.Protocol",
    "EndpointSlice.addressType": "v1.AddressType",
    "NodeAddress.type": "v1.NodeAddressType",
    "Taint.effect": "v1.TaintEffect",
    "Toleration.effect": "v1.TaintEffect",
    "Toleration.operator": "v1.TolerationOperator",
    "LabelSelectorRequirement.operator": "v1.LabelSelectorOperator",
    "ObjectMeta.uid": "types.UID",
    "ObjectReference.uid": "types.UID",
    "OwnerReference.uid": "types.UID",
    "Condition.status": "v1.ConditionStatus",
    "PodCondition.type": "v1.PodConditionType",
    "PodCondition.status": "v1.ConditionStatus",
    "NodeCondition.type": "v1.NodeConditionType",
    "NodeCondition.status": "v1.ConditionStatus",
}
_UNMODELLED = {
    "ObjectMeta.managedFields": "v1.ManagedFieldsEntry",
    "Namespace.spec": "v1.NamespaceSpec",
    "Namespace.status": "v1.NamespaceStatus",
    "NodeStatus.nodeInfo": "v1.NodeSystemInfo",
}
_STATEFUL = frozenset({"serviceName", "ordinals"})
_NOT_IN = {
    "DeploymentSpec": _STATEFUL,
    "ReplicaSetSpec": _STATEFUL,
    "DaemonSetSpec": _STATEFUL | {"replicas"},
}


def fields_of_others(struct: str) -> frozenset[str]:
    """The fields that our struct has only because it stands for several Go structs, and this one lacks them."""
    return _NOT_IN.get(struct, frozenset())


def struct_name(struct: type[Struct], kind: str, field: str) -> str:
    """The Go name of a struct of ours, which depends on the object's kind or on the field that holds it."""
    if struct is Condition:
        return f"{kind}Condition" if kind in ("Pod", "Node") else "Condition"
    if struct is NamedHint:
        return "ForZone" if field == "forZones" else "ForNode"
    if struct is Workload:
        return kind
    if struct is WorkloadSpec:
        return f"{kind}Spec"
    if struct is PodTemplate:
        return "PodTemplateSpec"
    return struct.__name__


def string_type(struct: str, field: str) -> str:
    """The Go type of a field that holds strings."""
    return _NAMED_STRINGS.get(f"{struct}.{field}", "string")


def integer_type(field: str) -> str:
    """The Go type of a field that holds integers."""
    return "int64" if field in _INT64 else "int32"


def unmodelled_type(struct: str, field: str) -> str:
    """The Go type of a field whose content we take as it is."""
    return _UNMODELLED.get(f"{struct}.{field}", f"v1.{struct}{field.capitalize()}")
