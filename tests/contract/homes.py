"""The homes of a JobService: each gives the same past, made once by a real embedded engine."""

from __future__ import annotations

import io
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import msgspec
from msgspec.structs import replace

from aura_tui.client.service import RemoteService
from aura_tui.engine.home import Home
from aura_tui.engine.read_only import ReadOnlyService
from aura_tui.engine.service import EmbeddedService
from aura_tui.errors import Code, StageError
from aura_tui.model.request import RenderSpec
from aura_tui.replay.recording import parse, record
from aura_tui.replay.service import ReplayService
from aura_tui.service import JobService
from tests.client.served import ServerProcess
from tests.engine.conftest import request
from tests.engine.stages import SmallStages, forever

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from contextlib import AbstractAsyncContextManager

    from aura_tui.pipeline.context import StageContext
    from aura_tui.settings import Settings

    Home_ = Callable[[Settings], AbstractAsyncContextManager["Past"]]


class Past(msgspec.Struct, frozen=True):
    """A service, and the ids of three jobs that have ended, oldest first."""

    service: JobService
    succeeded: str
    failed: str
    cancelled: str


async def _hook(stage: str, ctx: StageContext, scene: int) -> None:
    ctx.children.clock.advance(1.0)
    if stage == "render" and ctx.request.brief.text == "fails":
        raise StageError(Code.RENDER_FAILED, "The encoder broke", "Try again.")
    if stage == "voice" and ctx.request.brief.text == "hangs":
        ctx.warn("It hangs")
        await forever()


async def _drain(service: EmbeddedService, job_id: str) -> None:
    async for envelope in service.events(job_id):
        if "It hangs" in str(envelope.event):
            await service.cancel(job_id)


@asynccontextmanager
async def embedded(settings: Settings) -> AsyncIterator[Past]:
    """The engine itself."""
    async with EmbeddedService(settings, stages=SmallStages(_hook)) as service:
        ids = []
        for text in ("works", "fails", "hangs"):
            # Of the size that the small stages tell.
            asked = replace(request(text), render_spec=RenderSpec(res="128x128"))
            job = await service.submit(asked)
            await _drain(service, job.id)
            ids.append(job.id)
        yield Past(service, *ids)


@asynccontextmanager
async def reader(settings: Settings) -> AsyncIterator[Past]:
    """A second process's look at the store, the engine being alive."""
    async with embedded(settings) as past, ReadOnlyService(Home(settings.home)) as service:
        yield Past(service, past.succeeded, past.failed, past.cancelled)


@asynccontextmanager
async def recorded(settings: Settings) -> AsyncIterator[Past]:
    """A recording of the same jobs, played to its end."""
    lines = io.BytesIO()
    async with embedded(settings) as past:
        for job_id in (past.succeeded, past.failed, past.cancelled):
            await record(past.service, job_id, lines)
    service = ReplayService(parse(lines.getvalue().splitlines(True)), speed=0)
    for job in service.job_ids:
        async for _ in service.events(job):
            pass
    yield Past(service, past.succeeded, past.failed, past.cancelled)


@asynccontextmanager
async def remote(settings: Settings) -> AsyncIterator[Past]:
    """The same jobs behind a server process, over TCP."""
    async with embedded(settings) as past:
        pass
    async with (
        ServerProcess(settings.home) as server,
        RemoteService(server.url, cache=settings.home.parent / "cache") as service,
    ):
        yield Past(service, past.succeeded, past.failed, past.cancelled)


@asynccontextmanager
async def neighbour(settings: Settings) -> AsyncIterator[Past]:
    """The same jobs in another process of the same user, over its Unix socket."""
    async with embedded(settings) as past:
        pass
    async with (
        ServerProcess(settings.home) as server,
        RemoteService(uds=server.socket, cache=settings.home.parent / "cache") as service,
    ):
        yield Past(service, past.succeeded, past.failed, past.cancelled)


HOMES: dict[str, Home_] = {
    "embedded": embedded,
    "reader": reader,
    "replay": recorded,
    "remote": remote,
    "neighbour": neighbour,
}
