"""Pure: objects as the API server's JSON: camelCase, Go's `omitempty`, and the fields that Go always writes.

Sources: the `json` tags of k8s.io/api `core/v1/types.go` and `discovery/v1/types.go`.
"""

from typing import Any, TypeAlias

import msgspec

from .objects import (
    KINDS,
    AnyObject,
    Endpoints,
    EndpointSlice,
    Event,
    Namespace,
    Node,
    Pod,
    Service,
)

Encodable: TypeAlias = AnyObject | Event

_IDENTITY = {kind.struct: (kind.api_version, name) for name, kind in KINDS.items()} | {Event: ("v1", "Event")}


def encoded(obj: Encodable) -> dict[str, Any]:
    """The object as plain JSON data, with `apiVersion` and `kind`; of a partial struct, the fields that we model."""
    fields: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(obj))
    api_version, kind = _IDENTITY[type(obj)]
    head = {"apiVersion": obj.api_version or api_version, "kind": obj.kind or kind, "metadata": {}}
    return _with_always_written(obj, {**head, **fields})


def _with_always_written(obj: Encodable, fields: dict[str, Any]) -> dict[str, Any]:
    """Structs that are no pointers are written even when they are empty, and so are lists without `omitempty`."""
    match obj:
        case Service():
            fields["spec"] = fields.get("spec", {})
            fields["status"] = {"loadBalancer": {}, **fields.get("status", {})}
        case EndpointSlice():
            return _slice(obj, fields)
        case Endpoints() | Event():
            pass
        case Pod():
            fields["spec"] = {"containers": [], **fields.get("spec", {})}
            fields.setdefault("status", {})
        case Namespace() | Node():
            fields.setdefault("spec", {})
            fields.setdefault("status", {})
    return fields


def _slice(piece: EndpointSlice, fields: dict[str, Any]) -> dict[str, Any]:
    """`endpoints` and `ports` are null when empty; a port's name is a pointer, so that an empty one is written."""
    endpoints = [
        {**endpoint, "addresses": endpoint.get("addresses"), "conditions": endpoint.get("conditions", {})}
        for endpoint in fields.pop("endpoints", ())
    ]
    ports = [{**port, "name": port.get("name", "")} for port in fields.pop("ports", ())]
    return {**fields, "addressType": piece.address_type, "endpoints": endpoints or None, "ports": ports or None}
