"""Combines the progress of all FFmpeg processes into one report, at most ten times per second."""

from __future__ import annotations

import time
from collections import Counter
from typing import TYPE_CHECKING

from aura_tui.model.events import Metrics
from aura_tui.model.text.plural import counted
from aura_tui.pipeline.scene_progress import SceneProgress

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from aura_tui.pipeline.context import StageContext
    from aura_tui.pipeline.encoding.segments import Segment
    from aura_tui.providers.ffmpeg.progress import Progress

ENCODED_PERCENT = 96.0  # of the stage; the join is the rest
_EVERY_S = 0.1


class Meter:
    """Counts frames and bytes of every segment; reused segments count as done."""

    def __init__(
        self,
        ctx: StageContext,
        work: tuple[Segment, ...],
        fps: int,
        sound_bytes: int,
        titles: Mapping[int, str],
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._ctx = ctx
        self._work = work
        self._fps = fps
        self._sound_bytes = sound_bytes
        self._now = now
        self._frames = [0] * len(work)
        self._bytes = [0] * len(work)
        self._reused_frames = 0
        self._began_s: dict[int, float] = {}  # by scene
        self._made: Counter[int] = Counter()  # encoded frames by scene
        self._finished = [False] * len(work)
        self._leading = 0  # number of finished segments from the start without a gap
        self._left = Counter(segment.scene for segment in work)  # unfinished segments by scene
        self._count = SceneProgress(len(self._left))
        self._titles = titles
        self._active: set[int] = set()  # segments in progress
        self._scene: int | None = None  # scene of the segment that started last
        self._total = sum(segment.frames for segment in work)
        self._started_s = ctx.children.clock.seconds()
        self._reported = float("-inf")

    @property
    def size_bytes(self) -> int:
        """Bytes written so far."""
        return sum(self._bytes)

    def begin(self, index: int) -> None:
        """The segment at ``index`` is about to be encoded."""
        if index not in self._active:
            self._active.add(index)
            self._scene = self._work[index].scene
            self._began_s.setdefault(self._scene, self._ctx.children.clock.seconds())
            self._count.start(self._scene)
            self.report()  # unthrottled, so that each scene is reported

    def progress(self, index: int, progress: Progress) -> None:
        """FFmpeg reported progress of the segment at ``index``."""
        if progress.frame is not None:
            frames = min(progress.frame, self._work[index].frames)
            self._frames[index] = max(self._frames[index], frames)
        if progress.size_bytes is not None:
            self._bytes[index] = max(self._bytes[index], progress.size_bytes)
        if self._now() - self._reported >= _EVERY_S:
            self.report()

    def done(self, index: int, size_bytes: int, *, reused: bool) -> None:
        """The segment at ``index`` is finished."""
        segment = self._work[index]
        self._frames[index] = segment.frames
        self._bytes[index] = size_bytes
        if index in self._active:
            self._active.discard(index)
            self._count.stop(segment.scene)
        if not reused:
            self._made[segment.scene] += segment.frames
        self._left[segment.scene] -= 1
        if not self._left[segment.scene]:
            self._count.finish(segment.scene)
            self._log_scene(segment.scene)
        self._finished[index] = True
        while self._leading < len(self._work) and self._finished[self._leading]:
            self._leading += 1
        if reused:
            self._reused_frames += segment.frames

    def _log_scene(self, scene: int) -> None:
        """Log a scene of which frames were encoded now; other scenes may have run beside it."""
        if frames := self._made[scene]:
            took_s = self._ctx.children.clock.seconds() - self._began_s.get(scene, self._started_s)
            rate = f", {frames / took_s:.0f} fps" if took_s > 0.05 else ""
            self._ctx.log(f"Scene {scene}: {counted(frames, 'frame')} in {took_s:.1f} s{rate}")

    def report(self) -> None:
        """Report the progress now."""
        self._reported = self._now()
        frames = sum(self._frames)
        self._ctx.report.progress(
            ENCODED_PERCENT * frames / self._total,
            f"Encoding, frame {frames} of {self._total}",
            detail=self._titles.get(self._scene, "") if self._scene is not None else "",
            item=self._scene,
            total=self._count.total,
            done=self._count.done,
            active=self._count.active,
            metrics=self.metrics(),
        )

    def metrics(self) -> Metrics:
        """The current metrics. Rates count only frames that were encoded now, not reused ones."""
        frames = sum(self._frames)
        seconds = self._ctx.children.clock.seconds() - self._started_s
        made = frames - self._reused_frames
        fps = made / seconds if seconds > 0.2 and made else None
        size = self.size_bytes
        # FFmpeg first reports sizes near 0: project the size only after 5 % of the frames.
        projected = (
            int(size * self._total / frames) + self._sound_bytes
            if size and frames * 20 >= self._total
            else None
        )
        return Metrics(
            fps=None if fps is None else round(fps, 1),
            speed=None if fps is None else round(fps / self._fps, 2),
            size_bytes=size,
            projected_bytes=projected,
            provider="libx264",
            reused=self._ctx.reused,
            made=self._ctx.made,
            pieces=len(self._work) + 1,  # and the sound
            playable_seconds=self._playable_s(),
        )

    def _playable_s(self) -> float:
        """Seconds of video that a cancel would leave."""
        return sum(segment.frames for segment in self._work[: self._leading]) / self._fps
