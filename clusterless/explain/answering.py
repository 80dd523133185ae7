"""Pure: questions to explanations, as the command line and an agent's route ask them, and their JSON form."""

from collections.abc import Mapping
from typing import Any, TypeAlias

import msgspec

from controlplane.objects import Protocol

from .model import Explanation, Question, ServiceExplanation
from .question import Asking, QuestionError, ServiceTarget, target_of
from .serviceview import explain_service
from .way import explain
from .world import World

PATH = "/clusterless/v1/explain"

Answer: TypeAlias = Explanation | ServiceExplanation


class Words(msgspec.Struct, frozen=True, kw_only=True):
    """A question as a user types it."""

    target: str
    source: str = ""  # --from
    node: str = ""
    namespace: str = "default"
    protocol: Protocol = Protocol.TCP
    is_ping: bool = False

    def query(self) -> dict[str, str]:
        """The parameters of the agent's route."""
        return {
            "target": self.target,
            "from": self.source,
            "node": self.node,
            "namespace": self.namespace,
            "protocol": self.protocol.value,
            "ping": "true" if self.is_ping else "",
        }


def words_of(query: Mapping[str, str]) -> Words:
    """The question that the parameters of the agent's route hold. Raises QuestionError."""
    if not query.get("target"):
        raise QuestionError("target is missing: HOST:PORT, or a Service")
    protocol = query.get("protocol") or Protocol.TCP
    if protocol not in (Protocol.TCP, Protocol.UDP):
        raise QuestionError(f"{protocol}: protocol must be TCP or UDP")
    return Words(
        target=query["target"],
        source=query.get("from", ""),
        node=query.get("node", ""),
        namespace=query.get("namespace") or "default",
        protocol=Protocol(protocol),
        is_ping=query.get("ping") == "true",
    )


def answer(world: World, words: Words) -> Answer:
    """The explanation. Raises QuestionError for what makes no sense."""
    target = target_of(words.target, words.namespace, words.protocol, is_ping=words.is_ping)
    question = Question(host="", port=0, protocol="") if isinstance(target, ServiceTarget) else target
    asking = Asking(question, words.source, words.node, words.namespace)
    return explain_service(world, target, asking) if isinstance(target, ServiceTarget) else explain(world, asking)


def to_json(answered: Answer) -> dict[str, Any]:
    """The stable JSON form."""
    form: dict[str, Any] = msgspec.to_builtins(answered)
    return {"apiVersion": form.pop("apiVersion"), **form}


def from_json(form: Mapping[str, Any]) -> Answer:
    """The explanation again. Raises msgspec.ValidationError for what is none."""
    read: Answer = msgspec.convert(form, Answer)
    return read
