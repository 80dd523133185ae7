import pytest

from dns.framing import Framer, framed

MESSAGES = [b"", b"a", b"bc" * 300, bytes(65535)]


def messages(framer):
    found = []
    while (message := framer.next_message()) is not None:
        found.append(message)
    return found


@pytest.mark.parametrize("size", [1, 2, 3, 1000, 100_000])
def test_messages_come_whole_however_the_stream_is_cut(size):
    stream = b"".join(map(framed, MESSAGES))
    framer, found = Framer(), []
    for start in range(0, len(stream), size):
        framer.feed(stream[start : start + size])
        found += messages(framer)
    assert found == MESSAGES


def test_a_message_waits_for_its_last_octet():
    framer = Framer()
    framer.feed(b"\0\2a")
    assert messages(framer) == []
    framer.feed(b"b\0")
    assert messages(framer) == [b"ab"]
