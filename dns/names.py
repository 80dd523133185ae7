"""Pure: domain names as tuples of labels: spelling, comparison, and the master file text of RFC 1035 section 5.1."""

import re

from .model import Labels

MAX_LABEL = 63  # octets, RFC 1035 2.3.4
MAX_NAME = 255  # octets on the wire, with every length octet and the root's (RFC 1035 2.3.4)

_TEXT = re.compile(rb"\\([0-9]{3})|\\([^0-9])|(\.)|([^\\.])", re.DOTALL)
_SPECIAL = frozenset(b'.\\"();@$')


def lower(name: Labels) -> Labels:
    """The name as it is compared: ASCII letters in lower case, all other octets as they are (RFC 4343)."""
    return tuple([label.lower() for label in name])


def is_within(name: Labels, ancestor: Labels) -> bool:
    """Whether `name` is `ancestor` or lies below it. Both in lower case; the root `()` holds every name."""
    depth = len(ancestor)
    return depth == 0 or name[-depth:] == ancestor


def wire_length(name: Labels) -> int:
    """How many octets the name takes uncompressed."""
    return 1 + sum(len(label) + 1 for label in name)


def from_text(text: str) -> Labels:
    r"""A name from its text, with or without the final dot; `\.` and `\046` are octets of a label.

    Raises ValueError for an empty label, a label over 63 or a name over 255 octets, and for what is not ASCII.
    """
    source = text.encode("ascii")
    if source in (b"", b"."):
        return ()
    labels = _split(source)
    if not labels[-1]:
        labels.pop()
    if not all(0 < len(label) <= MAX_LABEL for label in labels) or wire_length(tuple(labels)) > MAX_NAME:
        raise ValueError(f"not a domain name: {text!r}")
    return tuple(labels)


def _split(source: bytes) -> list[bytes]:
    labels, label, position = [], bytearray(), 0
    while position < len(source):
        token = _TEXT.match(source, position)
        if token is None:
            raise ValueError(f"not a domain name: {source!r}")
        position = token.end()
        decimal, escaped, dot, plain = token.groups()
        if dot:
            labels.append(bytes(label))
            label.clear()
        elif decimal:
            label.append(_octet(decimal))
        else:
            label += escaped or plain
    return [*labels, bytes(label)]


def _octet(digits: bytes) -> int:
    value = int(digits)
    if value > 255:
        raise ValueError(f"no octet: \\{digits.decode()}")
    return value


def to_text(name: Labels) -> str:
    r"""The name's text with its final dot; octets that mean something else in text are escaped."""
    return "".join(f"{_label_text(label)}." for label in name) or "."


def _label_text(label: bytes) -> str:
    if label.isalnum():
        return label.decode("ascii")
    return "".join([_octet_text(octet) for octet in label])


def _octet_text(octet: int) -> str:
    if octet in _SPECIAL:
        return f"\\{chr(octet)}"
    return chr(octet) if 0x20 < octet < 0x7F else f"\\{octet:03d}"
