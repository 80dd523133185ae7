"""Pure: what a user asks, from the command line's words: HOST:PORT, a URL, or a Service."""

from typing import NamedTuple
from urllib.parse import urlsplit

from controlplane.netaddr import parse_address
from controlplane.objects import NamespacedName, Protocol

from .model import Question

_SCHEME_PORTS = {"http": 80, "https": 443}
_SERVICE_WORDS = ("svc", "service", "services")


class QuestionError(ValueError):
    """The question makes no sense; the message says why."""


class Asking(NamedTuple):
    """A question with its circumstances, as the flags have them; `port` 0 is a ping."""

    question: Question
    source: str = ""  # --from
    node: str = ""  # --node
    namespace: str = "default"


class ServiceTarget(NamedTuple):
    """A whole Service is asked about; `text` may still be a dotted name or an address of it."""

    text: str
    key: NamespacedName


def target_of(text: str, namespace: str, protocol: Protocol, *, is_ping: bool = False) -> Question | ServiceTarget:
    """What `text` is about. Raises QuestionError.

    `web:80`, `10.96.0.1:80`, `[fd00::1]:80` and `http://web/` are connections; `web`, `shop/web`, `svc/web` and a bare
    address are Services, with all their ports.
    """
    if "://" in text:
        return _of_url(text, protocol)
    host, port = _split(text)
    if is_ping:
        return Question(host=host, port=0, protocol="ICMP")
    if port is None:
        return ServiceTarget(host, _service_key(host, namespace))
    if not port.isdecimal() or not 0 < int(port) <= 65535:
        raise QuestionError(f"{text}: the port must be a number between 1 and 65535, inclusive")
    if not host:
        raise QuestionError(f"{text}: there is no host before the port")
    return Question(host=host, port=int(port), protocol=protocol)


def _of_url(text: str, protocol: Protocol) -> Question:
    try:
        url = urlsplit(text)
        port = url.port or _SCHEME_PORTS.get(url.scheme)
    except ValueError as error:
        raise QuestionError(f"{text}: {error}") from error
    if not url.hostname or port is None:
        raise QuestionError(f"{text}: must be http:// or https://, or say the port")
    return Question(host=url.hostname, port=port, protocol=protocol)


def _split(text: str) -> tuple[str, str | None]:
    """Host and port; an IPv6 address without brackets has no port."""
    if text.startswith("["):
        host, _, rest = text[1:].partition("]")
        return host, rest[1:] if rest.startswith(":") else None
    if text.count(":") == 1:
        host, _, port = text.partition(":")
        return host, port
    return text, None


def _service_key(text: str, namespace: str) -> NamespacedName:
    """`NAME`, `NAMESPACE/NAME`, `svc/NAME`, `NAME.NAMESPACE` and longer domain names."""
    first, slash, second = text.partition("/")
    if slash:
        return NamespacedName(namespace if first in _SERVICE_WORDS else first, second)
    labels = text.rstrip(".").split(".")
    if len(labels) > 1 and parse_address(text) is None:
        return NamespacedName(labels[1], labels[0])
    return NamespacedName(namespace, text)
