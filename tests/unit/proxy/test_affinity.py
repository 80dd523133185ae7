from proxy.affinity import Pins
from proxy.model import Endpoint

A, B = Endpoint("10.244.0.1", 80), Endpoint("10.244.0.2", 80)


def test_a_client_keeps_its_endpoint_until_the_timeout():
    pins = Pins()
    pins.pin("c", A, 100.0, 10)
    assert pins.endpoint_of("c", 109.9, 10) == A
    assert pins.endpoint_of("c", 110.0, 10) is None
    assert pins.endpoint_of("other", 100.0, 10) is None


def test_a_changed_timeout_counts_at_once():
    pins = Pins()
    pins.pin("c", A, 100.0, 10800)
    assert pins.endpoint_of("c", 105.0, 5) is None


def test_unpin_is_about_one_endpoint():
    pins = Pins()
    pins.pin("c", A, 0.0, 10)
    pins.unpin("c", B)
    pins.unpin("other", A)
    assert pins.endpoint_of("c", 0.0, 10) == A
    pins.unpin("c", A)
    assert pins.endpoint_of("c", 0.0, 10) is None


def test_clients_that_never_come_back_are_forgotten():
    pins = Pins()
    for number in range(1000):
        pins.pin(f"c{number}", A, float(number), 10)
    assert len(pins) == 10


def test_a_burst_is_forgotten_a_little_at_a_time():
    pins = Pins()
    for number in range(100):
        pins.pin(f"c{number}", A, 0.0, 10)
    for number in range(100):
        pins.pin("c", A, 20.0, 10)
        assert len(pins) == max(1, 101 - 2 * (number + 1))


def test_the_longest_unused_goes_when_there_are_too_many():
    pins = Pins(at_most=2)
    for client in ("a", "b", "a", "c"):
        pins.pin(client, A, 0.0, 10)
    assert [pins.endpoint_of(client, 0.0, 10) for client in "abc"] == [A, None, A]


def test_what_is_left_of_each_client_s_time_can_be_seen():
    pins = Pins()
    pins.pin("early", A, 0.0, 10)
    pins.pin("late", B, 6.0, 10)
    assert pins.remaining(8.0, 10) == {"early": (A, 2.0), "late": (B, 8.0)}
    assert pins.remaining(10.0, 10) == {"late": (B, 6.0)}
