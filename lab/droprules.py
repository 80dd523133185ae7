"""I/O: keeps the rules that drop packets in a lab's network namespaces, with `ip rule`."""

from collections.abc import Iterable, Mapping

from .addresses import IPV6, version
from .cuts import Drop
from .network import ip_batch
from .topology import FABRIC

# The kernel looks among a host's own addresses first, at 0: what a host drops must come before.
_DROPS, _LOCAL = 50, 100


class DropRules:
    """The rules that are in force, by namespace; `versions` are the lab's IP versions."""

    def __init__(self, versions: Iterable[int]) -> None:
        self._versions = tuple(versions)
        self._now: dict[str, frozenset[Drop]] = {}
        self._prepared: set[str] = set()

    def apply(self, wanted: Mapping[str, frozenset[Drop]]) -> None:
        """Have these and no others. Raises NetworkError."""
        for network in sorted(wanted.keys() | self._now.keys()):
            before, after = self._now.get(network, frozenset()), wanted.get(network, frozenset())
            if before != after:
                self._change(network, before - after, after - before)
            self._now[network] = after

    def forget(self, network: str) -> None:
        """A namespace is gone, and its rules with it."""
        self._now.pop(network, None)
        self._prepared.discard(network)

    def _change(self, network: str, gone: Iterable[Drop], come: Iterable[Drop]) -> None:
        for each in self._versions:
            lines = [] if network in self._prepared else [f"rule add pref {_LOCAL} lookup local", "rule del pref 0"]
            lines += [f"rule del {_rule(drop)}" for drop in sorted(gone) if _version(drop) == each]
            lines += [f"rule add {_rule(drop)}" for drop in sorted(come) if _version(drop) == each]
            ip_batch(None if network == FABRIC else network, lines, "-6" if each == IPV6 else "-4")
        self._prepared.add(network)


def _version(drop: Drop) -> int:
    return version(drop.source or drop.target)


def _rule(drop: Drop) -> str:
    words = [f"pref {_DROPS}"]
    words += [f"iif {drop.link}"] if drop.link else []
    words += [f"from {drop.source}"] if drop.source else []
    words += [f"to {drop.target}"] if drop.target else []
    return " ".join([*words, "blackhole"])
