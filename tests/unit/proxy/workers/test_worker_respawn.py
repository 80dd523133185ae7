from proxy.workers.respawn import FIRST_SECONDS, LAST_SECONDS, STEADY_SECONDS, Respawn


def test_a_worker_that_dies_for_the_first_time_is_replaced_at_once():
    respawn = Respawn()
    assert [respawn.delay(number, 100.0) for number in (0, 1, 2)] == [0.0, 0.0, 0.0]


def test_replacements_that_die_soon_wait_ever_longer_but_not_for_ever():
    respawn, now, delays = Respawn(), 100.0, []
    for _ in range(8):
        delays.append(respawn.delay(0, now))
        now += delays[-1] + 1.0
    assert delays == [0.0, FIRST_SECONDS, 0.4, 0.8, 1.6, 3.2, LAST_SECONDS, LAST_SECONDS]


def test_a_worker_that_lived_for_a_while_is_replaced_at_once_again():
    respawn = Respawn()
    respawn.delay(0, 100.0)
    respawn.delay(0, 101.0)
    assert respawn.delay(0, 101.0 + FIRST_SECONDS + STEADY_SECONDS) == 0.0
