"""A real server on a free port, over a real engine of small stages."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import httpx
import msgspec
from msgspec.structs import replace

from aura_tui.engine.service import EmbeddedService
from aura_tui.server import tokens
from aura_tui.server.options import ServeOptions
from aura_tui.server.serve import serve
from tests.engine.stages import SmallStages

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from aura_tui.model.events import Envelope
    from aura_tui.service import JobService
    from aura_tui.settings import Settings


class Served:
    """A server at work. ``told``: what it said to the person who started it."""

    def __init__(self, service: EmbeddedService, told: list[str], socket_path: Path) -> None:
        self.service = service
        self.told = told
        self.socket_path = socket_path
        self.url = told[0].rpartition(" ")[2]
        self.port = int(self.url.rpartition(":")[2])

    def client(self, token: str = "", **headers: str) -> httpx.AsyncClient:
        """A client of it; ``token`` goes into every request."""
        if token:
            headers["Authorization"] = f"Bearer {token}"
        return httpx.AsyncClient(base_url=self.url, headers=headers, timeout=10, trust_env=False)

    def local(self) -> httpx.AsyncClient:
        """A client of its Unix socket."""
        transport = httpx.AsyncHTTPTransport(uds=str(self.socket_path))
        return httpx.AsyncClient(base_url="http://engine", transport=transport, timeout=10)


@asynccontextmanager
async def served(
    settings: Settings,
    stages: SmallStages | None = None,
    service: JobService | None = None,
    **options: object,
) -> AsyncIterator[Served]:
    """Serve a new engine while the block lasts. ``options`` change the ServeOptions."""
    engine = EmbeddedService(settings, stages=stages or SmallStages())
    told: list[str] = []
    ready, stop = asyncio.Event(), asyncio.Event()
    path = settings.home / "engine.sock"

    def say(line: str) -> None:
        told.append(line)
        ready.set()

    @asynccontextmanager
    async def opened() -> AsyncIterator[JobService]:
        async with engine:
            yield service or engine

    chosen = replace(ServeOptions(tokens=settings.home / tokens.FILE, port=0), **options)
    serving = asyncio.create_task(
        serve(opened, settings, chosen, socket_path=path, say=say, stop=stop)
    )
    waiting = asyncio.create_task(ready.wait())
    try:
        await asyncio.wait((serving, waiting), return_when=asyncio.FIRST_COMPLETED)
        if serving.done():
            serving.result()
        yield Served(engine, told, path)
    finally:
        stop.set()
        waiting.cancel()
        await serving


class Frame(msgspec.Struct, frozen=True):
    """A block of a stream, as any reader has it."""

    event: str
    data: str
    id: str = ""
    retry: str = ""


def parse(text: str) -> list[Frame]:
    """The whole frames of a stream."""
    frames = []
    for block in text.split("\n\n")[:-1]:
        fields = dict(line.partition(": ")[::2] for line in block.split("\n"))
        frames.append(msgspec.convert(fields, Frame))
    return frames


async def stream(
    client: httpx.AsyncClient, path: str, after: str | None = None, until: str | None = None
) -> list[Frame]:
    """Read a stream to its end, or to the first frame named ``until``."""
    headers = {"Last-Event-ID": after} if after is not None else {}
    text = ""
    async with client.stream("GET", path, headers=headers) as response:
        assert response.status_code == 200, await response.aread()
        assert response.headers["content-type"] == "text/event-stream"
        async for part in response.aiter_text():
            text += part
            if until is not None and any(frame.event == until for frame in parse(text)):
                break
    return parse(text)


def of_jobs(frames: list[Frame]) -> list[Frame]:
    """Those with an id: events of jobs, none of the connection."""
    return [frame for frame in frames if frame.id]


def as_frames(envelopes: list[Envelope]) -> list[Frame]:
    """What events look like as frames."""
    from aura_tui.wire import sse

    return parse(b"".join(map(sse.envelope_frame, envelopes)).decode())
