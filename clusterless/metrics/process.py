"""What any Prometheus client tells of its process, and how this one's loop and log do."""

import asyncio
import platform
from collections.abc import Iterator

from prometheus_client import ProcessCollector
from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from clusterless import __version__
from clusterless.operations.logs import left_out
from clusterless.operations.timedloop import TimedLoop
from proxy.reactor import Resources

from .families import Labelled, counter, gauge


class OwnCollector(Collector):
    """`process_…`, `clusterless_build_info`, and what tells whether the process holds together."""

    def __init__(self, resources: Resources | None) -> None:
        self._resources = resources

    def collect(self) -> Iterator[Metric]:
        """All families, once."""
        yield from ProcessCollector(registry=None).collect()
        build: Labelled = {(__version__, platform.python_version()): 1}
        yield gauge("clusterless_build_info", "Which version runs.", ("version", "python"), build)
        yield gauge("clusterless_tasks", "Tasks of the event loop.", (), {(): len(asyncio.all_tasks())})
        if self._resources is not None:
            held, budget, timers = self._resources
            descriptors: Labelled = {("held",): held, ("budget",): budget}
            text = "File descriptors of listeners, connections and flows, and how many these may have."
            yield gauge("clusterless_descriptors", text, ("what",), descriptors)
            yield gauge("clusterless_timers", "Deadlines of connections and flows.", (), {(): timers})
        yield from self._loop_and_log()

    def _loop_and_log(self) -> Iterator[Metric]:
        loop = asyncio.get_running_loop()
        if isinstance(loop, TimedLoop):
            text = "Times that the event loop was held up for more than 50 ms."
            yield counter("clusterless_slow_callbacks", text, (), {(): loop.slow_callbacks})
            text = "For how long the event loop was held up at most."
            yield gauge("clusterless_slow_callback_longest_seconds", text, (), {(): loop.longest_seconds})
        text = "Log lines that were not written: repetitions, and those that standard error did not take."
        lines: Labelled = {(reason,): number for reason, number in left_out().items()}
        yield counter("clusterless_log_lines_left_out", text, ("reason",), lines)
