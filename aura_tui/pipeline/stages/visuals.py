"""Visuals: draws one picture per scene, a few in parallel, each cached separately.

A single provider draws all pictures: under ``auto``, if it fails, the next one draws them all.
"""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from aura_tui.errors import Code
from aura_tui.model.events import Metrics
from aura_tui.model.request import frame_size
from aura_tui.model.script import Picture
from aura_tui.model.text.plural import counted
from aura_tui.pipeline.fallback import with_fallback
from aura_tui.pipeline.log_lines import scenes_reused
from aura_tui.pipeline.provider_context import BufferedWarnings
from aura_tui.pipeline.scene_progress import SceneProgress
from aura_tui.providers.protocols import FrameSpec
from aura_tui.providers.visuals import candidates, check_theme

if TYPE_CHECKING:
    from collections.abc import Callable

    from aura_tui.model.script import Scene, Script
    from aura_tui.pipeline.context import StageContext
    from aura_tui.providers.protocols import VisualsProvider

MAX_PARALLEL = 4

# Failures that another provider may avoid; a full disk, for example, isn't one.
_RECOVERABLE = frozenset(
    {
        Code.VISUALS_FAILED,
        Code.VISUALS_PROVIDER_UNAVAILABLE,
        Code.VISUALS_PROVIDER_REFUSED,
        Code.PICTURE_INVALID,
    }
)


class Drawn(msgspec.Struct, frozen=True):
    """A cached picture's document, with the warnings, which a reused picture repeats."""

    width: int
    height: int
    warnings: tuple[str, ...] = ()


async def draw_scenes(ctx: StageContext, script: Script) -> tuple[Picture, ...]:
    """Draw a picture for each scene, in order. Each warning is reported once per script."""
    request, settings = ctx.request, ctx.settings
    width, height = frame_size(request.render_spec.res, request.brief.aspect)
    theme = check_theme(request.options.theme or settings.visuals.theme).name
    frame = FrameSpec(width=width, height=height, theme=theme)
    return await with_fallback(
        ctx,
        candidates(request.options.visuals, settings),
        lambda provider, is_fallback: _draw_all(ctx, provider, script, frame, is_fallback),
        recoverable=_RECOVERABLE,
        describe=lambda other: f"All scenes are drawn as {other.name}",
    )


async def _draw_all(
    ctx: StageContext,
    provider: VisualsProvider,
    script: Script,
    frame: FrameSpec,
    is_fallback: bool,
) -> tuple[Picture, ...]:
    total = len(script.scenes)
    slots = asyncio.Semaphore(min(MAX_PARALLEL, os.cpu_count() or 1))
    locks: dict[str, asyncio.Lock] = {}  # by key: scenes with the same picture draw it once
    warned: set[str] = set()
    reused: list[int] = []  # numbers of scenes
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
            count.start(scene.number)
            report(f"Drawing scene {scene.number}", scene)

        async with slots:
            found = await _draw(ctx, provider, scene, script, frame, key, locks, begin)
        made = scene.number in count.active
        if made:
            picture = found[0]
            ctx.log(
                f"Scene {scene.number}: {_what(scene, provider)}, {picture.width}x{picture.height}"
            )
        else:
            reused.append(scene.number)
        count.finish(scene.number)
        report(f"Scene {scene.number} {'drawn' if made else 'already done'}", scene)
        return found

    report(f"Drawing {counted(total, 'scene')}")
    ctx.log(f"{counted(total, 'scene')}, provider {provider.name}, theme {frame.theme}")
    try:
        keys = await asyncio.to_thread(_keys, ctx, provider, script, frame, is_fallback)
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(one(scene, key))
                for scene, key in zip(script.scenes, keys, strict=True)
            ]
            # Report pictures in scene order, whatever order they finish in.
            for task in tasks:
                picture, drawn = await task
                pictures.append(picture)
                ctx.report.picture(Path(picture.path))
                for warning in drawn.warnings:
                    if warning not in warned:
                        warned.add(warning)
                        ctx.warn(warning)
    except BaseExceptionGroup as failed:
        # Report one cause: that of the first failure.
        raise failed.exceptions[0] from None
    finally:
        ctx.log(scenes_reused(reused))
        await provider.close()
    return tuple(pictures)


def _what(scene: Scene, provider: VisualsProvider) -> str:
    """The kind of the scene's picture: its card's layout, or the provider."""
    kind = scene.card.__struct_config__.tag
    return f"{kind} card" if provider.name == "cards" else f"picture by {provider.name}"


def _keys(
    ctx: StageContext,
    provider: VisualsProvider,
    script: Script,
    frame: FrameSpec,
    is_fallback: bool,
) -> list[str]:
    return [
        ctx.key(
            "picture",
            provider.name,
            provider.identity(),
            provider.inputs(scene, script, frame),
            deterministic=provider.deterministic,
            is_fallback=is_fallback,
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
        buffered = BufferedWarnings(ctx)
        picture = await provider.draw(scene, script, frame, part, buffered)
        return Drawn(picture.width, picture.height, tuple(buffered.warnings))

    async with locks.setdefault(key, asyncio.Lock()):
        piece = await ctx.piece(key, "picture", Drawn, build, ".png")
    drawn = piece.document
    picture = Picture(
        scene=scene.number, path=str(piece.path), width=drawn.width, height=drawn.height
    )
    return picture, drawn
