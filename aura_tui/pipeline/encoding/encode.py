"""Encodes the missing segments on parallel workers, and the sound at the same time.

The first failure cancels the rest; finished pieces stay in the cache.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

from aura_tui.errors import AuraError, Code, StageError
from aura_tui.model.text.sanitize import clean_line
from aura_tui.pipeline.encoding.codec_args import audio_arguments, worker_count
from aura_tui.pipeline.encoding.frames import PictureError
from aura_tui.pipeline.encoding.mux import Part
from aura_tui.pipeline.encoding.pool import (
    BrokenPicture,
    open_worker,
    partition,
    peek_next,
    take_next,
)
from aura_tui.pipeline.encoding.protocol import EncodeTask
from aura_tui.pipeline.log_lines import command
from aura_tui.providers.ffmpeg import job

if TYPE_CHECKING:
    from collections import deque
    from collections.abc import Awaitable
    from typing import TypeVar

    from aura_tui.model.timeline import Timeline
    from aura_tui.pipeline.context import StageContext
    from aura_tui.pipeline.encoding.plan import RenderPlan
    from aura_tui.pipeline.encoding.pool import Worker
    from aura_tui.pipeline.encoding.progress import Meter
    from aura_tui.pipeline.encoding.segments import Layer

    T = TypeVar("T")


class Encoding:
    """The encoding of one timeline: fills in the missing ``parts``, reports to ``meter``."""

    def __init__(
        self,
        ctx: StageContext,
        timeline: Timeline,
        plan: RenderPlan,
        parts: list[Part | None],
        meter: Meter,
    ) -> None:
        self._ctx = ctx
        self._timeline = timeline
        self._plan = plan
        self._parts = parts
        self._meter = meter
        self._missing = [i for i, part in enumerate(parts) if part is None]
        self._command_logged = False
        self._todo = [plan.work[i] for i in self._missing]

    async def run(self, alongside: Awaitable[T]) -> tuple[list[Part], Path, T]:
        """Return every part, the sound, and the result of ``alongside``, which runs in parallel."""
        workers = min(worker_count(self._ctx.settings.render), len(self._todo))
        queues = partition(self._todo, workers)

        async def other() -> T:
            return await alongside

        try:
            async with asyncio.TaskGroup() as group:
                sound = group.create_task(self._sound())
                for own in range(workers):
                    group.create_task(self._work(own, queues))
                result = group.create_task(other())
        except BaseExceptionGroup as failed:
            raise self._failure(_cause(failed)) from None
        return [part for part in self._parts if part is not None], sound.result(), result.result()

    async def _work(self, own: int, queues: list[deque[int]]) -> None:
        """Run worker ``own`` until no segment is left."""
        # A finished segment is flushed to the disk while its worker encodes the next one.
        async with (
            open_worker(self._ctx, self._plan.ffmpeg) as worker,
            asyncio.TaskGroup() as saving,
        ):
            while (n := take_next(queues, own, self._todo)) is not None:
                following = peek_next(queues, own)
                layers = () if following is None else self._todo[following].layers
                free = asyncio.Event()
                saving.create_task(self._part(self._missing[n], worker, layers, free))
                await free.wait()

    async def _part(
        self, index: int, worker: Worker, upcoming: tuple[Layer, ...], free: asyncio.Event
    ) -> None:
        """Encode the segment at ``index``; set ``free`` once ``worker`` can take another."""
        segment = self._plan.work[index]
        what = f"encoding {'the crossfade into ' if segment.fades else ''}scene {segment.scene}"

        async def build(out: Path) -> int:
            self._meter.begin(index)
            task = EncodeTask(
                number=index,
                width=self._timeline.width,
                height=self._timeline.height,
                segment=segment,
                argv=(self._plan.ffmpeg.path, *job.BASE, *self._plan.codec.arguments(out)),
                fallbacks=self._plan.fallbacks,
                upcoming=upcoming,
            )
            if not self._command_logged:  # those of the other segments are alike
                self._command_logged = True
                shown = self._plan.codec.arguments(Path("segment.mp4"))
                self._ctx.log(f"FFmpeg, for each segment: {command(self._plan.ffmpeg, shown)}")
            await worker.encode(task, what, lambda block: self._meter.progress(index, block))
            free.set()
            return segment.frames

        try:
            key = self._plan.keys[index]
            piece = await self._ctx.piece(key, "segment", int, build, ".mp4")
        finally:
            free.set()
        assert piece.path is not None
        self._meter.done(index, piece.path.stat().st_size, reused=piece.reused)
        self._parts[index] = Part(piece.path, segment.frames)
        if not piece.reused:
            self._ctx.report.picture(Path(segment.layers[-1].picture))

    async def _sound(self) -> Path:
        plan = self._plan

        async def build(out: Path) -> int:
            arguments = audio_arguments(self._timeline.narration, plan.sound_k, out)
            shown = audio_arguments("narration.wav", plan.sound_k, Path("sound.m4a"))
            self._ctx.log(f"FFmpeg, for the sound: {command(plan.ffmpeg, shown)}")
            await job.run(self._ctx, plan.ffmpeg, arguments, what="encoding the sound")
            return self._timeline.narration_samples

        piece = await self._ctx.piece(plan.sound_key, "sound", int, build, ".m4a")
        assert piece.path is not None
        return piece.path

    def _failure(self, cause: BaseException) -> BaseException:
        if not isinstance(cause, (BrokenPicture, PictureError)):
            return cause
        clips = self._timeline.clips
        scene = next((clip.scene for clip in clips if clip.picture == cause.picture), 0)
        return StageError(
            Code.RENDER_FAILED,
            f"Can't read the picture of scene {scene}: {clean_line(str(cause), 300)}",
            "Retry with --fresh to make the picture again.",
        )


def _cause(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """The failure to report: the first AuraError, else the first of any kind."""
    first: BaseException | None = None
    for error in group.exceptions:
        leaf = _cause(error) if isinstance(error, BaseExceptionGroup) else error
        if isinstance(leaf, AuraError):
            return leaf
        first = first or leaf
    assert first is not None
    return first
