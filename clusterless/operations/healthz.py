"""I/O: asks a health endpoint once, as an image's HEALTHCHECK does every few seconds: so it loads next to nothing."""

import os
import socket
import sys
from typing import NamedTuple
from urllib.parse import urlsplit

DEFAULT_URL = "http://127.0.0.1:10256/healthz"  # where an agent of ours, and kube-proxy, answer for themselves
VARIABLE = "CLUSTERLESS_HEALTHZ_URL"
TIMEOUT_SECONDS = 2.0
MOST_BYTES = 65536


class Answer(NamedTuple):
    """Whether the endpoint says that all is well, and its words, or why there are none."""

    is_good: bool
    text: str


def main(url: str = "") -> int:
    """`clusterless healthz [URL]` without the command line's libraries, which take longer than the question.

    Returns the exit code.
    """
    try:
        answer = probe(url or os.environ.get(VARIABLE) or DEFAULT_URL, TIMEOUT_SECONDS)
    except ValueError as error:
        sys.stderr.write(f"error: {error}\n")
        return 2
    (sys.stdout if answer.is_good else sys.stderr).write(f"{answer.text}\n")
    return 0 if answer.is_good else 1


def probe(url: str, seconds: float) -> Answer:
    """Ask `url` (http), giving up after `seconds` of silence. As the kubelet judges: 200 to 399 is good.

    Raises ValueError for a URL that cannot be asked.
    """
    parts = urlsplit(url)
    if parts.scheme != "http" or not parts.hostname:
        raise ValueError(f"{url}: must be http://HOST[:PORT][/PATH]")
    target = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
    request = f"GET {target} HTTP/1.0\r\nHost: {parts.netloc}\r\nConnection: close\r\n\r\n"
    try:
        reply = _ask((parts.hostname, parts.port or 80), request.encode(), seconds)
    except OSError as error:
        return Answer(is_good=False, text=f"{url}: {error.strerror or error}")
    head, _, body = reply.partition(b"\r\n\r\n")
    protocol, _, status = head.partition(b"\r\n")[0].decode("latin-1").partition(" ")
    if not protocol.startswith("HTTP/") or not status[:3].isdecimal():
        return Answer(is_good=False, text=f"{url}: does not answer in HTTP")
    text = body.decode(errors="replace").strip()
    is_good = 200 <= int(status[:3]) < 400
    return Answer(is_good, text if is_good else f"{url}: {status}: {text}")


def _ask(place: tuple[str, int], request: bytes, seconds: float) -> bytes:
    """All that is answered until the other side closes, as far as it is of interest."""
    reply = bytearray()
    with socket.create_connection(place, seconds) as connection:
        connection.sendall(request)
        while len(reply) < MOST_BYTES and (piece := connection.recv(MOST_BYTES)):
            reply += piece
    return bytes(reply)
