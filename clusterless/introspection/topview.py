"""One frame of `clusterless top`, as Rich draws it: Services with their endpoints, flows, affinities, DNS."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Literal, NamedTuple

from rich import box
from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from .rates import Rate, Rates, service_name, short_number
from .status import AffinityPart, DnsPart, EndpointPart, FlowPart, ServicePart, Status

_STATE_STYLES = {
    "serving": "green",
    "rejecting": "yellow",
    "dropping": "yellow",
    "served elsewhere": "dim",
    "unsupported": "dim",
    "failed": "bold red",
}
_LEFT = "left rotation"


class _Column(NamedTuple):
    """A column of the Services' table, and the width of a terminal from which on it is shown."""

    heading: str
    justify: Literal["left", "right"] = "right"
    least: int = 0


_COLUMNS = (
    _Column("SERVICE", "left"),
    _Column("ADDRESS", "left", 110),
    _Column("STATE", "left"),
    _Column("OPEN"),
    _Column("TOTAL", least=90),
    _Column("CONN/S"),
    _Column("IN/S", least=70),
    _Column("OUT/S", least=70),
    _Column("IN", least=130),
    _Column("OUT", least=130),
    _Column("NOT SERVED", "left"),
)
_SMALL_ROWS = 10
_HEADING_ROWS = 7
_DNS_ROWS = 3


def frame(status: Status, rates: Rates, columns: int, rows: int = 0) -> RenderableType:
    """The whole frame. `columns` and `rows` are what there is for it, 0 rows for any number; Services are cut first."""
    below: list[RenderableType] = []
    if status.dns is not None:
        below.append(_dns(status.dns, rates.questions))
    if status.flows:
        below += ["", _flows(status.flows, status.flows_left_out)]
    if status.affinities:
        below.append(_affinities(status.affinities, status.affinities_left_out))
    taken = _HEADING_ROWS + sum(_rows_of(each) for each in (status.flows, status.affinities)) + _DNS_ROWS
    return Group(
        _heading(status, rates), _services(status, rates, columns, max(5, rows - taken) if rows else 0), *below
    )


def _rows_of(parts: Sequence[object]) -> int:
    """The lines of a small table: its title and heading, its rows, and the line of more."""
    return min(len(parts), _SMALL_ROWS) + 5 if parts else 0


def _heading(status: Status, rates: Rates) -> RenderableType:
    total = rates.total
    text = Text.assemble(
        ("clusterless top", "bold"),
        f"   node {status.node}   generation {status.generation}   ",
        (f"{sum(each.active for each in status.services)} open", "bold"),
        f"   {short_number(total.connections) or '0'} connections/s"
        f"   in {short_number(total.bytes_in, 'B/s') or '0'}   out {short_number(total.bytes_out, 'B/s') or '0'}\n",
        "frontends: ",
    )
    for index, (state, count) in enumerate(status.frontends.items()):
        text.append(f"{', ' if index else ''}{count} {state}", style=_STATE_STYLES.get(state, ""))
    if not status.frontends:
        text.append("none", style="dim")
    if status.descriptor_budget:
        text.append(f"   descriptors: {status.descriptors} of {status.descriptor_budget}")
    for reason, count in status.accept_pauses.items():
        text.append(f"   accepting paused {count}x: {reason}", style="bold red")
    return Panel(text, box=box.ROUNDED, border_style="dim")


