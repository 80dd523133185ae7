"""What the demo backend answers over HTTP."""

import asyncio
import math
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import NamedTuple

import msgspec

from .httpservice import Request, Response

MOST_SECONDS = 3600.0
MOST_BYTES = 2**40
_PIECE = b"0123456789abcdef" * 4096


class PodIdentity(NamedTuple):
    """Who answers."""

    name: str
    namespace: str
    node: str
    addresses: tuple[str, ...]


class _BadQueryError(Exception):
    """A query parameter that is no number, or out of its range; the text says what would be right."""


class PodPages:
    """Answers requests; `POST /fail` and `/heal` switch what `/healthz` says."""

    def __init__(self, identity: PodIdentity, environment: Mapping[str, str]) -> None:
        self._identity = identity
        self._environment = environment
        self._healthy = True
        self._pages: dict[str, tuple[str, Callable[[Request], Awaitable[Response]]]] = {
            "/": ("GET", self._who),
            "/hostname": ("GET", self._hostname),
            "/healthz": ("GET", self._health),
            "/env": ("GET", self._env),
            "/slow": ("GET", self._slow),
            "/bytes": ("GET", self._bytes),
            "/echo": ("POST", self._echo),
            "/fail": ("POST", self._fail),
            "/heal": ("POST", self._heal),
        }

    async def answer(self, request: Request) -> Response:
        """The page that the request asks for."""
        method, page = self._pages.get(request.path, ("", None))
        if page is None:
            return _text("not found", HTTPStatus.NOT_FOUND)
        allowed = {"GET", "HEAD"} if method == "GET" else {"POST", "PUT"}
        if request.method not in allowed:
            return _text("method not allowed", HTTPStatus.METHOD_NOT_ALLOWED, {"Allow": ", ".join(sorted(allowed))})
        try:
            return await page(request)
        except _BadQueryError as error:
            return _text(str(error), HTTPStatus.BAD_REQUEST)

    async def _who(self, request: Request) -> Response:
        return _json(
            {
                "pod": self._identity.name,
                "namespace": self._identity.namespace,
                "node": self._identity.node,
                "addresses": self._identity.addresses or (request.server.address,),
                "client": request.client._asdict(),
                "server": request.server._asdict(),
                "host": request.headers.get("host", ""),
            }
        )

    async def _hostname(self, _request: Request) -> Response:
        return _text(self._identity.name)

    async def _health(self, _request: Request) -> Response:
        return _text("ok") if self._healthy else _text("failing", HTTPStatus.SERVICE_UNAVAILABLE)

    async def _fail(self, _request: Request) -> Response:
        self._healthy = False
        return _text("failing")

    async def _heal(self, _request: Request) -> Response:
        self._healthy = True
        return _text("ok")

    async def _env(self, _request: Request) -> Response:
        return _json(dict(sorted(self._environment.items())))

    async def _slow(self, request: Request) -> Response:
        seconds = _number(request, "seconds", "1", MOST_SECONDS)
        await asyncio.sleep(seconds)
        return _text(f"{self._identity.name} slept {seconds:g} s")

    async def _bytes(self, request: Request) -> Response:
        size = int(_number(request, "size", "1000000", MOST_BYTES))
        return Response(content_type="application/octet-stream", stream=_pieces(size), size=size)

    async def _echo(self, request: Request) -> Response:
        content_type = request.headers.get("content-type", "application/octet-stream")
        return Response(content_type=content_type, body=request.body)


def _number(request: Request, name: str, default: str, most: float) -> float:
    text = request.query.get(name, default)
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not 0 <= number <= most:
        raise _BadQueryError(f"{name}: must be a number from 0 to {most:.0f}")
    return number


async def _pieces(size: int) -> AsyncIterator[bytes]:
    while size > 0:
        yield _PIECE[:size]
        size -= len(_PIECE)


def _text(text: str, status: HTTPStatus = HTTPStatus.OK, headers: Mapping[str, str] | None = None) -> Response:
    return Response(status=status, body=f"{text}\n".encode(), headers=headers or {})


def _json(value: object) -> Response:
    return Response(content_type="application/json", body=msgspec.json.encode(value) + b"\n")
