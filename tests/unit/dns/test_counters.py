import pytest

from dns.counters import (
    DURATION_BOUNDS,
    Counters,
    Histogram,
    Listener,
    RequestKey,
    ResponseKey,
    SizeKey,
    UpstreamKey,
    ZoneKey,
    rcode_label,
    type_label,
)

UDP = Listener("dns://:53", "udp", "1")


def test_an_answer_is_counted_under_the_labels_of_coredns():
    counters = Counters()
    counters.answered(UDP, ".", qtype=28, rcode=3, request_size=50, response_size=150, dnssec_ok=True, times=2)
    counters.answered(UDP, ".", qtype=65, rcode=0, request_size=50, response_size=600, dnssec_ok=False)
    assert counters.requests == {
        RequestKey("dns://:53", ".", "udp", "1", "AAAA"): 2,
        RequestKey("dns://:53", ".", "udp", "1", "other"): 1,
    }
    assert counters.responses == {
        ResponseKey("dns://:53", ".", "NXDOMAIN"): 2,
        ResponseKey("dns://:53", ".", "NOERROR"): 1,
    }
    assert counters.dnssec_ok == {ZoneKey("dns://:53", "."): 2}
    sizes = counters.response_sizes[SizeKey("dns://:53", ".", "udp")]
    assert (sizes.sum, sum(sizes.counts)) == (900.0, 3)


def test_durations_are_counted_by_zone_and_by_upstream():
    counters = Counters()
    counters.took("dns://:53", ".", 0.0001, 5)
    counters.upstream_took("192.0.2.1:53", "timeout", 2.0)
    assert counters.durations[ZoneKey("dns://:53", ".")].counts[0] == 5
    assert counters.upstream[UpstreamKey("192.0.2.1:53", "timeout")].sum == 2.0


@pytest.mark.parametrize(("value", "bucket"), [(0.0, 0), (0.00025, 0), (0.0003, 1), (8.0, 15), (9.0, 16)])
def test_a_bound_belongs_to_its_bucket(value, bucket):
    histogram = Histogram(DURATION_BOUNDS)
    histogram.observe(value)
    assert histogram.counts.index(1) == bucket


@pytest.mark.parametrize(("qtype", "label"), [(1, "A"), (33, "SRV"), (255, "ANY"), (65, "other"), (65535, "other")])
def test_rare_types_are_other(qtype, label):
    assert type_label(qtype) == label


@pytest.mark.parametrize(("rcode", "label"), [(0, "NOERROR"), (16, "BADVERS"), (9, "RCODE9")])
def test_response_codes_have_names(rcode, label):
    assert rcode_label(rcode) == label