def _services(status: Status, rates: Rates, columns: int, rows: int) -> RenderableType:
    """On a narrow terminal, without the columns that one can do without."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, expand=True)
    kept = [index for index, column in enumerate(_COLUMNS) if columns >= column.least]
    for column in (_COLUMNS[index] for index in kept):
        table.add_column(column.heading, justify=column.justify, no_wrap=column.justify == "right")
    shown = 0

    def add(cells: Iterable[RenderableType]) -> None:
        every = list(cells)
        table.add_row(*(every[index] for index in kept))

    for part in sorted(status.services, key=lambda each: (-each.active, each.title)):
        if rows and shown >= rows:
            break
        shown += 1 + len(part.endpoints)
        name = service_name(part)
        add(_service_cells(part, rates.services.get(name, Rate())))
        for endpoint in part.endpoints:
            add(_endpoint_cells(endpoint, rates.endpoints.get((name, endpoint.address), Rate())))
    if status.services_left_out:
        table.add_row(Text(f"+ {status.services_left_out} more...", style="dim"))
    if not status.services:
        table.add_row(Text("no Service is proxied here", style="dim"))
    return table


def _service_cells(part: ServicePart, rate: Rate) -> Iterator[RenderableType]:
    yield Text.assemble((part.title, "bold"), (f" {part.protocol}" if part.protocol != "TCP" else "", "dim"))
    yield _addresses(part)
    yield _state(part)
    yield from _numbers(part.active, part.accepted, rate, part.bytes_in, part.bytes_out)
    yield _refusals(part)


def _endpoint_cells(endpoint: EndpointPart, rate: Rate) -> Iterator[RenderableType]:
    style = "" if endpoint.in_rotation else "yellow"
    yield Text(f"  {endpoint.address}", style=style)
    yield Text(endpoint.node, style="dim")
    yield Text("" if endpoint.in_rotation else _LEFT, style=style)
    yield from _numbers(endpoint.open, endpoint.opened, rate, endpoint.bytes_in, endpoint.bytes_out)
    yield _reasons({f"dial {reason}": count for reason, count in endpoint.dial_failures.items()})


def _numbers(open_now: int, total: int, rate: Rate, bytes_in: int, bytes_out: int) -> Iterator[RenderableType]:
    yield Text(str(open_now) if open_now else "", style="bold cyan")
    yield short_number(total)
    yield short_number(rate.connections)
    yield short_number(rate.bytes_in, "B")
    yield short_number(rate.bytes_out, "B")
    yield Text(short_number(bytes_in, "B"), style="dim")
    yield Text(short_number(bytes_out, "B"), style="dim")


def _addresses(part: ServicePart) -> Text:
    """The first address, which is the cluster IP where there is one, and how many more there are."""
    ordered = sorted(part.frontends, key=lambda each: each.kind != "ClusterIP")
    first = ordered[0].address.rpartition("/")[0] if ordered else ""
    return Text.assemble(first, (f" +{len(ordered) - 1}" if len(ordered) > 1 else "", "dim"))


def _state(part: ServicePart) -> Text:
    """The worst state of its frontends, with the reason where it is not plain."""
    ranked = list(_STATE_STYLES)
    worst = max(part.frontends, key=lambda each: ranked.index(each.state) if each.state in ranked else -1, default=None)
    if worst is None:
        return Text("")
    reason = f": {worst.message}" if worst.state == "failed" else ""
    return Text(f"{worst.state}{reason}", style=_STATE_STYLES.get(worst.state, ""))


def _refusals(part: ServicePart) -> Text:
    """Who was not served, and why."""
    dropped = {f"dropped, {reason}": count for reason, count in (part.kernel_drops | part.datagram_drops).items()}
    refused = {f"reset, {reason}": count for reason, count in part.unserved.items()}
    return _reasons({**refused, **dropped})


def _reasons(counts: Mapping[str, int]) -> Text:
    return Text("; ".join(f"{short_number(count)} {reason}" for reason, count in counts.items()), style="red")


def _flows(flows: tuple[FlowPart, ...], left_out: int) -> RenderableType:
    table = _small("UDP flows", ("CLIENT", "FRONTEND", "ENDPOINT", "SERVICE", "IDLE"))
    for each in flows[:_SMALL_ROWS]:
        idle = f"{each.idle_seconds:.0f}s" + ("" if each.answered else ", unanswered")
        table.add_row(each.client, each.frontend, each.endpoint, each.service, idle)
    return _with_more(table, max(0, len(flows) - _SMALL_ROWS) + left_out)


def _affinities(affinities: tuple[AffinityPart, ...], left_out: int) -> RenderableType:
    table = _small("Session affinity", ("CLIENT", "ENDPOINT", "SERVICE", "EXPIRES IN"))
    for each in affinities[:_SMALL_ROWS]:
        table.add_row(each.client, each.endpoint, each.service, f"{each.expires_in_seconds:.0f}s")
    return _with_more(table, max(0, len(affinities) - _SMALL_ROWS) + left_out)


def _small(title: str, headings: tuple[str, ...]) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in headings:
        table.add_column(heading, no_wrap=True)
    return table


def _with_more(table: Table, more: int) -> Table:
    if more > 0:
        table.add_row(Text(f"+ {more} more...", style="dim"))
    return table


def _dns(dns: DnsPart, questions: float) -> RenderableType:
    def counts(of: Mapping[str, int]) -> str:
        return "  ".join(f"{name} {short_number(count)}" for name, count in sorted(of.items(), key=lambda i: -i[1]))

    total = sum(dns.questions.values())
    text = Text.assemble(
        ("DNS", "bold"),
        f"  {total} questions, {short_number(questions) or '0'}/s   {counts(dns.questions)}\n",
        f"     answers: {counts(dns.answers) or 'none'}",
        (f"   packed already {short_number(dns.packed_already)}" if dns.packed_already else ""),
        (f"   from the cache {short_number(dns.cached)}" if dns.cached else ""),
    )
    refused = {**dns.turned_away, **({"shed": dns.shed} if dns.shed else {})}
    if refused:
        text.append(f"   turned away: {counts(refused)}", style="red")
    return text
