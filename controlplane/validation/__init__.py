"""Pure: what the API server would say of an object: errors and warnings.

* `validate` gives all errors of one object at once, in the order in which the API server lists them;
* `warnings` is for what is accepted with a word.

`services` judges a Service with `ports`, `cluster_ips` and `traffic`; `endpoints`, `pods`, `workloads` and `cluster`
judge the other kinds; `metadata` and `addresses` are shared by all. Errors that need the object as it was before are
in `controlplane.updates`.
"""

from controlplane.fielderrors import FieldError
from controlplane.objects import (
    AnyObject,
    Endpoints,
    EndpointSlice,
    Node,
    Pod,
    Service,
    Workload,
)
from controlplane.options import ClusterOptions

from .cluster import namespace_errors, node_errors
from .endpoints import endpoint_slice_errors, endpoints_errors
from .pods import pod_errors
from .services import service_errors
from .warnings import FieldWarning, warnings
from .workloads import workload_errors

__all__ = ["FieldWarning", "validate", "warnings"]


def validate(obj: AnyObject, options: ClusterOptions) -> list[FieldError]:
    """The errors of an object that has its defaults and allocations; empty if it is good. None is said twice."""
    errors = _errors(obj, options)
    return list({error.message: error for error in errors}.values()) if len(errors) > 1 else errors


def _errors(obj: AnyObject, options: ClusterOptions) -> list[FieldError]:
    match obj:
        case Service():
            return service_errors(obj)
        case EndpointSlice():
            return endpoint_slice_errors(obj, options)
        case Endpoints():
            return endpoints_errors(obj, options)
        case Pod():
            return pod_errors(obj)
        case Workload():
            return workload_errors(obj)
        case Node():
            return node_errors(obj)
        case _:
            return namespace_errors(obj)
