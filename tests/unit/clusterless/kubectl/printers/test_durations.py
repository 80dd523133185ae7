"""Ages as kubectl tells them."""

from datetime import UTC, datetime

import pytest

from clusterless.kubectl.printers.durations import age, human_duration

MINUTE, HOUR, DAY = 60, 3600, 86400


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-2, "<invalid>"),
        (-1.5, "0s"),
        (0, "0s"),
        (1.9, "1s"),
        (119, "119s"),
        (120, "2m"),
        (121, "2m1s"),
        (9 * MINUTE + 59, "9m59s"),
        (10 * MINUTE, "10m"),
        (10 * MINUTE + 59, "10m"),
        (3 * HOUR - 1, "179m"),
        (3 * HOUR, "3h"),
        (3 * HOUR + 5 * MINUTE, "3h5m"),
        (8 * HOUR - 1, "7h59m"),
        (8 * HOUR, "8h"),
        (48 * HOUR - 1, "47h"),
        (48 * HOUR, "2d"),
        (49 * HOUR, "2d1h"),
        (8 * DAY - 1, "7d23h"),
        (8 * DAY, "8d"),
        (2 * 365 * DAY - 1, "729d"),
        (2 * 365 * DAY, "2y"),
        (2 * 365 * DAY + DAY, "2y1d"),
        (8 * 365 * DAY, "8y"),
        (9 * 365 * DAY - 1, "8y"),
    ],
)
def test_the_longer_a_duration_the_fewer_units_are_told(seconds: float, text: str):
    assert human_duration(seconds) == text


@pytest.mark.parametrize(
    ("timestamp", "text"),
    [
        ("2026-01-01T00:00:00Z", "5m"),
        ("2026-01-01T01:00:30.250000+01:00", "4m29s"),
        ("", "<unknown>"),
        ("2026-01-01", "<unknown>"),
        ("yesterday", "<unknown>"),
    ],
)
def test_an_age_is_counted_from_a_timestamp(timestamp: str, text: str):
    assert age(timestamp, datetime(2026, 1, 1, 0, 5, tzinfo=UTC)) == text
