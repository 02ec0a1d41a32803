"""Lives of jobs: everything that can be asked of one, in every order, at every await.

An episode is a real engine on a real store over stages that only wait, and some actors that
submit, cancel, pause, resume and retry at drawn moments, kill a task of the engine, and restart it.
When they are through, what must be so of every job is checked.

    python -m tests.engine.lives SEED [COUNT]
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from unittest import mock

from aura_tui.engine import event_log
from aura_tui.engine.service import EmbeddedService
from aura_tui.errors import Code, Conflict, EngineError, NotFound, StageError
from aura_tui.model import events as ev
from aura_tui.model.job import Job
from aura_tui.model.reduce import fold
from aura_tui.model.script import Scene, Script, TitleCard
from aura_tui.model.status import JobStatus
from aura_tui.model.timeline import Timeline
from aura_tui.pipeline.stages.render import Rendered
from aura_tui.pipeline.stages.table import Stages
from aura_tui.settings import EngineSettings, Settings
from aura_tui.system.tasks import SETTLED_S
from tests.engine.conftest import request
from tests.engine.schedules import TurningWriter, explore

if TYPE_CHECKING:
    from collections.abc import Callable

    from aura_tui.model.script import Picture, Speech
    from aura_tui.pipeline.context import StageContext

START = datetime.now(UTC)
QUIET_S = 600.0  # longer than all that can still be under way


class WaitingStages:
    """Five stages that wait for drawn times; one in eight fails."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng

    def __call__(self) -> Stages:
        return Stages(
            self.script, self.voice, self.visuals, self.compose, self.render, self.salvage
        )

    async def _wait(self, ctx: StageContext) -> None:
        await ctx.children.gate()
        await asyncio.sleep(self._rng.choice((0.0, 0.001, 0.2, 3.0)))
        ctx.report.progress(50, "")
        if self._rng.random() < 0.04:
            raise StageError(Code.SCRIPT_FAILED, "Drawn to fail", "Retry.")

    async def script(self, ctx: StageContext) -> Script:
        await self._wait(ctx)
        scene = Scene(number=1, title="s", narration="words", card=TitleCard(title="t"))
        return Script(title="t", language="en", scenes=(scene,))

    async def voice(self, ctx: StageContext, script: Script) -> tuple[Speech, ...]:
        await self._wait(ctx)
        return ()

    async def visuals(self, ctx: StageContext, script: Script) -> tuple[Picture, ...]:
        await self._wait(ctx)
        return ()

    async def compose(
        self,
        ctx: StageContext,
        script: Script,
        speeches: tuple[Speech, ...],
        pictures: tuple[Picture, ...],
    ) -> Timeline:
        await self._wait(ctx)
        return Timeline(
            title="t",
            language="en",
            width=128,
            height=128,
            fps=30,
            frames=30,
            clips=(),
            cues=(),
            chapters=(),
            captions="",
            narration="",
            narration_samples=0,
        )

    async def render(self, ctx: StageContext, timeline: Timeline) -> Rendered:
        await self._wait(ctx)
        video = ctx.artifacts / "v.mp4"
        video.touch()
        ctx.report.artifact("v.mp4", video, "video/mp4")
        return Rendered(video=str(video), poster="", size_bytes=0, duration_s=1.0, frames=30)

    async def salvage(self, ctx: StageContext, timeline: Timeline) -> Rendered | None:
        await asyncio.sleep(0)
        return None


