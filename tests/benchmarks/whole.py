"""The whole job, brief to MP4: against its encode alone, against MoviePy, and as a retry.

    python tests/benchmarks/whole.py [--runs 5] [--moviepy]

About 60 s of 1280x720 at 30 fps: 8 scenes with motion and crossfades, x264 veryfast CRF 23. The
limit is the same frames, already drawn into a raw file, through two one-thread x264 processes
without sound. Limit and job run in turn, each job on a new home, so that nothing is reused and a
noisy machine is as noisy to both.

What the engine adds is the job's wall time from an engine not yet open to the end, less the time
inside its stages. A retry follows a job whose Rendering failed with its last scene missing.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).parents[2]))

from aura_tui.engine.service import EmbeddedService
from aura_tui.errors import Code, StageError
from aura_tui.model.request import Brief, JobRequest, PlanSpec
from aura_tui.model.status import JobStatus
from aura_tui.pipeline.encoding.plan import plan_render
from aura_tui.pipeline.stages.table import Stages, real_stages
from aura_tui.providers.ffmpeg import locate
from aura_tui.settings import Settings
from aura_tui.system.processes import ProcessGroup
from tests.benchmarks.measure import machine, spread
from tests.benchmarks.render import draw_raw, limit, moviepy

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from aura_tui.model.timeline import Timeline
    from aura_tui.pipeline.context import StageContext
    from aura_tui.pipeline.stages.render import Rendered

REQUEST = JobRequest(
    brief=Brief(text=(Path(__file__).parent / "brief.md").read_text()),
    plan_spec=PlanSpec(target_duration=60),
)


class Watched:
    """The real stages, with the time inside each, and the timeline that came by.

    ``lose_last``: the next Rendering ends as one whose last scene could not be encoded.
    """

    def __init__(self) -> None:
        self.seconds = 0.0
        self.timeline: Timeline | None = None
        self.lose_last = False

    def __call__(self) -> Stages:
        real = real_stages()
        timed = {
            name: self._timed(getattr(real, name))
            for name in ("script", "voice", "visuals", "compose")
        }
        return real._replace(**timed, render=self._timed(self._render(real.render)))

    def _timed(self, work: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        async def run(*arguments: Any) -> Any:
            start = time.perf_counter()
            try:
                return await work(*arguments)
            finally:
                self.seconds += time.perf_counter() - start

        return run

    def _render(
        self, work: Callable[[StageContext, Timeline], Awaitable[Rendered]]
    ) -> Callable[[StageContext, Timeline], Awaitable[Rendered]]:
        async def run(ctx: StageContext, timeline: Timeline) -> Rendered:
            self.timeline = timeline
            rendered = await work(ctx, timeline)
            if not self.lose_last:
                return rendered
            self.lose_last = False
            plan = await plan_render(ctx, timeline)
            start = timeline.clips[-1].start
            at = 0
            for segment, key in zip(plan.work, plan.keys, strict=True):
                if at + segment.frames > start:
                    for file in (ctx.pieces.root / key[:2]).glob(f"{key}*"):
                        file.unlink()
                at += segment.frames
            Path(rendered.video).unlink()
            raise StageError(Code.FFMPEG_FAILED, "The last scene broke", "Try again.")

        return run


async def job(home: Path, stages: Watched) -> float:
    """Seconds of a job on a new home, the engine's start and end included."""
    start = time.perf_counter()
    async with EmbeddedService(Settings(home=home), stages=stages) as service:
        submitted = await service.submit(REQUEST)
        async for _ in service.events(submitted.id):
            pass
        done = await service.get(submitted.id)
        assert done.status is JobStatus.SUCCEEDED, done.message
        return time.perf_counter() - start


async def retry(home: Path, stages: Watched) -> tuple[float, float]:
    """Seconds of a job that fails with its last scene missing, and of its retry."""
    async with EmbeddedService(Settings(home=home), stages=stages) as service:
        stages.lose_last = True
        first = await service.submit(REQUEST)
        start = time.perf_counter()
        async for _ in service.events(first.id):
            pass
        whole = time.perf_counter() - start
        assert (await service.get(first.id)).status is JobStatus.FAILED
        start = time.perf_counter()
        again = await service.retry(first.id)
        async for _ in service.events(again.id):
            pass
        assert (await service.get(again.id)).status is JobStatus.SUCCEEDED
        return whole, time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--moviepy", action="store_true", help="MoviePy 2 as well, once")
    wish = parser.parse_args()
    print(machine())
    fast = Path("/dev/shm") if Path("/dev/shm").is_dir() else None
    with tempfile.TemporaryDirectory() as name, tempfile.TemporaryDirectory(dir=fast) as ram:
        folder = Path(name)
        stages = Watched()
        asyncio.run(job(folder / "first", stages))
        video = stages.timeline
        assert video is not None
        print(f"{video.frames} frames, {len(video.clips)} scenes, {video.duration_s:.1f} s")
        ffmpeg = asyncio.run(locate(Settings(home=folder), ProcessGroup()))
        raw = Path(ram) / "frames.yuv"
        draw_raw(video, raw)
        limits: list[float] = []
        jobs: list[float] = []
        added: list[float] = []
        for run in range(wish.runs):
            start = time.perf_counter()
            limit(ffmpeg, raw, folder, video.frames)
            limits.append(time.perf_counter() - start)
            stages.seconds = 0.0
            jobs.append(asyncio.run(job(folder / f"job{run}", stages)))
            added.append((jobs[-1] / stages.seconds - 1) * 100)
        retries = [asyncio.run(retry(folder / f"retry{i}", stages)) for i in range(3)]
        print(f"limit, encode only: {spread(limits, ' s')}")
        print(f"the whole job: {spread(jobs, ' s')}")
        ratios = [a / b for a, b in zip(jobs, limits, strict=True)]
        print(f"job / limit: {spread(ratios)}")
        print(f"added by the engine: {spread(added, ' %')}")
        parts = [100 * again / whole for whole, again in retries]
        print(f"retry of the last scene: {spread(parts, ' % of the whole job', 0)}")
        if wish.moviepy:
            start = time.perf_counter()
            moviepy(video, folder)
            took = time.perf_counter() - start
            print(f"MoviePy 2: {took:.1f} s, {took / statistics.median(jobs):.1f}x the job")


if __name__ == "__main__":
    main()
