"""Pure: a Corefile's server blocks into the settings of the DNS server, with every mistake of the plugins at once."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, TypeVar

import msgspec

from .corefile import Directive, Importer, ServerBlock, no_files, parse
from .corefiletokens import CorefileProblem
from .model import Labels
from .names import to_text
from .origins import origins_of, split_port
from .plugins import PLUGINS, Plugin, PluginSettings, Report, Scope
from .plugins.bind import Bind

DEFAULT_PORT = 53

STOCK_COREFILE = """\
.:53 {
    errors
    health {
        lameduck 5s
    }
    ready
    kubernetes cluster.local in-addr.arpa ip6.arpa {
        pods insecure
        fallthrough in-addr.arpa ip6.arpa
        ttl 30
    }
    prometheus :9153
    forward . /etc/resolv.conf {
        max_concurrent 1000
    }
    cache 30 {
        disable success cluster.local
        disable denial cluster.local
    }
    loop
    reload
    loadbalance
}
"""
"""What kubeadm gives CoreDNS (cmd/kubeadm/app/phases/addons/dns/manifests.go); the default here too."""

_T = TypeVar("_T", bound=PluginSettings)


class Listening(NamedTuple):
    """Where server blocks listen: on a port of one address that `bind` names, or, without, of all others."""

    port: int
    address: str = ""


class ServerSettings(msgspec.Struct, frozen=True):
    """One server block: the zones that it is asked about, on one port, and its plugins' settings by their type."""

    zones: tuple[Labels, ...]
    port: int
    plugins: Mapping[type[PluginSettings], PluginSettings]
    named: Mapping[str, PluginSettings]  # the same by the plugin's name

    def get(self, kind: type[_T]) -> _T | None:
        """The settings of a plugin, `None` if the block does not load it."""
        found = self.plugins.get(kind)
        return found if isinstance(found, kind) else None

    @property
    def listening(self) -> tuple[Listening, ...]:
        """Each place where this block answers."""
        bind = self.get(Bind)
        return tuple(Listening(self.port, address) for address in (bind.addresses if bind else ("",)))


class DnsConfig(msgspec.Struct, frozen=True):
    """All server blocks; a question goes to the one whose zone matches most labels, of those that listen there."""

    servers: tuple[ServerSettings, ...]
    warnings: tuple[CorefileProblem, ...] = ()

    @property
    def listening(self) -> frozenset[Listening]:
        """All that the Corefile speaks of; port 53 without `bind` stands for whatever the DNS server is bound to."""
        return frozenset(where for server in self.servers for where in server.listening)


def stock_corefile(cluster_domain: str = "cluster.local") -> str:
    """The stock Corefile of a cluster with that domain."""
    return STOCK_COREFILE.replace("cluster.local", cluster_domain)


def configure(
    text: str,
    *,
    file: str = "Corefile",
    environment: Mapping[str, str] | None = None,
    load: Importer = no_files,
) -> tuple[DnsConfig | None, tuple[CorefileProblem, ...]]:
    """The settings that a Corefile stands for, or its errors: of the syntax the first one, of the plugins all."""
    known = frozenset(plugin.name for plugin in PLUGINS)
    blocks, problems = parse(text, file=file, environment=environment, known=known, load=load)
    servers: list[ServerSettings] = []
    overlaps = _Overlaps()
    found = list(problems)
    for block in blocks:
        by_port, key_problems = _zones_by_port(block)
        found += key_problems
        for port, zones in by_port.items():
            plugins, plugin_problems = _plugins(block, Scope(zones))
            found += [problem for problem in plugin_problems if problem not in found]
            by_type = {type(made): made for made in plugins.values()}
            servers.append(ServerSettings(zones, port, by_type, plugins))
            found += (CorefileProblem(block.file, block.line, text) for text in overlaps.add(servers[-1]))
    if any(not problem.warning for problem in found):
        return None, tuple(found)
    return DnsConfig(tuple(servers), tuple(found)), ()


def _zones_by_port(block: ServerBlock) -> tuple[dict[int, tuple[Labels, ...]], list[CorefileProblem]]:
    """The zones of a block's keys, by port."""
    by_port: dict[int, tuple[Labels, ...]] = {}
    problems: list[CorefileProblem] = []
    for key in block.keys:
        scheme, separator, address = key.rpartition("://")
        zones = origins_of(address)
        port = split_port(address)[1] or DEFAULT_PORT
        if separator and scheme != "dns":
            problems.append(CorefileProblem(block.file, block.line, f"transport '{scheme}' is not offered"))
        elif not zones:
            problems.append(CorefileProblem(block.file, block.line, f"cannot normalize zone '{key}'"))
        by_port[port] = (*by_port.get(port, ()), *zones)
    return by_port, problems


class _Overlaps:
    """Finds zones that two server blocks would serve in the same place, as CoreDNS does (core/dnsserver/address.go)."""

    def __init__(self) -> None:
        self._seen: dict[tuple[Labels, int], list[Listening]] = {}

    def add(self, server: ServerSettings) -> list[str]:
        """What to say of a further server block; empty if it may stand beside those before."""
        return [
            text for where in server.listening for zone in server.zones if (text := self._refusal(zone, where)) != ""
        ]

    def _refusal(self, zone: Labels, where: Listening) -> str:
        """A zone may be served on several addresses, but not on one and on all others."""
        seen = self._seen.setdefault((zone, where.port), [])
        if where in seen:
            return f"cannot serve {_text(zone, where)} - it is already defined"
        other = next((each for each in reversed(seen) if not (where.address and each.address)), None)
        if other is not None:
            return f"cannot serve {_text(zone, where)} - zone overlap listener capacity with {_text(zone, other)}"
        seen.append(where)
        return ""


def _text(zone: Labels, where: Listening) -> str:
    text = f"dns://{to_text(zone)}:{where.port}"
    return f"{text} on {where.address}" if where.address else text


def _plugins(block: ServerBlock, scope: Scope) -> tuple[dict[str, PluginSettings], list[CorefileProblem]]:
    """The settings of the plugins that a block loads, by name."""
    settings: dict[str, PluginSettings] = {}
    problems: list[CorefileProblem] = []
    for plugin in PLUGINS:
        directives = [directive for directive in block.directives if directive.name == plugin.name]
        if directives:
            made, report = _configured(plugin, directives, scope)
            settings[plugin.name] = made
            problems += report.problems
    return settings, problems


def _configured(plugin: Plugin, directives: Sequence[Directive], scope: Scope) -> tuple[PluginSettings, Report]:
    report = Report(plugin.name)
    if plugin.once and len(directives) > 1:
        report.refuse(directives[1], "this plugin can only be used once per Server Block")
    return plugin.configure(directives, scope, report), report
