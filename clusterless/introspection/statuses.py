"""Pure: refusals as the API server's Status objects, in its words (apimachinery `pkg/api/errors/errors.go`)."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, NamedTuple

from .resources import Resource


class Refusal(NamedTuple):
    """Why there is no answer: `reason` is one of Kubernetes' StatusReasons."""

    code: HTTPStatus
    reason: str
    message: str
    details: Mapping[str, str] = {}

    def status(self) -> dict[str, Any]:
        """The Status object."""
        return {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": self.message,
            "reason": self.reason,
            "details": dict(self.details),
            "code": self.code.value,
        }


def not_found(resource: Resource, name: str) -> Refusal:
    """There is no such object."""
    details = {"name": name, "group": resource.group, "kind": resource.name}
    return Refusal(
        HTTPStatus.NOT_FOUND,
        "NotFound",
        f'{resource.qualified_name} "{name}" not found',
        {key: value for key, value in details.items() if value},
    )


def no_such_path() -> Refusal:
    """There is nothing at this path."""
    return Refusal(HTTPStatus.NOT_FOUND, "NotFound", "the server could not find the requested resource")


def method_not_allowed() -> Refusal:
    """Nothing can be changed here: what is served comes from the manifests."""
    text = "the server does not allow this method on the requested resource: objects come from the manifest files"
    return Refusal(HTTPStatus.METHOD_NOT_ALLOWED, "MethodNotAllowed", text)


def expired(wanted: int, oldest: int) -> Refusal:
    """What has changed since then is not known any more (apiserver `storage/cacher/watch_cache.go`)."""
    return Refusal(HTTPStatus.GONE, "Expired", f"too old resource version: {wanted} ({oldest})")


def bad_request(message: str) -> Refusal:
    """What was asked cannot be understood."""
    return Refusal(HTTPStatus.BAD_REQUEST, "BadRequest", message)


def too_many_requests() -> Refusal:
    """As many watch already as may."""
    text = "too many requests: too many watches are open, please try again later"
    return Refusal(HTTPStatus.TOO_MANY_REQUESTS, "TooManyRequests", text)
