"""One seeded run: a job is watched through the proxy, and what was seen is held against the log."""

from __future__ import annotations

import asyncio
import random
from contextlib import aclosing
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import msgspec

from aura_tui.client.service import RemoteService
from aura_tui.client.stream.reconnecting_stream import Clock
from aura_tui.model.events import TERMINAL_EVENTS
from aura_tui.model.job import as_created
from aura_tui.model.reduce import fold
from tests.chaos.proxy import ChaosProxy
from tests.engine.conftest import request

if TYPE_CHECKING:
    from pathlib import Path

    from aura_tui.model.events import Envelope
    from aura_tui.model.job import Job
    from tests.client.served import ServerProcess

HEARTBEAT_S = 0.2  # of the servers of these runs
RELENT_S = 6.0  # the network gets well after this: a run has an end
TIMEOUT_S = 60.0
_FASTER = 30.0  # waits are so much shorter than in life

ENGINE_OPTIONS = ("--heartbeat", str(HEARTBEAT_S), "--lines", "12", "--pace", "0.003")
TEXTS = ("works", "works", "works", "fails", "hangs")


class Outcome(msgspec.Struct, frozen=True):
    """What a run was like."""

    seed: int
    events: int
    faults: dict[str, int]
    took_s: float


async def run(seed: int, server: ServerProcess, folder: Path) -> Outcome:
    """Watch one job; AssertionError where what was folded is not what the log says."""
    chance = random.Random(seed)
    loop = asyncio.get_running_loop()
    began = loop.time()

    async def sleep(seconds: float) -> None:
        await asyncio.sleep(seconds / _FASTER)

    clock = Clock(now=lambda: datetime.now(UTC), sleep=sleep, chance=chance.random)
    async with (
        RemoteService(server.url, cache=folder) as direct,
        ChaosProxy(server.port, seed) as proxy,
        # Not entered: that is a command's one try, which a bad network may well spoil.
        aclosing(
            RemoteService(proxy.url, heartbeat_s=HEARTBEAT_S, clock=clock, cache=folder)
        ) as service,
        asyncio.timeout(TIMEOUT_S),
    ):
        text = chance.choice(TEXTS)
        job = await direct.submit(request(f"{text} {seed}"))
        relent = loop.call_later(RELENT_S, proxy.relent)
        every = chance.random() < 0.3  # watch all jobs, not the one
        watching = asyncio.create_task(_watch(service, job, every=every))
        if text == "hangs":
            await asyncio.sleep(0.3)
            await direct.cancel(job.id)
        seen = await watching
        relent.cancel()
        log = [envelope async for envelope in direct.events(job.id)]
        now = await direct.get(job.id)
        assert seen == log, f"seed {seed}: {_difference(seen, log)}"
        assert fold(as_created(now), seen) == now, f"seed {seed}: the folded state differs"
        return Outcome(seed, len(seen), proxy.faults, loop.time() - began)


async def _watch(service: RemoteService, job: Job, *, every: bool) -> list[Envelope]:
    if not every:
        return [envelope async for envelope in service.events(job.id)]
    seen = []
    async with aclosing(service.events(after=job.last_event_id - 1)) as events:
        async for envelope in events:
            if envelope.event.job_id == job.id:
                seen.append(envelope)
                if isinstance(envelope.event, TERMINAL_EVENTS):
                    break
    return seen


def _difference(seen: list[Envelope], log: list[Envelope]) -> str:
    lost = [envelope.id for envelope in log if envelope not in seen]
    more = [envelope.id for envelope in seen if envelope not in log]
    return f"{len(seen)} seen, {len(log)} in the log, lost {lost[:3]}, not in the log {more[:3]}"
