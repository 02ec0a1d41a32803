"""Streams by the thousand: latency, memory, CPU, floods, replay, and the end on a signal.

``python -m tests.benchmarks.server [STREAMS] [--first]``. The server has one core, the readers
another. Latency is from an event's making, before it is durable, to its bytes in the readers'
process; for one stream also to the event in our client. Beside ours: the usual recipe (a queue of
dicts per reader), a 500 ms poll, and bare sockets.

On a machine that others use, the 99th percentile is theirs: bare sockets in the same run tell.
``--first`` puts all of it before other processes (SCHED_FIFO, which needs root).
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import resource
import signal
import statistics
import sys
import time
from contextlib import aclosing, asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aura_tui.client.service import RemoteService
from tests.benchmarks.measure import machine, spread

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

ROOT = Path(__file__).parent.parent.parent
STREAMS = 1000
RATE, SECONDS = 20, 10
FLOOD_S = 4
HISTORY = 100_000
_MADE = re.compile(rb'"jobId": ?"[^"]*", ?"correlationId": ?"[^"]*", ?"timestamp": ?"([^"]*)"')
_NAME = b"\nevent: step-progress"


class Reader(asyncio.Protocol):
    """Counts frames, and how long each took to come when asked to."""

    latencies_ms: list[float] | None = None  # of all readers; None: not asked

    def __init__(self, path: str) -> None:
        self._path = path
        self._rest = b""
        self.frames = 0
        self.bytes = 0
        self.open = asyncio.Event()
        self.closed = asyncio.Event()
        self.wanted = 0  # frames until `reached`
        self.reached = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        transport.write(f"GET {self._path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())

    def data_received(self, data: bytes) -> None:
        self.bytes += len(data)
        self.open.set()
        if Reader.latencies_ms is None:
            data = self._rest + data
            self.frames += data.count(_NAME)
            self._rest = data[-(len(_NAME) - 1) :]  # a name that is cut is counted once
        else:
            now = time.time()
            data = self._rest + data
            end = data.rfind(b"\n\n") + 1
            made = _MADE.findall(data, 0, end)
            self._rest = data[end:]
            self.frames += len(made)
            Reader.latencies_ms += [
                (now - datetime.fromisoformat(at.decode()).timestamp()) * 1000 for at in made
            ]
        if self.wanted and self.frames >= self.wanted:
            self.reached.set()

    def connection_lost(self, exc: Exception | None) -> None:
        self.closed.set()


class Child:
    """A server process."""

    def __init__(self, process: asyncio.subprocess.Process, port: int) -> None:
        self.process = process
        self.port = port

    async def ask(self, line: str) -> dict[str, Any]:
        """Give an order; its answer."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"{line}\n".encode())
        answer: dict[str, Any] = json.loads(await self.process.stdout.readline())
        return answer

    async def readers(self, path: str, count: int) -> list[Reader]:
        """Open streams, each of which has said something."""
        loop = asyncio.get_running_loop()
        made = []
        for _ in range(count):
            _, reader = await loop.create_connection(lambda: Reader(path), "127.0.0.1", self.port)
            await reader.open.wait()
            made.append(reader)
        return made


@asynccontextmanager
async def child(variant: str) -> AsyncIterator[Child]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.benchmarks.server_child", variant, cwd=ROOT,
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, limit=1 << 20,
    )  # fmt: skip
    assert process.stdout is not None
    try:
        yield Child(process, int(await process.stdout.readline()))
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


def quantiles(values: list[float]) -> str:
    values.sort()
    return f"{statistics.median(values):7.2f} / {values[int(len(values) * 0.99)]:7.2f} ms"


async def one_stream(variant: str) -> None:
    async with child(variant) as server:
        job = (await server.ask("stats"))["job"]
        (reader,) = await server.readers(f"/api/jobs/{job}/events", 1)
        Reader.latencies_ms = []
        told = await server.ask(f"say {RATE} {SECONDS}")
        await settle([reader], told["count"])
        print(f"{variant:12} one stream, {RATE}/s: {quantiles(Reader.latencies_ms)} (p50 / p99)")
        Reader.latencies_ms = None


