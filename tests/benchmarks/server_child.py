"""The server side of ``server.py``: one variant in a process of its own, on one core.

It prints ``PORT``, then obeys lines on stdin and answers each with one of JSON:
``say RATE SECONDS``, ``flood SECONDS``, ``history COUNT``, ``stats``.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
import tempfile
import time
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import msgspec
import uvicorn
from starlette.applications import Starlette
from starlette.responses import StreamingResponse
from starlette.routing import Route

from aura_tui.engine.service import EmbeddedService
from aura_tui.model.request import Brief, JobRequest
from aura_tui.server import tokens
from aura_tui.server.options import ServeOptions
from aura_tui.server.serve import serve
from aura_tui.settings import EngineSettings, Settings
from aura_tui.wire import event_json
from tests.benchmarks.log import progress

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

BATCH = 100  # events published at once in a flood


class Publisher(Protocol):
    """What a variant does with events: all of them, then the next."""

    job_id: str

    async def publish(self, count: int) -> None: ...


async def say(publisher: Publisher, rate: float, seconds: float) -> int:
    """Publish evenly; how many it were."""
    began, count = time.perf_counter(), 0
    while (now := time.perf_counter() - began) < seconds:
        if count <= now * rate:
            await publisher.publish(1)
            count += 1
        else:
            await asyncio.sleep(max(0.0, count / rate - now))
    return count


async def flood(publisher: Publisher, seconds: float) -> int:
    """Publish as fast as all of it is handed on."""
    began, count = time.perf_counter(), 0
    while time.perf_counter() - began < seconds:
        await publisher.publish(BATCH)
        await asyncio.sleep(0)
        count += BATCH
    return count


def stats() -> dict[str, float]:
    """CPU seconds and resident bytes of this process."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return {"cpu": time.process_time(), "rss": pages * os.sysconf("SC_PAGE_SIZE")}


async def obey(publisher: Publisher) -> None:
    """Lines of stdin, one after the other."""
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := (await reader.readline()).decode():
        command, *numbers = line.split()
        given = [float(number) for number in numbers]
        answer: dict[str, Any] = {"job": publisher.job_id}
        if command == "say":
            answer["count"] = await say(publisher, *given)
        elif command == "flood":
            answer["count"] = await flood(publisher, *given)
        elif command == "history":
            for _ in range(int(given[0]) // BATCH):
                await publisher.publish(BATCH)
        print(json.dumps(answer | stats()), flush=True)


# -- ours ------------------------------------------------------------------------------------------


class Engine:
    """Durable events of one job."""

    def __init__(self, service: EmbeddedService, job_id: str) -> None:
        self._service = service
        self.job_id = job_id

    async def publish(self, count: int) -> None:
        log = self._service._log
        await log.append(self.job_id, log.run(self.job_id), [
            progress(self.job_id, i) for i in range(count)
        ])  # fmt: skip


async def ours(folder: Path) -> None:
    settings = Settings(home=folder, engine=EngineSettings(min_free_mb=1))
    options = ServeOptions(tokens=folder / tokens.FILE, port=0)
    tasks: list[asyncio.Task[None]] = []

    @contextlib.asynccontextmanager
    async def opened() -> AsyncIterator[EmbeddedService]:
        async with EmbeddedService(settings, work=False) as service:
            job = await service.submit(JobRequest(brief=Brief(topic="x")))
            tasks.append(asyncio.create_task(obey(Engine(service, job.id))))
            yield service

    await serve(opened, settings, options, say=lambda line: print(line.split(":")[-1], flush=True))


# -- the others: events that are in memory alone ---------------------------------------------------


class Hub:
    """Hands events to whoever took part."""

    job_id = "x"

    def __init__(self) -> None:
        self.queues: set[asyncio.Queue[dict[str, Any]]] = set()
        self.log: deque[dict[str, Any]] = deque(maxlen=65536)
        self.count = 0

    async def publish(self, count: int) -> None:
        for i in range(count):
            self.count += 1
            event = {
                "id": str(self.count),
                "event": "step-progress",
                "data": msgspec.to_builtins(progress("0000000000", i)),
            }
            self.log.append(event)
            for queue in self.queues:
                queue.put_nowait(event)


def encoded(event: dict[str, Any]) -> str:
    data = json.dumps(event["data"])
    return f"id: {event['id']}\nevent: {event['event']}\ndata: {data}\n\n"


async def queued(hub: Hub) -> AsyncIterator[str]:
    """The usual recipe: a queue of dicts per reader."""
    queue: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    hub.queues.add(queue)
    try:
        yield ": hi\n\n"
        while True:
            yield encoded(await queue.get())
    finally:
        hub.queues.discard(queue)


async def polled(hub: Hub) -> AsyncIterator[str]:
    """Looks every 500 ms."""
    seen = hub.count
    yield ": hi\n\n"
    while True:
        await asyncio.sleep(0.5)
        new, seen = hub.count - seen, hub.count
        if new:
            yield "".join(encoded(event) for event in list(hub.log)[-new:])


async def starlette(stream: Callable[[Hub], AsyncIterator[str]]) -> None:
    hub = Hub()

    async def events(_: object) -> StreamingResponse:
        return StreamingResponse(stream(hub), media_type="text/event-stream")

    config = uvicorn.Config(
        Starlette(routes=[Route("/{rest:path}", events)]),
        port=0, log_level="error", access_log=False, http="httptools",
        timeout_graceful_shutdown=1,
    )  # fmt: skip
    server = uvicorn.Server(config)
    obeying = asyncio.create_task(obey(hub))
    serving = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    print(server.servers[0].sockets[0].getsockname()[1], flush=True)
    await serving
    obeying.cancel()


class Bare(asyncio.Protocol):
    """An answer's head, then whatever is written."""

    transports: set[asyncio.Transport] = set()  # noqa: RUF012  # of all connections

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._transport.write(
            b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n8\r\n: hi\n\n\n\n\r\n"
        )
        self.transports.add(self._transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self.transports.discard(self._transport)


class Floor:
    job_id = "x"

    async def publish(self, count: int) -> None:
        frames = b"".join(
            b"id: 1-1\nevent: step-progress\ndata: %s\n\n"
            % event_json.encode(progress("0" * 10, i))
            for i in range(count)
        )
        chunk = b"%x\r\n%s\r\n" % (len(frames), frames)
        for transport in Bare.transports:
            transport.write(chunk)


async def floor() -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Bare, "127.0.0.1", 0, backlog=2048)
    print(server.sockets[0].getsockname()[1], flush=True)
    await obey(Floor())


def main(variant: str) -> None:
    """Be one of them until stdin ends or a signal comes."""
    import resource

    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 20_000), hard))
    os.sched_setaffinity(0, {0})
    runs: dict[str, Callable[[], Awaitable[None]]] = {
        "recipe": lambda: starlette(queued),
        "poll": lambda: starlette(polled),
        "floor": floor,
    }
    with tempfile.TemporaryDirectory() as folder:
        if variant.startswith("ours"):
            factory = None
            if variant == "ours-uvloop":
                import uvloop

                factory = uvloop.new_event_loop
            with asyncio.Runner(loop_factory=factory) as runner:
                runner.run(ours(Path(folder)))
        else:
            asyncio.run(runs[variant]())  # type: ignore[arg-type]  # each is a coroutine


if __name__ == "__main__":
    main(sys.argv[1])
