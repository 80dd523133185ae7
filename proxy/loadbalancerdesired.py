"""Pure: what a load balancer's data plane should be doing: frontends, less those on addresses that are not its own."""

from collections.abc import Iterable

from .claims import Claim, ClaimPolicy, Elsewhere, Refused, decide, status_of
from .desired import Desired
from .frontends import Conflict
from .hostfacts import HostFacts
from .model import Frontend, FrontendKey, FrontendStatus


def desired_of(generation: int, frontends: Iterable[Frontend], facts: HostFacts, policy: ClaimPolicy) -> Desired:
    """What the reconciler makes true; of two frontends with one key the first is served."""
    served: dict[FrontendKey, Frontend] = {}
    claims: set[str] = set()
    elsewhere: dict[FrontendKey, FrontendStatus] = {}
    conflicts: list[Conflict] = []
    for frontend in frontends:
        key = frontend.key
        decision = decide(key.address, frontend.kind, facts, policy)
        if isinstance(decision, Elsewhere | Refused):
            elsewhere[key] = status_of(decision)
            continue
        if (winner := served.setdefault(key, frontend)) is not frontend:
            conflicts.append(Conflict(key, winner.service, frontend.service))
        if isinstance(decision, Claim):
            claims.add(key.address)
    return Desired(
        generation=generation,
        frontends=served,
        claims=frozenset(claims),
        elsewhere=elsewhere,
        conflicts=tuple(conflicts),
    )
