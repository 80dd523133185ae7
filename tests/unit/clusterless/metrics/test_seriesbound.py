"""However many Services and endpoints there are, a scrape has a bound, and no sum ever falls."""

from clusterless.metrics.dataplane import Bounds, ProxyCollector
from clusterless.metrics.seriesbound import SeriesBound
from proxy.counters import Counters
from proxy.model import Endpoint, Protocol, ServicePortName

from .test_metrics import samples


def test_the_first_have_their_own_and_the_others_share():
    bound: SeriesBound[str] = SeriesBound(2)
    bound.keep(["a", "b", "c"])
    assert [bound.has_own(name) for name in "abc"] == [True, True, False]
    assert bound.sharing == 1


def test_who_shares_goes_on_sharing_when_there_is_room():
    bound: SeriesBound[str] = SeriesBound(1)
    bound.keep(["a", "b"])
    bound.keep(["b"])
    assert not bound.has_own("b")
    bound.keep(["b", "c"])
    assert bound.has_own("c")


def test_who_is_gone_is_forgotten():
    bound: SeriesBound[str] = SeriesBound(1)
    for number in range(10):
        bound.keep([str(number)])
    assert bound.has_own("9")
    assert bound.sharing == 0


def test_service_ports_and_endpoints_beyond_the_bound_are_other():
    counters = Counters()
    for number in range(5):
        name = ServicePortName("default", f"web-{number}", "", Protocol.TCP)
        counters.service(name).accepted = 1
        counters.service(name).endpoint(Endpoint(f"10.1.1.{number}", 80)).opened = 1
    found = samples(ProxyCollector(counters, {}, Bounds(service_ports=3, endpoints=2)))
    accepted = {labels["service"]: value for labels, value in found["clusterless_connections_accepted_total"]}
    assert accepted == {"web-0": 1, "web-1": 1, "web-2": 1, "other": 2}
    opened = {(each["service"], each["endpoint"]): n for each, n in found["clusterless_endpoint_connections_total"]}
    assert opened == {
        ("web-0", "10.1.1.0:80"): 1,
        ("web-1", "10.1.1.1:80"): 1,
        ("web-2", "other"): 1,
        ("other", "other"): 2,
    }
    assert [value for _, value in found["clusterless_metrics_folded"]] == [2, 3]
