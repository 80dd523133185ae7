"""Objects from manifest fields, and a small API server to apply them to, for the tests of the control plane's rules."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from controlplane.allocation import Allocations, Refusal
from controlplane.defaults import with_defaults
from controlplane.fielderrors import FieldError
from controlplane.objects import KINDS, AnyObject, Service
from controlplane.options import ClusterOptions
from controlplane.updates import carry_over, validate_update
from controlplane.validation import validate

Make = Callable[..., Any]


@pytest.fixture
def make() -> Make:
    return _make


def _make(kind: str, *, name: str = "web", metadata: dict[str, Any] | None = None, **fields: Any) -> AnyObject:
    """An object as decoded, without its defaults: `make("Service", spec={"ports": [{"port": 80}]})`."""
    names = {"name": name, "namespace": "default"} if KINDS[kind].namespaced else {"name": name}
    raw = {"apiVersion": KINDS[kind].api_version, "kind": kind, "metadata": {**names, **(metadata or {})}, **fields}
    return msgspec.convert(raw, KINDS[kind].struct)


class ApiServer:
    """Takes Services one after the other, as the control plane's builder does."""

    def __init__(self, *ranges: str, **options: Any) -> None:
        ranges = ranges or ("10.96.0.0/12",)
        self.options = ClusterOptions(service_cluster_ip_ranges=ranges, **options)
        self.allocations = Allocations(self.options)
        self.accepted: dict[str, Service] = {}

    def apply(self, spec: dict[str, Any], name: str = "web", **fields: Any) -> Service:
        """The Service as accepted; an AssertionError with the messages if it is refused."""
        outcome = self._apply(spec, name, fields)
        assert isinstance(outcome, Service), outcome
        return outcome

    def refuse(self, spec: dict[str, Any], name: str = "web", **fields: Any) -> list[str]:
        """The messages of the refusal."""
        outcome = self._apply(spec, name, fields)
        assert isinstance(outcome, list), "it was accepted"
        return outcome

    def delete(self, name: str) -> None:
        self.allocations.release(self.accepted.pop(name))

    def _apply(self, spec: dict[str, Any], name: str, fields: dict[str, Any]) -> Service | list[str]:
        new, old = with_defaults(_make("Service", name=name, spec=spec, **fields)), self.accepted.get(name)
        assert isinstance(new, Service)
        outcome = self.allocations.allocate(carry_over(new, old) if old else new, old)
        if isinstance(outcome, Refusal):
            return [outcome.internal] if outcome.internal else messages(outcome.errors)
        errors = (validate_update(outcome, old) if old else []) + validate(outcome, self.options)
        if errors:
            self.allocations.release(outcome)
            if old:
                self.allocations.reserve(old)
            return messages(errors)
        self.accepted[name] = outcome
        return outcome


def messages(errors: "list[FieldError] | tuple[FieldError, ...]") -> list[str]:
    return [error.message for error in errors]


@pytest.fixture
def cluster() -> ApiServer:
    return ApiServer()


@pytest.fixture
def cluster_of() -> type[ApiServer]:
    return ApiServer


@pytest.fixture
def errors_of() -> Callable[..., list[str]]:
    """The messages about an object, after its defaults: `errors_of(make("Pod", spec=...))`."""

    def errors(obj: AnyObject, **options: Any) -> list[str]:
        return messages(validate(with_defaults(obj), ClusterOptions(**options)))

    return errors
