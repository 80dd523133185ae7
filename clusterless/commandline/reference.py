"""Writes docs/configuration.md: every flag, and every field of kube-proxy's file, as the code has them."""

import sys
from collections.abc import Iterable, Iterator, Mapping

import click
import msgspec

from clusterless.cli import cli
from clusterless.configuration.reload import AT_ONCE, AT_RESTART
from clusterless.configuration.settings import Settings, as_file
from controlplane.options import ClusterOptions

AGENTS = ("up", "proxy", "dns", "loadbalancer")

_HEAD = """\
# Configuration

<!-- Made from the code by `make reference`. -->

What holds, in this order: a **flag**, its **environment variable**, the **file** that `--config` names (a
KubeProxyConfiguration, as kube-proxy takes it), the **default**. A flag that may be repeated has all its values in its
variable, separated by spaces, and paths by colons. The DNS server is configured by a Corefile
([its plugins](dns-plugins.md)).

Manifests, Corefile and `--config` are read again when they change, and on SIGHUP. What is wrong is told in the log,
with file, line and column, and what was in force before stays so.
"""

_FIELDS_HEAD = """\
## KubeProxyConfiguration

The file is read strictly; one that has unknown fields, or a field twice, is read leniently with kube-proxy's warning
(`Using lenient decoding as strict decoding failed`). What kube-proxy would refuse is refused in its words. A changed
field holds `at once` where nobody loses a connection for it; one that needs a `restart` is named in the log and in an
event (`ConfigurationNeedsRestart`).

| field | default | a change holds | |
|---|---|---|---|
"""

# What the fields that do something do.
_MEANINGS = {
    "hostnameOverride": "this node's name; empty: the host's",
    "bindAddress": "this node's address, if it is no wildcard; it is not bound",
    "healthzBindAddress": "where `/healthz`, `/livez`, `/readyz` are; a wildcard is each of the node's own addresses",
    "metricsBindAddress": "where `/metrics`, `/configz`, `/proxyMode` and the API for `get` and kubectl are",
    "clusterCIDR": "where pods have their addresses: clients from there count as inside the cluster",
    "nodePortAddresses": "where NodePorts are: CIDRs, or `primary` and `localhost`; empty: both of these",
    "iptables.localhostNodePorts": "whether NodePorts are on 127.0.0.1 and ::1",
    "ipvs.scheduler": "how endpoints take turns: `rr`, `random`, `lc` or `sh`",
    "conntrack.tcpEstablishedTimeout": "how long a connection may be silent",
    "conntrack.tcpCloseWaitTimeout": "how long a half-closed connection may be silent",
    "conntrack.udpTimeout": "how long a UDP flow may be silent that was not answered, or for less than two seconds",
    "conntrack.udpStreamTimeout": "how long any other UDP flow may be silent",
    "logging.format": "`text` or `json`",
    "logging.verbosity": "4 and above logs all events",
    "featureGates.AllowServiceExternalIPs": "false: nobody listens at `externalIPs`, which are accepted as before",
}
_PASSED_OVER = (
    "Judged as kube-proxy judges them, and then passed over, since there is nothing here that they could govern"
    " (there is one `mode`, which behaves as `nftables` does)"
)


def document() -> str:
    """The whole page."""
    return "\n".join([_HEAD, *_agents(), *_others(), _FIELDS_HEAD + "\n".join(_fields()), ""])


def _agents() -> Iterator[str]:
    """One table for the commands that serve: they share most of their flags."""
    held: dict[str, list[str]] = {}
    options: dict[str, click.Option] = {}
    for name in AGENTS:
        for option in _options(cli.commands[name]):
            held.setdefault(_names(option), []).append(name)
            options.setdefault(_names(option), option)
    yield "## Flags of `up`, `proxy`, `dns` and `loadbalancer`\n"
    yield "| flag | variable | default | commands | |\n|---|---|---|---|---|"
    for name, option in options.items():
        commands = "all" if len(held[name]) == len(AGENTS) else ", ".join(f"`{each}`" for each in held[name])
        yield f"| {name} | {_variable(option)} | {_default(option)} | {commands} | {_help(option)} |"
    yield ""


