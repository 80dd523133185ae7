import pytest

from proxy.model import Protocol, ServicePortName
from proxy.workers.placement import Homes, Load, least_loaded, transit_window, worker_budget

BUDGET = 1000


def load(connections=0, *, held=None, handed=0, taken=0, budget=BUDGET):
    made = Load(budget)
    made.update(taken, connections, 2 * connections if held is None else held, 0)
    made.handed = handed
    return made


@pytest.mark.parametrize(
    ("loads", "start", "chosen"),
    [
        ([load(3), load(2), load(4)], 0, 1),
        ([load(2), load(2), load(2)], 0, 0),
        ([load(2), load(2), load(2)], 2, 2),
        ([load(1), load(2), load(1)], 1, 2),
        ([load(0, handed=3), load(2)], 0, 1),  # those on their way count
        ([load(0, handed=9, taken=9), load(2)], 0, 0),  # until they are reported
        ([load(0, handed=62), load(90)], 0, 1),  # too many on their way
        ([load(0, held=BUDGET), load(90)], 0, 1),  # flows hold all the descriptors
        ([load(0, held=BUDGET), load(0, handed=62)], 0, None),
        ([], 0, None),
    ],
)
def test_a_client_goes_to_the_worker_with_the_fewest_connections(loads, start, chosen):
    assert least_loaded(loads, start) == chosen


def test_what_may_be_on_its_way_fits_above_what_a_worker_spends_itself():
    for budget in (2, 3, 40, 104, 1000, 10_000, 1_000_000):
        window = transit_window(budget)
        assert 1 <= window <= 64
        assert worker_budget(budget) + 2 * window == budget


def test_a_worker_is_given_no_more_clients_than_it_has_room_for():
    full = load(budget=104)
    handed = 0
    while full.free:
        full.handed += 1
        handed += 1
        full.update(full.handed, handed, 2 * handed, 0)
    assert handed == worker_budget(104) // 2


def test_a_worker_that_takes_nobody_in_gets_no_more_until_it_does():
    stuck, other = load(), load(connections=50)
    stuck.handed = 2
    stuck.look()
    assert stuck.free
    stuck.look()
    assert least_loaded([stuck, other], 0) == 1
    stuck.update(1, 1, 2, 0)
    assert least_loaded([stuck, other], 0) == 0


def test_a_worker_that_is_given_clients_now_and_then_is_not_stuck():
    busy = load()
    for taken in range(5):
        busy.handed = taken + 1
        busy.look()
        busy.update(taken + 1, 0, 0, 0)
        busy.look()
        assert not busy.is_stuck


def name(number):
    return ServicePortName("default", f"udp-{number}", "", Protocol.UDP)


def test_service_ports_are_spread_over_workers_and_all_their_frontends_are_at_home_together():
    homes = Homes(2)
    assert [homes.move_in(name(each)) for each in (0, 0, 1, 2, 3, 3)] == [0, 0, 1, 0, 1, 1]


def test_a_home_is_given_up_with_the_last_frontend():
    homes = Homes(2)
    for each in (0, 0, 1):
        homes.move_in(name(each))
    homes.move_out(name(0))
    assert homes.move_in(name(0)) == 0
    homes.move_out(name(1))
    assert homes.move_in(name(2)) == 1
    homes.move_out(name(0))
    homes.move_out(name(0))
    assert homes.move_in(name(3)) == 0
