"""Pure: the description of any object: its own lines, then its events."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from clusterless.kubectl.objectview import ObjectView
from clusterless.kubectl.printers.tabs import described
from controlplane.encode import Encodable
from controlplane.objects import Endpoints, EndpointSlice, Namespace, Node, Pod, Service

from .cluster import describe_namespace, describe_node
from .endpoints import describe_endpoints, describe_slice
from .parts import events
from .pod import describe_pod
from .service import describe_service

# Whatever else must be known, by plural names, to describe an object of a kind.
NEEDS: Mapping[str, tuple[str, ...]] = {"services": ("endpointslices",), "nodes": ("pods",)}


def description(obj: Encodable, view: ObjectView, now: datetime, *, show_events: bool = True) -> list[str]:
    """The lines of an object's description; `view` is where it came from."""
    own = list(_own(obj, view, now))
    if not show_events or isinstance(obj, Namespace):
        return described(own)
    happened = events(view.events_of(obj), now)
    return described([*own, *happened]) if len(happened) == 1 else described(own) + described(happened)


def _own(obj: Encodable, view: ObjectView, now: datetime) -> Iterable[str]:
    match obj:
        case Service():
            return describe_service(obj, view.slices_of(obj.key))
        case EndpointSlice():
            return describe_slice(obj)
        case Endpoints():
            return describe_endpoints(obj)
        case Pod():
            return describe_pod(obj, now)
        case Node():
            return describe_node(obj, view.pods.values(), now)
        case Namespace():
            return describe_namespace(obj)
        case _:
            raise AssertionError(f"nobody describes a {type(obj).__name__}")
