"""Answers that the node and the load balancer give alike: a scrape, and whether a generation is in force."""

import asyncio
import importlib
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from http import HTTPStatus
from typing import TYPE_CHECKING

import msgspec

from clusterless.configuration.settings import Settings, as_file

from .httpserver import OpsReply, OpsRequest, OpsStream

if TYPE_CHECKING:
    from prometheus_client.registry import Collector

_NOT_ALLOWED = OpsReply(HTTPStatus.METHOD_NOT_ALLOWED, b"405 Method Not Allowed\n", headers={"Allow": "GET, HEAD"})

GROUP = "kubeproxy.config.k8s.io"


def scrape(
    collectors: Callable[[], "AsyncIterator[Collector]"],
) -> Callable[[OpsRequest], Awaitable[OpsReply | OpsStream]]:
    """`/metrics`: one family after the other, so that connections are served between them."""

    async def answer(request: OpsRequest) -> OpsReply | OpsStream:
        if request.method not in ("GET", "HEAD"):
            return _NOT_ALLOWED
        await asyncio.to_thread(importlib.import_module, "clusterless.metrics.families")  # for the first scrape
        from clusterless.metrics.families import CONTENT_TYPE  # noqa: PLC0415 - nobody may ever scrape

        return OpsStream(_pieces(collectors()), CONTENT_TYPE)

    return answer


async def _pieces(collectors: "AsyncIterator[Collector]") -> AsyncGenerator[bytes, None]:
    from clusterless.metrics.families import exposition_by_family  # noqa: PLC0415 - as above

    async for collector in collectors:
        for piece in exposition_by_family(collector):
            yield piece
            await asyncio.sleep(0)


def configz(settings: Settings) -> OpsReply:
    """`/configz`: the settings that are in force, where kube-proxy shows its own."""
    return OpsReply(body=msgspec.json.encode({GROUP: as_file(settings)}), content_type="application/json")


def readyz(generation: Callable[[], int]) -> Callable[[OpsRequest], OpsReply]:
    """`/readyz`: 200 once a generation is in force; with `?generation=N`, once it is this one or a later one.

    Who changed a manifest asks until the answer is 200, as `kubectl wait` would. The body says which one it is now.
    """

    def answer(request: OpsRequest) -> OpsReply:
        if request.method not in ("GET", "HEAD"):
            return _NOT_ALLOWED
        wanted = request.query.get("generation", "1")
        if not (wanted.isascii() and wanted.isdigit() and len(wanted) < 19):
            return OpsReply(HTTPStatus.BAD_REQUEST, b"generation: must be a number\n")
        now = generation()
        status = HTTPStatus.OK if now >= max(int(wanted), 1) else HTTPStatus.SERVICE_UNAVAILABLE
        return OpsReply(status, msgspec.json.encode({"generation": now}) + b"\n", "application/json")

    return answer
