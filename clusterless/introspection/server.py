"""What one agent tells of itself: its objects, its status, and why a connection goes where it goes."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

from clusterless.ops import OpsReply, OpsRequest, OpsStream, Trees
from controlplane.snapshot import Snapshot

from .api import Api, as_json, refuse
from .inventory import Inventory
from .ledger import Ledger
from .resources import RESOURCES
from .statuses import bad_request, method_not_allowed, no_such_path

Answer = Callable[[Mapping[str, str]], dict[str, Any]]

_OWN = "/clusterless/v1"


class Introspection:
    """It is told of snapshots, and asked through `trees`."""

    def __init__(self) -> None:
        self._answers: dict[str, Answer] = {}
        self._inventory = Inventory()
        self._ledgers = {resource: Ledger() for resource in RESOURCES}
        self._api = Api(self._ledgers)

    @property
    def trees(self) -> Trees:
        """For an OpsServer."""
        return {**dict.fromkeys(self._api.roots, self._api.answer), "/clusterless": self._own}

    def provide(self, name: str, answer: Answer) -> None:
        """Let `answer` make the JSON of `/clusterless/v1/NAME` from the query; its ValueErrors are told to clients."""
        self._answers[name] = answer

    def applied(self, snapshot: Snapshot) -> None:
        """Show this snapshot from now on."""
        now = timestamp(datetime.now(UTC))
        news = [
            self._ledgers[resource].replace(objects, snapshot.generation, now)
            for resource, objects in self._inventory.collect(snapshot).items()
        ]
        if any(news):
            self._api.changed()

    def _own(self, request: OpsRequest) -> OpsReply | OpsStream:
        if request.method not in ("GET", "HEAD"):
            return refuse(method_not_allowed())
        answer = self._answers.get(request.path.removeprefix(f"{_OWN}/"))
        if answer is None:
            return refuse(no_such_path())
        try:
            return as_json(answer(request.query), HTTPStatus.OK)
        except ValueError as error:
            return refuse(bad_request(str(error)))


def timestamp(moment: datetime) -> str:
    """As Kubernetes writes times: RFC 3339 in seconds, UTC."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
