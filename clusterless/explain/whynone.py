"""Pure: why none of a Service's endpoints may be used, as findings."""

from collections.abc import Sequence

from controlplane.endpointslices import NoEndpoint, why_no_endpoint
from controlplane.objects import Pod
from controlplane.podstatus import is_ready

from .candidates import Behind
from .findingids import FindingId
from .journey import Journey


def find_why_none(journey: Journey, what: Behind, *, is_local: bool) -> None:
    """The findings of a port without an endpoint to use; what the manifests tell has been found before."""
    if what.ready and is_local:
        return  # there are endpoints elsewhere
    unready = [info for info in what.infos if not info.ready]
    if unready:
        names = ", ".join(what.pod_of.get(info.endpoint.address, str(info.endpoint)) for info in unready)
        journey.find(FindingId.PODS_NOT_READY, f"not ready: {names}", about=what.service, path="spec.selector")
    idle = [pod for pod in what.pods if _has_no_address(journey, what, pod)]
    if idle and not what.infos:
        seen = f"{len(idle)} of {len(what.pods)} pods have no address: {_names(idle)}"
        journey.find(FindingId.PODS_NOT_RUNNING, seen, about=what.service, path="spec.selector")
    if not what.service.spec.selector and not what.slices:
        seen = "it has no selector, and no EndpointSlice or Endpoints belongs to it"
        change = f"write an EndpointSlice with the label kubernetes.io/service-name: {what.service.metadata.name}"
        journey.find(FindingId.NO_ENDPOINTS, seen, change, about=what.service)


def _has_no_address(journey: Journey, what: Behind, pod: Pod) -> bool:
    return why_no_endpoint(pod, what.service, journey.world.snapshot.nodes) is NoEndpoint.NO_ADDRESS and not is_ready(
        pod
    )


def _names(pods: Sequence[Pod]) -> str:
    shown = [pod.metadata.name for pod in pods]
    return ", ".join(shown[:5]) + (", ..." if len(shown) > 5 else "")
