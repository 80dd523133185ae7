"""Pure: DNS messages in a TCP stream, each behind its length in two octets (RFC 1035 4.2.2), however they are cut."""

PREFIX_LENGTH = 2


class Framer:
    """Bytes of a stream in, whole messages out; keeps no more than it was fed and did not give away."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> None:
        """More of the stream."""
        self._buffer += data

    def next_message(self) -> bytes | None:
        """The next whole message, without its length; `None` until it has come."""
        if len(self._buffer) < PREFIX_LENGTH:
            return None
        end = PREFIX_LENGTH + int.from_bytes(self._buffer[:PREFIX_LENGTH])
        if len(self._buffer) < end:
            return None
        message = bytes(self._buffer[PREFIX_LENGTH:end])
        del self._buffer[:end]
        return message


def framed(message: bytes) -> bytes:
    """The message behind its length; it has at most 65535 octets."""
    return len(message).to_bytes(PREFIX_LENGTH) + message
