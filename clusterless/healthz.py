"""I/O: asks a health endpoint once, as an image's HEALTHCHECK does; it loads nothing but the standard library."""

from http.client import HTTPConnection, HTTPException
from typing import NamedTuple
from urllib.parse import urlsplit

MOST_BYTES = 65536


class Answer(NamedTuple):
    """Whether the endpoint says that all is well, and its words, or why there are none."""

    is_good: bool
    text: str


def probe(url: str, seconds: float) -> Answer:
    """Ask `url` (http), giving up after `seconds` of silence. As the kubelet judges: 200 to 399 is good.

    Raises ValueError for a URL that cannot be asked.
    """
    parts = urlsplit(url)
    if parts.scheme != "http" or not parts.hostname:
        raise ValueError(f"{url}: must be http://HOST[:PORT][/PATH]")
    connection = HTTPConnection(parts.hostname, parts.port, timeout=seconds)
    path = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
    try:
        connection.request("GET", path)
        reply = connection.getresponse()
        body = reply.read(MOST_BYTES).decode(errors="replace").strip()
    except OSError as error:
        return Answer(is_good=False, text=f"{url}: {error.strerror or error}")
    except HTTPException as error:
        return Answer(is_good=False, text=f"{url}: does not answer in HTTP: {error!r}")
    finally:
        connection.close()
    is_good = 200 <= reply.status < 400
    return Answer(is_good, body if is_good else f"{url}: {reply.status} {reply.reason}: {body}")
