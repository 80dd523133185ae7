"""The client side of the introspection port: `get`, `events`, `top` and others ask a running agent through it."""

import http
import http.client
import json
import socket
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

DEFAULT_SERVER = "http://127.0.0.1:10249"

# To connect, and between two pieces of an answer.
ANSWER_SECONDS = 30.0

# A watch is silent for as long as nothing happens; the server sends a bookmark a minute, so that silence means that
# it is gone. client-go relies on bookmarks alike (tools/cache/reflector.go).
SILENCE_SECONDS = 150.0


class ServerError(Exception):
    """What kubectl would print; `code` is the HTTP status, 0 where there was no answer."""

    def __init__(self, text: str, code: int = 0) -> None:
        super().__init__(text)
        self.code = code


class Client:
    """Asks the agent at a URL, `http://HOST:PORT` or `HOST:PORT`. Raises ServerError for a URL of another scheme."""

    def __init__(self, url: str = DEFAULT_SERVER) -> None:
        parts = urlsplit(url if "://" in url else f"http://{url}")
        try:
            host, port = parts.hostname, parts.port or 80
        except ValueError as error:
            raise ServerError(f"error: {url}: {error}") from error
        if parts.scheme != "http" or not host:
            raise ServerError(f"error: {url}: must be http://HOST:PORT, the metrics address of an agent")
        self._host, self._port = host, port

    def get(self, path: str, **query: object) -> dict[str, Any]:
        """The JSON object at a path; a query parameter that is `None` or `""` is left out. Raises ServerError."""
        connection, response = self._ask(path, query, ANSWER_SECONDS)
        try:
            return _object(response.read())
        except (OSError, http.client.HTTPException) as error:
            raise self._unreachable(error) from error
        finally:
            connection.close()

    def watch(self, path: str, **query: object) -> Iterator[dict[str, Any]]:
        """The events of a watch, `{"type": "ADDED", "object": {...}}`, as they come; ends when the server ends it.

        Bookmarks are asked for, and not shown. Raises ServerError, also for an event of type ERROR.
        """
        asked = {**query, "watch": "true", "allowWatchBookmarks": "true"}
        connection, response = self._ask(path, asked, SILENCE_SECONDS)
        try:
            while line := response.readline():
                event = _object(line)
                if event.get("type") == "ERROR":
                    raise _refusal(event.get("object", {}), http.HTTPStatus.INTERNAL_SERVER_ERROR)
                if event.get("type") != "BOOKMARK":
                    yield event
        except (OSError, http.client.HTTPException) as error:
            raise self._unreachable(error) from error
        finally:
            connection.close()

    def _ask(
        self, path: str, query: dict[str, object], seconds: float
    ) -> tuple[http.client.HTTPConnection, http.client.HTTPResponse]:
        """A response with status 200, whose body is to be read, and its connection, which is to be closed."""
        said = {name: str(value) for name, value in query.items() if value not in (None, "")}
        target = quote(path) + (f"?{urlencode(said)}" if said else "")
        connection = http.client.HTTPConnection(self._host, self._port, timeout=seconds)
        try:
            connection.request("GET", target, headers={"Accept": "application/json"})
            response = connection.getresponse()
            if response.status != http.HTTPStatus.OK:
                raise _refused(response.read(), response.status)
        except (OSError, http.client.HTTPException, UnicodeError) as error:  # the last for `a..b`, which is no name
            connection.close()
            raise self._unreachable(error) from error
        except ServerError:
            connection.close()
            raise
        return connection, response

    def _unreachable(self, error: Exception) -> ServerError:
        """The words of kubectl (cmd/util/helpers.go)."""
        place = f"[{self._host}]:{self._port}" if ":" in self._host else f"{self._host}:{self._port}"
        if isinstance(error, ConnectionRefusedError):
            return ServerError(
                f"The connection to the server {place} was refused - did you specify the right host or port?"
            )
        if isinstance(error, (socket.gaierror, UnicodeError)):
            is_unknown = isinstance(error, UnicodeError) or error.errno == socket.EAI_NONAME
            why = "no such host" if is_unknown else str(error)
            return ServerError(f"Unable to connect to the server: dial tcp: lookup {self._host}: {why}")
        reason = "i/o timeout" if isinstance(error, TimeoutError) else str(error) or type(error).__name__
        return ServerError(f"Unable to connect to the server: {place}: {reason}")


def _object(text: bytes) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except ValueError as error:
        raise ServerError(f"error: the server's answer is not JSON: {error}") from error
    if not isinstance(value, dict):
        raise ServerError("error: the server's answer is not an object")
    return value


def _refused(body: bytes, code: int) -> ServerError:
    try:
        status = json.loads(body)
    except ValueError:
        status = {}
    return _refusal(status if isinstance(status, dict) else {}, code)


def _refusal(status: dict[str, Any], code: int) -> ServerError:
    """A Status of the API server in kubectl's words; what is no Status says only its code."""
    code = int(status.get("code") or code)
    if status.get("kind") != "Status":
        return ServerError(f"Error from server: the server answered {code}: is it an agent's metrics address?", code)
    reason = f" ({status['reason']})" if status.get("reason") else ""
    return ServerError(f"Error from server{reason}: {status.get('message', '')}", code)