async def one_client(variant: str) -> None:
    """As :func:`one_stream`, to the decoded event in the client that commands use."""
    latencies_ms = []
    async with child(variant) as server, RemoteService(f"http://127.0.0.1:{server.port}") as client:
        job = (await server.ask("stats"))["job"]
        last = (await client.get(job)).last_event_id
        telling = asyncio.create_task(server.ask(f"say {RATE} {SECONDS}"))
        async with aclosing(client.events(job, after=last)) as events:
            async for envelope in events:
                latencies_ms.append((time.time() - envelope.event.timestamp.timestamp()) * 1000)
                if len(latencies_ms) == RATE * SECONDS:
                    break
        await telling
        print(f"{variant:12} one client, {RATE}/s: {quantiles(latencies_ms)} (p50 / p99)")


async def settle(readers: list[Reader], count: int) -> None:
    """Until every reader has ``count`` frames, or nothing comes any more."""
    before = -1
    while any(reader.frames < count for reader in readers):
        now = sum(reader.bytes for reader in readers)
        if now == before:
            return
        before = now
        await asyncio.sleep(1.0)


async def many(variant: str, streams: int) -> None:
    async with child(variant) as server:
        before = await server.ask("stats")
        readers = await server.readers(f"/api/jobs/{before['job']}/events", streams)
        opened = await server.ask("stats")
        each_kb = (opened["rss"] - before["rss"]) / streams / 1024
        Reader.latencies_ms = []
        told = await server.ask(f"say {RATE} {SECONDS}")
        await settle(readers, told["count"])
        delivered = sum(reader.frames for reader in readers)
        wanted = told["count"] * streams
        cpu_us = (told["cpu"] - opened["cpu"]) / max(1, delivered) * 1e6
        print(
            f"{variant:12} {streams} x {RATE}/s: {quantiles(Reader.latencies_ms)} (p50 / p99), "
            f"{each_kb:5.1f} KB a stream, {cpu_us:5.1f} us CPU an event, "
            f"{delivered:,} of {wanted:,} delivered"
        )
        Reader.latencies_ms = None
        for reader in readers:
            reader.frames, reader._rest = 0, b""
        began = time.perf_counter()
        told = await server.ask(f"flood {FLOOD_S}")
        await settle(readers, told["count"])
        took = max(time.perf_counter() - began, FLOOD_S)
        delivered = sum(reader.frames for reader in readers)
        print(
            f"{variant:12} flooded: {delivered / took:,.0f} delivered/s "
            f"({delivered:,} of {told['count'] * streams:,}; "
            f"{sum(r.closed.is_set() for r in readers)} streams dropped)"
        )
        if variant.startswith("ours"):
            began = time.perf_counter()
            server.process.send_signal(signal.SIGTERM)
            await server.process.wait()
            took_ms = (time.perf_counter() - began) * 1000
            print(f"{variant:12} SIGTERM to exit with {streams} streams open: {took_ms:.0f} ms")


async def replay(variant: str) -> None:
    async with child(variant) as server:
        job = (await server.ask(f"history {HISTORY}"))["job"]
        times = []
        for _ in range(5):
            began = time.perf_counter()
            loop = asyncio.get_running_loop()
            path = f"/api/jobs/{job}/events"
            _, reader = await loop.create_connection(lambda: Reader(path), "127.0.0.1", server.port)  # noqa: B023  # called at once
            reader.wanted = HISTORY
            await reader.reached.wait()
            times.append(time.perf_counter() - began)
            reader.transport.abort()
        print(f"{variant:12} replay of {HISTORY:,} events: {spread(times, ' s')}")


async def main(streams: int, *, first: bool) -> None:
    resource.setrlimit(resource.RLIMIT_NOFILE, (20_000, 20_000))
    os.sched_setaffinity(0, {1})
    load = os.getloadavg()[0]
    print(f"{machine()}; load when begun {load:.2f} (of others: the numbers are worse for it)")
    if first:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(10))
        print("before all other processes")
    await replay("ours")
    for variant in ("ours", "ours-uvloop", "floor"):
        await one_stream(variant)
    await one_client("ours")
    for variant in ("ours", "ours-uvloop", "recipe", "poll", "floor"):
        await many(variant, streams)


if __name__ == "__main__":
    given = [argument for argument in sys.argv[1:] if argument != "--first"]
    asyncio.run(main(int(given[0]) if given else STREAMS, first="--first" in sys.argv))
