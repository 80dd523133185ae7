from datetime import UTC, datetime

import pytest

from clusterless.introspection.occurrences import EventType, Occurrence, Subject
from clusterless.introspection.recorder import BURST, EVENTS_AT_MOST, TTL_SECONDS, Recorder
from clusterless.kubectl.eventstable import EventsTable, Wanted, ordered

NOW = 1_700_000_000.0
WEB = Subject("Service", "shop", "web")


def happened(reason="Updated", message="m", subject=WEB, kind=EventType.NORMAL):
    return Occurrence(subject, kind, reason, message)


def test_what_happens_again_is_counted():
    recorder = Recorder("here", lambda subject: f"uid of {subject.name}")
    recorder.record([happened()], NOW)
    recorder.record([happened("Created")], NOW + 1)
    recorder.record([happened()], NOW + 90)
    created, updated = recorder.events().values()
    assert (created.reason, created.count) == ("Created", 1)
    assert (updated.reason, updated.count) == ("Updated", 2)
    assert (updated.first_timestamp, updated.last_timestamp) == ("2023-11-14T22:13:20Z", "2023-11-14T22:14:50Z")
    assert updated.involved_object.uid == "uid of web"
    assert (updated.source.component, updated.source.host) == ("clusterless", "here")


def test_events_are_where_their_object_is_and_of_objects_without_a_namespace_in_default():
    recorder = Recorder("here")
    recorder.record([happened(), happened(subject=Subject("Node", "", "n1"))], NOW)
    assert [key.namespace for key in recorder.events()] == ["shop", "default"]
    assert len({key.name for key in recorder.events()}) == 2


def test_events_are_forgotten_after_an_hour():
    recorder = Recorder("here")
    recorder.record([happened("Old"), happened("Again")], NOW)
    recorder.record([happened("Again")], NOW + TTL_SECONDS - 1)
    recorder.record([happened("New")], NOW + TTL_SECONDS)
    assert [each.reason for each in recorder.events().values()] == ["Again", "New"]


def test_a_flood_of_one_change_keeps_what_was_there_and_says_that_it_is_cut():
    recorder = Recorder("here")
    recorder.record([happened("Important")], NOW)
    recorder.record((happened(message=str(n)) for n in range(10_000)), NOW + 1)
    reasons = [each.reason for each in recorder.events().values()]
    assert reasons == ["Important", *["Updated"] * BURST, "EventsSkipped"]
    assert list(recorder.events().values())[-1].message == f"{10_000 - BURST} more events of one change were not kept"


def test_there_are_never_more_events_than_may_be():
    recorder = Recorder("here")
    for n in range(EVENTS_AT_MOST + 50):
        recorder.record([happened(message=str(n))], NOW + n / 100)
    messages = [each.message for each in recorder.events().values()]
    assert len(messages) == EVENTS_AT_MOST
    assert messages[0] == "50"


def test_nothing_is_no_news():
    recorder = Recorder("here")
    assert not recorder.record([], NOW)
    assert recorder.record([happened()], NOW)


def events():
    recorder = Recorder("here")
    recorder.record([happened("Created", "two\nlines")], NOW)
    recorder.record([happened("Failed", subject=Subject("Node", "", "n1"), kind=EventType.WARNING)], NOW + 10)
    recorder.record([happened("Created", "two\nlines")], NOW + 200)
    return ordered(recorder.events().values())


def test_the_table_is_that_of_kubectl_events():
    table = EventsTable(with_namespace=True, headings=True)
    now = datetime.fromtimestamp(NOW + 230, UTC)
    assert table.lines(events(), now) == [
        "NAMESPACE   LAST SEEN             TYPE      REASON    OBJECT        MESSAGE",
        "default     3m40s                 Warning   Failed    Node/n1       m",
        "shop        30s (x2 over 3m50s)   Normal    Created   Service/web   two lines",
    ]
    assert table.lines(events()[:1], now) == [
        "default     3m40s                 Warning   Failed    Node/n1       m"
    ], "a row that comes later keeps the columns, and needs no headings"


@pytest.mark.parametrize(
    ("wanted", "reasons"),
    [
        (Wanted(), ["Failed", "Created"]),
        (Wanted(types=("warning",)), ["Failed"]),
        (Wanted(kind="service", name="web"), ["Created"]),
        (Wanted(kind="Service", name="api"), []),
        (Wanted(kind="Node"), ["Failed"]),
    ],
)
def test_events_are_chosen_by_object_and_type(wanted, reasons):
    assert [each.reason for each in events() if wanted.matches(each)] == reasons
