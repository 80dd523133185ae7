"""Pure: `autopath [ZONES...] @kubernetes`: a pod's search list is walked here, not by the pod (plugin/autopath)."""

from collections.abc import Sequence

import msgspec

from dns.corefile import Directive
from dns.model import Labels, Rcode, Record, RecordType
from dns.names import is_within, lower
from dns.recordoptions import PodMode
from dns.steps import Following, Result, Step, Steps, Visit, replied

from .base import Plugin, PluginSettings, Report, Scope, no_options, zones

SOURCE = "@kubernetes"


class Autopath(PluginSettings, frozen=True):
    """For names of `zones`."""

    zones: tuple[Labels, ...] = ((),)


def configure(directives: Sequence[Directive], scope: Scope, report: Report) -> Autopath:
    """The last argument says where search lists are known from; a resolv.conf is not offered."""
    where = directives[0]
    no_options(where, report)
    if not where.args:
        report.refuse(where, "no resolv-conf specified")
        return Autopath()
    *names, source = where.args
    if source != SOURCE:
        report.refuse(where, f"'{source}' is not offered, only {SOURCE}")
    return Autopath(zones=zones(where, names, report) if names else scope.zones)


def step(settings: Autopath) -> Step:
    """The first name of the list that exists is answered for, behind an alias from the name that was asked for."""

    def walk(visit: Visit, following: Following) -> Steps:
        name = lower(visit.query.qname)
        search = search_list(visit) if any(is_within(name, zone) for zone in settings.zones) else ()
        if not search or not is_within(name, search[0]):
            result = yield from following(visit)
            # Another client's search list may hold the name.
            return msgspec.structs.replace(result, kept_until=0.0)
        base = visit.query.qname[: len(name) - len(search[0])]
        first: Result | None = None
        for domain in search:
            query = msgspec.structs.replace(visit.query, qname=(*base, *domain))
            result = yield from following(visit.asking(query))
            first = first or result
            if result.reply.rcode is Rcode.NOERROR or result.is_dropped:
                return _aliased(result, visit.query.qname)
        assert first is not None
        return msgspec.structs.replace(first, kept_until=0.0)

    return walk


def search_list(visit: Visit) -> tuple[Labels, ...]:
    """The search list of the pod that asks, with the root at its end; empty unless `pods verified` knows the pod."""
    records = visit.records
    zone = records.zone_of(lower(visit.query.qname)) if records else None
    if records is None or zone is None or records.options.pods is not PodMode.VERIFIED:
        return ()
    namespace = records.cluster.pods.namespace_of(visit.client)
    if namespace is None:
        return ()
    return ((namespace.encode(), b"svc", *zone), (b"svc", *zone), zone, *visit.host.search, ())


def _aliased(result: Result, asked: Labels) -> Result:
    """With an alias in front of the answer, if that is for another name (plugin/autopath/cname.go)."""
    reply = result.reply
    if reply.answer and lower(reply.answer[0].name) != lower(asked):
        first = reply.answer[0]
        alias = Record(asked, RecordType.CNAME, first.ttl, first.name)
        reply = msgspec.structs.replace(reply, answer=(alias, *reply.answer))
    return msgspec.structs.replace(replied(result, reply), kept_until=0.0)


PLUGIN = Plugin("autopath", configure, step=step)
