"""Visuals: one picture a scene, each a piece of its own, a few at once.

One provider draws all of them: under ``auto``, when it fails, the next one draws them all.
"""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from aura_tui.errors import Code
from aura_tui.model.events import Metrics
from aura_tui.model.plural import counted
from aura_tui.model.request import frame_size
from aura_tui.model.script import Picture
from aura_tui.pipeline.fallback import first_that_works
from aura_tui.pipeline.held_warnings import BufferedWarnings
from aura_tui.pipeline.scene_progress import SceneProgress
from aura_tui.providers.protocols import FrameSpec
from aura_tui.providers.visuals import candidates, check_theme

if TYPE_CHECKING:
    from collections.abc import Callable

    from aura_tui.model.script import Scene, Script
    from aura_tui.pipeline.context import StageContext
    from aura_tui.providers.protocols import VisualsProvider

MOST_AT_ONCE = 4

# What another provider may cure. A full disk, say, is not among them.
_CURABLE = frozenset(
    {
        Code.VISUALS_FAILED,
        Code.VISUALS_PROVIDER_UNAVAILABLE,
        Code.VISUALS_PROVIDER_REFUSED,
        Code.PICTURE_INVALID,
    }
)


class Drawn(msgspec.Struct, frozen=True):
    """A piece's document. Warnings are kept: a reused picture says them again."""

    width: int
    height: int
    warnings: tuple[str, ...] = ()


async def draw_scenes(ctx: StageContext, script: Script) -> tuple[Picture, ...]:
    """A picture for each scene, in order. Each warning is said once for the whole script."""
    request, settings = ctx.request, ctx.settings
    width, height = frame_size(request.render_spec.res, request.brief.aspect)
    theme = check_theme(request.options.theme or settings.visuals.theme).name
    frame = FrameSpec(width=width, height=height, theme=theme)
    return await first_that_works(
        ctx,
        candidates(request.options.visuals, settings),
        lambda provider, spare: _draw_all(ctx, provider, script, frame, spare),
        curable=_CURABLE,
        instead=lambda spare: f"All scenes are drawn as {spare.name}",
    )


async def _draw_all(
    ctx: StageContext, provider: VisualsProvider, script: Script, frame: FrameSpec, spare: bool
) -> tuple[Picture, ...]:
    total = len(script.scenes)
    slots = asyncio.Semaphore(min(MOST_AT_ONCE, os.cpu_count() or 1))
    locks: dict[str, asyncio.Lock] = {}  # by piece: scenes that show the same picture share it
    warned: set[str] = set()
    pictures: list[Picture] = []

    count = SceneProgress(total)

    def report(message: str, scene: Scene | None = None) -> None:
        ctx.report.progress(
            count.done / total * 100,
            message,
            detail=scene.title if scene else "",
            item=scene.number if scene else None,
            total=total,
            done=count.done,
            active=count.active,
            metrics=Metrics(provider=provider.name, reused=ctx.reused, made=ctx.made),
        )

    async def one(scene: Scene, key: str) -> tuple[Picture, Drawn]:
        def begin() -> None:
            count.begin(scene.number)
            report(f"Drawing scene {scene.number}", scene)

        async with slots:
            found = await _draw(ctx, provider, scene, script, frame, key, locks, begin)
        made = scene.number in count.active
        count.end(scene.number)
        report(f"Scene {scene.number} {'drawn' if made else 'already done'}", scene)
        return found

    report(f"Drawing {counted(total, 'scene')}")
    try:
        keys = await asyncio.to_thread(_keys, ctx, provider, script, frame, spare)
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(one(scene, key))
                for scene, key in zip(script.scenes, keys, strict=True)
            ]
            # Shown in the scenes' order, whichever is done first.
            for task in tasks:
                picture, drawn = await task
                pictures.append(picture)
                ctx.report.picture(Path(picture.path))
                for warning in drawn.warnings:
                    if warning not in warned:
                        warned.add(warning)
                        ctx.warn(warning)
    except BaseExceptionGroup as failed:
        # One cause is what the person can act on: that of the first scene.
        raise failed.exceptions[0] from None
    finally:
        await provider.close()
    return tuple(pictures)


def _keys(
    ctx: StageContext, provider: VisualsProvider, script: Script, frame: FrameSpec, spare: bool
) -> list[str]:
    return [
        ctx.key(
            "picture",
            provider.name,
            provider.identity(),
            provider.inputs(scene, script, frame),
            deterministic=provider.deterministic,
            spare=spare,
        )
        for scene in script.scenes
    ]


async def _draw(
    ctx: StageContext,
    provider: VisualsProvider,
    scene: Scene,
    script: Script,
    frame: FrameSpec,
    key: str,
    locks: dict[str, asyncio.Lock],
    begin: Callable[[], None],
) -> tuple[Picture, Drawn]:
    async def build(part: Path) -> Drawn:
        begin()
        bench = BufferedWarnings(ctx)
        picture = await provider.draw(scene, script, frame, part, bench)
        return Drawn(picture.width, picture.height, tuple(bench.warnings))

    async with locks.setdefault(key, asyncio.Lock()):
        piece = await ctx.piece(key, "picture", Drawn, build, ".png")
    drawn = piece.document
    picture = Picture(
        scene=scene.number, path=str(piece.path), width=drawn.width, height=drawn.height
    )
    return picture, drawn
