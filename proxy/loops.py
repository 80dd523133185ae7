"""Pure: endpoints that are frontends of this very proxy; a connection to one would go round until descriptors end.

Only the exact address, port and protocol counts: a pod on the host's network is a fine endpoint beside a frontend.
"""

from collections.abc import Container
from typing import NamedTuple

import msgspec

from .model import Endpoint, Frontend, FrontendKey, ServicePortName, Verdict


class Loop(NamedTuple):
    """An endpoint that is refused."""

    service: ServicePortName
    endpoint: Endpoint

    @property
    def message(self) -> str:
        """The refusal in a sentence."""
        return f"{self.service}: endpoint {self.endpoint} is refused: this proxy listens there itself"


def loops_of(frontend: Frontend, served: Container[FrontendKey]) -> frozenset[Endpoint]:
    """The endpoints of the frontend that are among the keys that this proxy serves."""
    protocol = frontend.key.protocol
    return frozenset(
        endpoint
        for endpoint in {*frontend.internal, *frontend.external, *frontend.draining}
        if FrontendKey(endpoint.address, endpoint.port, protocol) in served
    )


def without_endpoints(frontend: Frontend, refused: Container[Endpoint]) -> Frontend:
    """The frontend without these endpoints; one that has none left refuses connections."""
    internal = tuple(each for each in frontend.internal if each not in refused)
    external = tuple(each for each in frontend.external if each not in refused)
    return msgspec.structs.replace(
        frontend,
        internal=internal,
        external=internal if internal == external else external,
        verdict=frontend.verdict if internal or external else Verdict.REJECT,
        draining=tuple(each for each in frontend.draining if each not in refused),
    )
