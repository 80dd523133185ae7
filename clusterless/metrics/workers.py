"""How many processes carry connections, and how often one had to be replaced."""

from collections.abc import Iterator

from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from clusterless.node.dataplane import Staff

from .families import counter, gauge


class WorkerCollector(Collector):
    """Workers; without any, the one process carries all."""

    def __init__(self, staff: Staff) -> None:
        self._staff = staff

    def collect(self) -> Iterator[Metric]:
        """Both families, once."""
        text = "Processes that carry connections now."
        yield gauge("clusterless_workers", text, (), {(): self._staff.workers})
        text = "Times that a worker ended by itself and was replaced."
        yield counter("clusterless_worker_restarts", text, (), {(): self._staff.restarts})
