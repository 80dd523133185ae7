"""What workers count, on its way into the program's counters, and what is left of it when they die."""

import collections

import pytest

from proxy.counters import Counters, DialOutcome, PauseReason, UnservedReason
from proxy.flows import FlowEnd
from proxy.model import Endpoint, Protocol, ServicePortName
from proxy.workers.ledger import Ledger
from proxy.workers.reports import Report, take, take_counts

WEB = ServicePortName("default", "web", "", Protocol.TCP)
DNS = ServicePortName("default", "dns", "", Protocol.UDP)
ONE, TWO = Endpoint("10.244.0.2", 80), Endpoint("10.244.0.3", 80)


class Books:
    """A worker's counters, the program's, and the ledger between the two."""

    def __init__(self):
        self.worker = Counters()
        self.program = Counters()
        self.open = collections.Counter()
        self.ledger = Ledger(self.program, self.moved)
        self.epoch = 0

    def moved(self, service, endpoint, change):
        self.open[service, endpoint] += change

    def connect(self, service=WEB, endpoint=ONE):
        counters = self.worker.service(service)
        counters.accepted += 1
        if service.protocol is Protocol.TCP:
            self.ledger.handed(service)
        counters.endpoint(endpoint).opened += 1
        counters.endpoint(endpoint).open += 1

    def disconnect(self, service=WEB, endpoint=ONE):
        self.worker.service(service).closed += 1
        self.worker.service(service).endpoint(endpoint).open -= 1

    def report(self):
        services = tuple(take(name, counters) for name, counters in self.worker.services.items())
        pauses = take_counts(self.worker.accept_pauses)
        self.ledger.add(Report(self.epoch, 0, 0, 0, 0, pauses, services))


@pytest.fixture
def books():
    return Books()


def test_all_that_a_worker_counts_is_added_once(books):
    books.connect()
    books.connect(endpoint=TWO)
    books.disconnect()
    web = books.worker.service(WEB)
    web.endpoint(ONE).from_clients.bytes += 10
    web.endpoint(ONE).to_clients.bytes += 20
    web.endpoint(ONE).resets += 1
    web.endpoint(TWO).dial_failures[DialOutcome.REFUSED] += 2
    web.unserved_for[UnservedReason.CLIENT_LEFT] += 1
    books.worker.accept_pauses[PauseReason.EXHAUSTED] += 1
    for _ in range(2):
        books.report()
    counted = books.program.service(WEB)
    total = counted.total()
    assert (counted.accepted, counted.closed, counted.unserved) == (2, 1, 1)
    assert (total.opened, total.open, total.resets) == (2, 1, 1)
    assert (total.from_clients.bytes, total.to_clients.bytes) == (10, 20)
    assert total.dial_failures == {DialOutcome.REFUSED: 2}
    assert books.program.accept_pauses == {PauseReason.EXHAUSTED: 1}
    assert +books.open == {(WEB, TWO): 1}


def test_what_is_open_in_a_worker_that_dies_is_closed_with_a_reset(books):
    books.connect()
    books.connect()
    books.report()
    books.disconnect()
    books.connect(endpoint=TWO)
    books.report()
    books.ledger.handed(WEB)  # and never seen again
    books.ledger.close()
    counted = books.program.service(WEB)
    assert (counted.accepted, counted.active) == (4, 0)
    assert (counted.endpoints[ONE].open, counted.endpoints[TWO].open) == (0, 0)
    assert counted.total().resets == 2
    assert not +books.open


def test_flows_of_a_worker_that_dies_are_closed(books):
    books.connect(DNS)
    books.report()
    books.ledger.close()
    counted = books.program.service(DNS)
    assert counted.active == 0
    assert counted.flow_ends == {FlowEnd.CLOSED: 1}
    assert counted.total().resets == 0


def test_connections_that_outlive_an_endpoint_count_where_it_is_no_more(books):
    books.connect()
    books.report()
    books.program.retain({WEB: {TWO}})
    books.worker.service(WEB).endpoint(ONE).to_clients.bytes += 5
    books.disconnect()
    books.report()
    counted = books.program.service(WEB)
    assert ONE not in counted.endpoints
    assert (counted.active, counted.total().open, counted.total().to_clients.bytes) == (0, 0, 5)


def test_a_service_that_is_forgotten_counts_from_zero_when_it_comes_back(books):
    books.connect()
    books.report()
    books.ledger.forget((WEB,), 1)
    books.program.retain({})
    assert not +books.open
    books.disconnect()
    books.report()  # which the worker sent before it heard
    assert WEB not in books.program.services
    books.epoch = 1
    books.connect(endpoint=TWO)
    books.report()
    counted = books.program.service(WEB)
    assert (counted.accepted, counted.active) == (1, 1)
    assert list(counted.endpoints) == [TWO]


def test_the_end_of_what_nobody_saw_begin_is_no_end(books):
    books.worker.service(WEB).closed += 1
    books.report()
    assert books.program.service(WEB).active == 0
