import math
import random

from proxy.timers import Lane, TimerHeap


def test_due_timers_come_earliest_first_and_once():
    heap = TimerHeap()
    heap.start("late", 3.0)
    heap.start("early", 1.0)
    heap.start("never yet", 9.0)
    assert heap.next_due() == 1.0
    assert heap.pop_due(3.0) == ["early", "late"]
    assert heap.pop_due(3.0) == []
    assert heap.next_due() == 9.0


def test_an_empty_heap_is_never_due():
    assert TimerHeap().next_due() == math.inf
    assert TimerHeap().pop_due(1e9) == []


def test_a_timer_put_off_comes_at_its_new_deadline():
    heap = TimerHeap()
    timer = heap.start("a", 1.0)
    heap.move(timer, 5.0)
    assert heap.pop_due(1.0) == []
    assert heap.next_due() == 5.0
    assert heap.pop_due(5.0) == ["a"]


def test_a_timer_put_off_comes_after_those_that_are_due_before_it_however_late_it_is():
    heap = TimerHeap()
    heap.move(heap.start("late", 1.0), 5.0)
    heap.start("early", 3.0)
    assert heap.pop_due(9.0) == ["early", "late"]


def test_a_timer_brought_forward_comes_once():
    heap = TimerHeap()
    timer = heap.start("a", 5.0)
    heap.move(timer, 1.0)
    assert heap.next_due() == 1.0
    assert heap.pop_due(9.0) == ["a"]
    assert len(heap) == 0


def test_a_timer_that_fired_may_be_armed_again():
    heap = TimerHeap()
    timer = heap.start("a", 1.0)
    assert heap.pop_due(1.0) == ["a"]
    heap.move(timer, 2.0)
    assert heap.pop_due(2.0) == ["a"]


def test_a_cancelled_timer_lets_go_of_its_owner_and_stays_cancelled():
    heap = TimerHeap()
    timer = heap.start("a", 1.0)
    heap.cancel(timer)
    heap.move(timer, 2.0)
    assert timer.owner is None
    assert heap.pop_due(9.0) == []
    assert len(heap) == 0


def test_cancelling_after_it_fired_does_nothing():
    heap = TimerHeap()
    timer = heap.start("a", 1.0)
    heap.pop_due(1.0)
    heap.cancel(timer)
    assert len(heap) == 0


def test_a_timer_without_an_end_is_never_due():
    heap = TimerHeap()
    timer = heap.start("a", 1.0)
    heap.move(timer, math.inf)
    assert heap.pop_due(1e9) == []
    assert heap.next_due() == math.inf


def test_dead_entries_do_not_pile_up():
    heap = TimerHeap()
    kept = heap.start("kept", 50.0)
    for _ in range(10_000):
        heap.cancel(heap.start("gone", 100.0))
    assert len(heap._heap) < 200
    assert len(heap) == 1
    assert heap.pop_due(50.0) == ["kept"]
    assert kept.entry is None


def test_any_interleaving_agrees_with_a_plain_table_of_deadlines():
    for seed in range(50):
        generator, heap, model, timers, now = random.Random(seed), TimerHeap(), {}, {}, 0.0
        for step in range(400):
            match generator.choice(["start", "move", "cancel", "pass"]):
                case "start":
                    model[step] = now + generator.uniform(0, 10)
                    timers[step] = heap.start(step, model[step])
                case "move" if model:
                    owner = generator.choice(list(model))
                    model[owner] = now + generator.uniform(0, 10)
                    heap.move(timers[owner], model[owner])
                case "cancel" if model:
                    owner = generator.choice(list(model))
                    del model[owner]
                    heap.cancel(timers[owner])
                case "pass":
                    now += generator.uniform(0, 3)
                    expected = sorted((deadline, owner) for owner, deadline in model.items() if deadline <= now)
                    assert heap.pop_due(now) == [owner for _, owner in expected], (seed, step)
                    model = {owner: deadline for owner, deadline in model.items() if deadline > now}
            assert heap.next_due() <= min(model.values(), default=math.inf), (seed, step)
            assert len(heap) == len(model), (seed, step)


def test_who_enters_a_lane_first_is_due_first():
    lane = Lane(1.0)
    lane.enter("a", 10.0)
    lane.enter("b", 10.5)
    lane.enter("c", 12.0)
    assert (len(lane), lane.next_due()) == (3, 11.0)
    assert lane.pop_due(10.9) == []
    assert lane.pop_due(11.5) == ["a", "b"]
    assert (len(lane), lane.next_due()) == (1, 13.0)


def test_who_left_a_lane_is_never_due():
    lane = Lane(1.0)
    lane.enter("a", 10.0)
    lane.leave("a")
    lane.leave("a")
    assert (len(lane), lane.next_due(), lane.pop_due(99.0)) == (0, math.inf, [])
