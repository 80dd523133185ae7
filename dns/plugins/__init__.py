"""Pure: the plugins of a Corefile, one module each, in the order in which CoreDNS runs them (its plugin.cfg).

The order in the file means nothing, there as here. A plugin's module has a frozen `PluginSettings` of its own, a
`configure` that makes it of the plugin's directives, and `PLUGIN`, which is listed below.
"""

from . import (
    acl,
    any,  # noqa: A004 - the plugin's name
    autopath,
    bind,
    bufsize,
    cache,
    cancel,
    chaos,
    dns64,
    errors,
    forward,
    header,
    health,
    hosts,
    kubernetes,
    loadbalance,
    local,
    log,
    loop,
    minimal,
    nsid,
    prometheus,
    ready,
    reload,
    rewrite,
    template,
    transfer,
)
from .base import Plugin, PluginSettings, Report, Scope

__all__ = ["PLUGINS", "Plugin", "PluginSettings", "Report", "Scope"]

PLUGINS: tuple[Plugin, ...] = (
    cancel.PLUGIN,
    reload.PLUGIN,
    nsid.PLUGIN,
    bufsize.PLUGIN,
    bind.PLUGIN,
    ready.PLUGIN,
    health.PLUGIN,
    prometheus.PLUGIN,
    errors.PLUGIN,
    log.PLUGIN,
    local.PLUGIN,
    dns64.PLUGIN,
    any.PLUGIN,
    chaos.PLUGIN,
    loadbalance.PLUGIN,
    rewrite.PLUGIN,
    autopath.PLUGIN,
    acl.PLUGIN,
    cache.PLUGIN,
    header.PLUGIN,
    minimal.PLUGIN,
    template.PLUGIN,
    transfer.PLUGIN,
    hosts.PLUGIN,
    kubernetes.PLUGIN,
    loop.PLUGIN,
    forward.PLUGIN,
)
