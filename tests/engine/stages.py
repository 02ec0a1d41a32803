"""Stages that do little, for tests of the engine: real pieces, real children, no pictures.

They keep to the contracts of the real ones (checkpointed pieces, progress, artifacts), so what
the engine does around them is what it does around those.
"""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING

from aura_tui.model.script import Picture, Scene, Script, Speech, TitleCard, Word
from aura_tui.model.timeline import Clip, Motion, Timeline
from aura_tui.pipeline.stages.render import Rendered
from aura_tui.pipeline.stages.table import Stages

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from aura_tui.pipeline.context import StageContext

    Hook = Callable[[str, StageContext, int], Awaitable[None]]

SCENES = 3


async def _no_hook(stage: str, ctx: StageContext, scene: int) -> None:
    """Nothing happens."""


class SmallStages:
    """Five stages over ``SCENES`` scenes. ``hook(stage, ctx, scene)`` runs inside every piece
    that is really made: there a test waits, fails, or spawns."""

    def __init__(self, hook: Hook = _no_hook) -> None:
        self.hook = hook
        self.made: list[tuple[str, int]] = []

    def __call__(self) -> Stages:
        return Stages(
            self.script, self.voice, self.visuals, self.compose, self.render, self.salvage
        )

    def _keys(self, ctx: StageContext, stage: str, scenes: int) -> dict[int, str]:
        numbers = range(1, scenes + 1)
        return {n: ctx.key(stage, ctx.request.brief.text, n) for n in numbers}

    async def _piece(self, ctx: StageContext, stage: str, scene: int, key: str) -> Path:
        async def build(path: Path) -> str:
            await self.hook(stage, ctx, scene)
            path.write_bytes(f"{stage} {scene}".encode())
            self.made.append((stage, scene))
            return stage

        piece = await ctx.piece(key, stage, str, build, ".bin")
        ctx.report.progress(100 * scene / SCENES, "", item=scene, total=SCENES)
        assert piece.path
        return piece.path

    async def script(self, ctx: StageContext) -> Script:
        await self._piece(ctx, "script", 1, self._keys(ctx, "script", 1)[1])
        scenes = tuple(
            Scene(number=i, title=f"s{i}", narration="words", card=TitleCard(title="t"))
            for i in range(1, SCENES + 1)
        )
        return Script(title="small", language="en", scenes=scenes)

    async def voice(self, ctx: StageContext, script: Script) -> tuple[Speech, ...]:
        keys = self._keys(ctx, "voice", len(script.scenes))
        found = []
        for scene in script.scenes:
            path = await self._piece(ctx, "voice", scene.number, keys[scene.number])
            words = (Word("words", 0, 1),)
            found.append(Speech(scene=scene.number, path=str(path), samples=48000, words=words))
        return tuple(found)

    async def visuals(self, ctx: StageContext, script: Script) -> tuple[Picture, ...]:
        keys = self._keys(ctx, "visuals", len(script.scenes))
        found = []
        for scene in script.scenes:
            path = await self._piece(ctx, "visuals", scene.number, keys[scene.number])
            ctx.report.picture(path)
            found.append(Picture(scene=scene.number, path=str(path), width=10, height=10))
        return tuple(found)

    async def compose(
        self,
        ctx: StageContext,
        script: Script,
        speeches: tuple[Speech, ...],
        pictures: tuple[Picture, ...],
    ) -> Timeline:
        await self._piece(ctx, "compose", 1, self._keys(ctx, "compose", 1)[1])
        whole = (0.0, 0.0, 1.0, 1.0)
        clips = tuple(
            Clip(
                scene=scene.number,
                title=scene.title,
                picture=pictures[i].path,
                start=i * 30,
                frames=30,
                motion=Motion(start=whole, end=whole),
                fade_in=0,
                sound=speeches[i].path,
                sound_start=i * 48000,
                sound_samples=48000,
            )
            for i, scene in enumerate(script.scenes)
        )
        return Timeline(
            title=script.title,
            language="en",
            width=128,
            height=128,
            fps=30,
            frames=30 * len(clips),
            clips=clips,
            cues=(),
            chapters=(),
            captions="",
            narration="",
            narration_samples=48000 * len(clips),
        )

    async def render(self, ctx: StageContext, timeline: Timeline) -> Rendered:
        keys = self._keys(ctx, "render", len(timeline.clips))
        parts = [await self._piece(ctx, "render", n, keys[n]) for n in keys]
        video = ctx.artifacts / "small.mp4"
        part = ctx.artifacts / "small.mp4.part"
        part.write_bytes(b"".join(path.read_bytes() for path in parts))
        part.rename(video)
        ctx.report.artifact("small.mp4", video, "video/mp4")
        return Rendered(
            video=str(video),
            poster="",
            size_bytes=video.stat().st_size,
            duration_s=timeline.duration_s,
            frames=timeline.frames,
        )

    async def salvage(self, ctx: StageContext, timeline: Timeline) -> Rendered | None:
        path = ctx.artifacts / "small.partial.mp4"
        path.write_bytes(b"partial")
        return Rendered(video=str(path), poster="", size_bytes=7, duration_s=1.0, frames=30)


async def spawn_sleepers(ctx: StageContext) -> None:
    """A child with a child of its own, waited for: what a stage at work looks like."""
    code = (
        "import subprocess,sys,time;"
        "p=subprocess.Popen(['sleep','60']);print(p.pid,flush=True);p.wait()"
    )
    await ctx.children.run([sys.executable, "-c", code])


async def forever() -> None:
    """Wait until cancelled."""
    await asyncio.Event().wait()
