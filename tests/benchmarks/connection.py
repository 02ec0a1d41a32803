"""How long a reader is left without its server: after a cut, a frozen server, a restarted one.

``python -m tests.benchmarks.connection``. From the fault to the report of a break (frozen), or
until the stream is there again (cut; restarted: from when the server listens).
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Self

from aura_tui.client.service import RemoteService
from tests.benchmarks.measure import machine, spread
from tests.client.served import ServerProcess

if TYPE_CHECKING:
    from collections.abc import Callable

RUNS = 5
HEARTBEAT_S = 1.0


class Relay:
    """What lies between the two, and can be cut."""

    def __init__(self, port: int) -> None:
        self._there = port
        self._writers: list[asyncio.StreamWriter] = []

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        self.cut()

    def cut(self) -> None:
        """Break every connection."""
        for writer in self._writers:
            writer.transport.abort()
        self._writers.clear()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            there, to = await asyncio.open_connection("127.0.0.1", self._there)
        except OSError:
            writer.transport.abort()  # as if it had been refused
            return
        self._writers += [writer, to]
        await asyncio.gather(_copy(reader, to), _copy(there, writer))


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(1 << 16):
            writer.write(data)
            await writer.drain()
    writer.close()


async def until(holds: Callable[[], bool]) -> float:
    """When that came to hold, to a millisecond."""
    while not holds():
        await asyncio.sleep(0.001)
    return time.perf_counter()


async def main() -> None:
    """Measure each fault some times, on a stream of all jobs on which nothing happens."""
    print(machine())
    cut_ms, frozen, started_s, restarted_s = [], [], [], []
    with tempfile.TemporaryDirectory() as name:
        options = ("--heartbeat", str(HEARTBEAT_S))
        async with (
            ServerProcess(Path(name) / "home", *options) as server,
            Relay(server.port) as relay,
            RemoteService(relay.url, heartbeat_s=HEARTBEAT_S) as service,
        ):
            reading = asyncio.create_task(_read(service))

            def live() -> bool:
                return service.connection.is_live

            async def well() -> None:
                await until(live)
                await asyncio.sleep(6.0)  # a connection that lived so long begins to count anew

            for _ in range(RUNS):
                await well()
                since = service.connection.since
                began = time.perf_counter()
                relay.cut()
                back = await until(lambda: live() and service.connection.since != since)  # noqa: B023  # called at once
                cut_ms.append((back - began) * 1000)
            for _ in range(RUNS):
                await well()
                server.freeze()
                began = time.perf_counter()
                frozen.append((await until(lambda: not live()) - began) / HEARTBEAT_S)
                server.thaw()
            for _ in range(RUNS):
                await well()
                await server.stop(signal.SIGKILL)
                killed = await until(lambda: not live())
                await server.start()
                began = time.perf_counter()
                started_s.append(began - killed)
                restarted_s.append(await until(live) - began)
            reading.cancel()
            await asyncio.wait((reading,))
    print(f"after a cut, until the stream is back: {spread(cut_ms, ' ms', 1)}")
    print(f"a frozen server, until it is told:     {spread(frozen, ' heartbeats')}")
    print(f"a restarted server, until it is back:  {spread(restarted_s, ' s')}")
    print(f"  (and before, until it listens again: {spread(started_s, ' s')})")


async def _read(service: RemoteService) -> None:
    async for _ in service.events():
        pass


if __name__ == "__main__":
    asyncio.run(main())
