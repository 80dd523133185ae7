"""Pure: the plugins of a Corefile, one module each, in the order in which CoreDNS runs them (its plugin.cfg).

The order in the file means nothing, there as here. A plugin's module has a frozen `PluginSettings` of its own, a
`configure` that makes it of the plugin's directives, and `PLUGIN`, which is listed below.
"""

from . import cache, errors, forward, health, hosts, kubernetes, loadbalance, log, loop, prometheus, ready, reload
from .base import Plugin, PluginSettings, Report, Scope

__all__ = ["PLUGINS", "Plugin", "PluginSettings", "Report", "Scope"]

PLUGINS: tuple[Plugin, ...] = (
    reload.PLUGIN,
    ready.PLUGIN,
    health.PLUGIN,
    prometheus.PLUGIN,
    errors.PLUGIN,
    log.PLUGIN,
    loadbalance.PLUGIN,
    cache.PLUGIN,
    hosts.PLUGIN,
    kubernetes.PLUGIN,
    loop.PLUGIN,
    forward.PLUGIN,
)