def _others() -> Iterator[str]:
    """The other commands, each with the flags that no agent has; those that one has are named."""
    known = {each.name for name in AGENTS for each in _options(cli.commands[name])}
    for name, command in _commands(cli.commands, "clusterless"):
        if name.removeprefix("clusterless ") in AGENTS:
            continue
        yield f"## `{name}`\n\n{(command.help or '').split(chr(10))[0]}\n"
        own = [each for each in _options(command) if each.name not in known]
        rows = [f"| {_names(each)} | {_variable(each)} | {_default(each)} | {_help(each)} |" for each in own]
        if rows:
            yield "| flag | variable | default | |\n|---|---|---|---|\n" + "\n".join(rows) + "\n"
        if shared := [f"`{max(each.opts, key=len)}`" for each in _options(command) if each.name in known]:
            yield f"As above: {', '.join(shared)}.\n"


def _commands(commands: Mapping[str, click.Command], above: str) -> Iterator[tuple[str, click.Command]]:
    for name, command in sorted(commands.items()):
        if command.hidden:
            continue
        yield f"{above} {name}", command
        if isinstance(command, click.Group):
            yield from _commands(command.commands, f"{above} {name}")


def _options(command: click.Command) -> list[click.Option]:
    return [each for each in command.params if isinstance(each, click.Option) and not each.hidden]


def _names(option: click.Option) -> str:
    spelled = ", ".join(f"`{name}`" for name in sorted(option.opts, key=len))
    return f"{spelled} {_cell(option.metavar)}" if option.metavar else spelled


def _variable(option: click.Option) -> str:
    return f"`{option.envvar}`" if option.envvar else ""


def _default(option: click.Option) -> str:
    if isinstance(option.show_default, str):
        return option.show_default
    if option.is_flag or callable(option.default) or option.default in (None, "", ()) or not option.show_default:
        return ""
    return f"`{option.default}`"


def _help(option: click.Option) -> str:
    return _cell(option.help or "")


def _cell(text: str | None) -> str:
    return (text or "").replace("|", "\\|")


def _fields() -> Iterator[str]:
    """Every field of the file, those that are structs field by field; what does nothing is named at the end."""
    passed_over: list[str] = []
    for path, value in _flat(as_file(Settings(filenames=(), cluster=ClusterOptions())), ()):
        assert (path in _MEANINGS) == (path in AT_ONCE or path in AT_RESTART), path
        if path in _MEANINGS:
            when = "at once" if path in AT_ONCE else "restart"
            yield f"| `{path}` | {_shown(value)} | {when} | {_MEANINGS[path]} |"
        elif path not in ("apiVersion", "kind"):
            passed_over.append(f"`{path}`")
    yield f"\n{_PASSED_OVER}: {', '.join(passed_over)}, and all other feature gates."


def _flat(struct: msgspec.Struct, above: tuple[str, ...]) -> Iterator[tuple[str, object]]:
    for field in msgspec.structs.fields(type(struct)):
        value, path = getattr(struct, field.name), (*above, field.encode_name)
        if isinstance(value, msgspec.Struct):
            yield from _flat(value, path)
        elif field.encode_name == "featureGates":
            yield from ((".".join((*path, gate)), is_on) for gate, is_on in (value or {}).items())
        else:
            yield ".".join(path), value


def _shown(value: object) -> str:
    if value in (None, "", ()):
        return ""
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def main(arguments: Iterable[str]) -> None:
    """Write the page to the file that is named, else to standard output."""
    for path in arguments:
        with open(path, "w", encoding="utf-8") as file:
            file.write(document())
        return
    click.echo(document(), nl=False)


if __name__ == "__main__":
    main(sys.argv[1:])
