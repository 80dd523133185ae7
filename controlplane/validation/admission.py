"""Pure: what a policy of the cluster forbids, whatever the fields hold (HTTP 403, not 422)."""

from controlplane.objects import AnyObject, Service
from controlplane.options import ClusterOptions


def admission(obj: AnyObject, options: ClusterOptions, old: AnyObject | None = None) -> str:
    """The message of the refusal, as it follows `Error from server (Forbidden): `; `""` if nothing is forbidden.

    External IPs that `old` had already may stay (Kubernetes `plugin/pkg/admission/network/denyserviceexternalips`).
    """
    if options.allow_external_ips or not isinstance(obj, Service):
        return ""
    known = old.spec.external_ips if isinstance(old, Service) else ()
    if set(obj.spec.external_ips) <= set(known):
        return ""
    return f'services "{obj.metadata.name}" is forbidden: Use of external IPs is denied by admission control'