class Episode:
    """One seed on one home."""

    def __init__(self, seed: int, home: Path) -> None:
        self.rng = random.Random(seed)
        self.concurrency = self.rng.choice((1, 1, 2))
        self.settings = Settings(
            home=home, engine=EngineSettings(concurrency=self.concurrency, min_free_mb=0)
        )
        self.ids: list[str] = []
        self.cancelled: set[str] = set()  # accepted
        self.paused: set[str] = set()
        self.killed = False
        self.asked = 0
        self.restarting = asyncio.Lock()

    async def run(self) -> None:
        self.loop = asyncio.get_running_loop()
        await self._open()
        actors = self.rng.randint(2, 4)
        observer = asyncio.create_task(self._observe())
        async with asyncio.TaskGroup() as group:
            for _ in range(actors):
                group.create_task(self._act())
        await self._check()
        assert not observer.done(), observer.exception()
        observer.cancel()
        await self.service.aclose()

    def _now(self) -> datetime:
        return START + timedelta(seconds=self.loop.time())

    async def _open(self) -> None:
        stages = WaitingStages(self.rng)
        service = EmbeddedService(self.settings, stages=stages, now=self._now)
        self.service = await service.__aenter__()

    # -- the actors

    async def _act(self) -> None:
        for _ in range(self.rng.randint(1, 4)):
            await asyncio.sleep(self.rng.choice((0.0, 0.0, 0.001, 0.1, 1.0, 4.0)))
            with contextlib.suppress(Conflict, NotFound):
                try:
                    await self._ask()
                    self.asked += 1
                except EngineError as e:
                    if e.code is not Code.ENGINE_GONE:  # it restarts
                        raise

    async def _ask(self) -> None:
        service = self.service
        kind = self.rng.choices(
            ("submit", "cancel", "pause", "resume", "retry", "kill", "restart"),
            (5, 4, 3, 3, 2, 0.4, 0.6),
        )[0]
        if kind == "submit" or not self.ids:
            job = await service.submit(request(priority=self.rng.choice((0, 0, 1))))
            self.ids.append(job.id)
            if self.rng.random() < 0.3:
                await service.cancel(job.id)
                self.cancelled.add(job.id)
            return
        job_id = self.rng.choice(self.ids)
        match kind:
            case "cancel":
                await service.cancel(job_id)
                self.cancelled.add(job_id)
            case "pause":
                self.paused.add(job_id)
                await service.pause(job_id)
            case "resume":
                await service.resume(job_id)
            case "retry":
                self.ids.append((await service.retry(job_id)).id)
            case "kill":
                self._kill(job_id)
            case "restart":
                async with self.restarting:
                    await self.service.aclose()
                    await self._open()

    def _kill(self, job_id: str) -> None:
        names = {f"job {job_id}", f"work on {job_id}", "Queue watch", "Retention sweep"}
        tasks = [task for task in asyncio.all_tasks() if task.get_name() in names]
        if tasks:
            self.killed = True
            self.rng.choice(tasks).cancel()

    async def _observe(self) -> None:
        """No more jobs run than may, whenever one looks."""
        while True:
            assert self.service._dispatcher.active <= self.concurrency
            lineages = [*self.service._log._lineages.values()]
            assert len(lineages) == len(set(lineages)), "two attempts of one job at once"
            await asyncio.sleep(self.rng.choice((0.0, 0.02, 0.3, 5.0)))

    # -- the end

    async def _check(self) -> None:
        """Nobody asks for anything any more."""
        await self._quiet(
            lambda job: job.status is JobStatus.PAUSED and job.id in self.paused - self.cancelled
        )
        for job_id in self.ids:
            if (await self.service.get(job_id)).status is JobStatus.PAUSED:
                assert job_id not in self.cancelled, "a cancel was accepted, and then forgotten"
                await self.service.resume(job_id)
        await self._quiet(lambda job: False)
        for job_id in self.ids:
            await self._check_life(job_id)
        queue = await self.service.queue()
        assert (queue.queued, queue.running, queue.paused) == (0, 0, 0), queue
        assert not self.service._log._lineages
        if not self.killed:
            log_file = self.settings.home / "engine.log"
            assert not log_file.exists(), log_file.read_text()
        await asyncio.sleep(2 * SETTLED_S)
        assert self.service.troubles() == ()

    async def _quiet(self, may_stay: Callable[[Job], bool]) -> None:
        until = self.loop.time() + QUIET_S
        while True:
            await asyncio.sleep(5.0)
            jobs = [await self.service.get(job_id) for job_id in self.ids]
            open_jobs = [job for job in jobs if not (job.status.ended or may_stay(job))]
            if not open_jobs:
                return
            assert self.loop.time() < until, f"for ever: {open_jobs}"

    async def _check_life(self, job_id: str) -> None:
        events = [envelope async for envelope in self.service.events(job_id)]
        job = await self.service.get(job_id)
        ids = [envelope.id for envelope in events]
        assert ids == sorted(set(ids))
        ends = [e for e in events if isinstance(e.event, ev.TERMINAL_EVENTS)]
        assert ends == events[-1:], "one end, and nothing after it"
        assert job.ignored == 0, "an event that the table forbids"
        born = Job(
            id=job.id,
            correlation_id=job.correlation_id,
            title=job.title,
            created_at=job.created_at,
            queued_at=job.queued_at,
            priority=job.priority,
            attempt=job.attempt,
            retry_of=job.retry_of,
            settings=job.settings,
            owner=job.owner,
        )
        assert fold(born, events) == job


def run(seed: int, home: Path) -> int:
    """One episode; how many questions were answered in it."""
    episode: Episode | None = None

    async def main() -> None:
        nonlocal episode
        episode = Episode(seed, home)
        episode.rng = rng
        await episode.run()

    rng = random.Random(seed)
    with mock.patch.object(event_log, "Writer", TurningWriter):
        try:
            explore(rng, main)
        except BaseException as e:
            e.add_note(f"python -m tests.engine.lives {seed}")
            raise
    assert episode is not None
    return episode.asked


def episode(seed: int) -> int:
    """As :func:`run`, on a home of its own, in memory where the system has such a folder."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder:
        return run(seed, Path(folder) / "home")


if __name__ == "__main__":
    first, count = int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 1
    for seed in range(first, first + count):
        episode(seed)
    sys.stdout.write(f"{count} episodes, seeds {first} to {first + count - 1}: well\n")
