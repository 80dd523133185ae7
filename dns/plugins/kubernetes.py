"""Pure: `kubernetes [ZONES...] { ... }`: which zones hold the cluster's names, and how they are made."""

from collections.abc import Sequence

import msgspec

from controlplane.objects import LabelSelector
from dns.corefile import Directive
from dns.records import PodMode, RecordOptions
from dns.reversal import is_reverse
from dns.selectors import SelectorError, parse_selector

from .base import Plugin, PluginSettings, Report, Scope, fallthrough_zones, integer, no_arguments, only_argument, zones

MAX_TTL = 3600  # seconds, plugin/kubernetes/setup.go
_API_SERVER_OPTIONS = frozenset(
    {
        "endpoint", "tls", "kubeconfig", "startup_timeout", "apiserver_qps", "apiserver_burst", "apiserver_max_inflight"
    }
)  # fmt: skip


class Kubernetes(PluginSettings, frozen=True):
    """The plugin's options, as the records are made by them."""

    options: RecordOptions


def configure(directives: Sequence[Directive], scope: Scope, report: Report) -> Kubernetes:
    """The zones are those of the server block unless the directive names its own."""
    where = directives[0]
    options = RecordOptions(zones=zones(where, where.args, report) if where.args else scope.zones)
    if all(is_reverse(zone) for zone in options.zones):
        report.refuse(where, "non-reverse zone name must be used")
    for option in where.block:
        options = _with_option(options, option, report)
    if options.namespaces and options.namespace_labels is not None:
        report.refuse(where, "namespaces and namespace_labels cannot both be set")
    return Kubernetes(options=options)


def _with_option(options: RecordOptions, option: Directive, report: Report) -> RecordOptions:
    replace = msgspec.structs.replace
    match option.name:
        case "pods":
            return replace(options, pods=_pods(option, report))
        case "ttl":
            return replace(options, ttl=_ttl(option, report))
        case "fallthrough":
            return replace(options, fallthrough=fallthrough_zones(option, report))
        case "namespaces":
            if not option.args:
                report.refuse_arguments(option)
            return replace(options, namespaces=options.namespaces | frozenset(option.args))
        case "labels":
            return replace(options, labels=_selector(option, report, "label selector"))
        case "namespace_labels":
            return replace(options, namespace_labels=_selector(option, report, "namespace_label selector"))
        case _:
            return _with_switch(options, option, report)


def _with_switch(options: RecordOptions, option: Directive, report: Report) -> RecordOptions:
    """The options that are on or off, and those that are none here."""
    replace = msgspec.structs.replace
    match option.name:
        case "endpoint_pod_names":
            return replace(options, endpoint_pod_names=no_arguments(option, report))
        case "noendpoints":
            return replace(options, endpoints=not no_arguments(option, report))
        case "ignore":
            return replace(options, ignore_empty_service=_ignore(option, report))
        case "zonal":
            return replace(options, zonal=no_arguments(option, report))
        case "multicluster":
            report.refuse(option, f"option '{option.name}' is not offered")
        case name if name in _API_SERVER_OPTIONS:
            report.note(option, f"there is no API server here, '{name}' has no effect")
        case _:
            report.refuse_property(option)
    return options


def _selector(option: Directive, report: Report, what: str) -> LabelSelector | None:
    if not option.args:
        report.refuse_arguments(option)
        return None
    text = " ".join(option.args)
    try:
        return parse_selector(text)
    except SelectorError as error:
        report.refuse(option, f"unable to parse {what} value: '{text}': {error}")
        return None


def _pods(option: Directive, report: Report) -> PodMode:
    text = only_argument(option, report)
    if text is None:
        return PodMode.DISABLED
    if text not in set(PodMode):
        report.refuse(option, f"wrong value for pods: {text},  must be one of: disabled, verified, insecure")
        return PodMode.DISABLED
    return PodMode(text)


def _ttl(option: Directive, report: Report) -> int:
    if not option.args:
        report.refuse_arguments(option)
        return 0
    ttl = integer(option, option.args[0], report)
    if ttl is not None and not 0 <= ttl <= MAX_TTL:
        report.refuse(option, f"ttl must be in range [0, 3600]: {ttl}")
    return ttl or 0


def _ignore(option: Directive, report: Report) -> bool:
    if option.args == ("empty_service",):
        return True
    if not option.args:
        report.refuse_arguments(option)
    else:
        report.refuse(option, f"unable to parse ignore value: '{option.args[0]}'")
    return False


PLUGIN = Plugin("kubernetes", configure)
