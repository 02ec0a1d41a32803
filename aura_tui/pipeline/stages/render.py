"""Rendering: renders the timeline to an MP4. Encodes segments in parallel, each cached by its
content, and the sound once; then joins them without encoding again."""

from __future__ import annotations

import asyncio
import io
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from aura_tui.errors import Code, StageError
from aura_tui.model.text.plural import counted
from aura_tui.model.text.slug import slug
from aura_tui.pipeline.artifact_files import save
from aura_tui.pipeline.context import storage_error
from aura_tui.pipeline.encoding.encode import Encoding
from aura_tui.pipeline.encoding.frames import rgb_frame
from aura_tui.pipeline.encoding.mux import Part, join
from aura_tui.pipeline.encoding.plan import RenderPlan, find_parts, plan_render
from aura_tui.pipeline.encoding.progress import ENCODED_PERCENT, Meter

if TYPE_CHECKING:
    from aura_tui.model.timeline import Timeline
    from aura_tui.pipeline.context import StageContext

_SLACK_BYTES = 16 << 20


class Rendered(msgspec.Struct, frozen=True, kw_only=True):
    """The finished video, or the part that a cancelled job finished (``poster`` is then "")."""

    video: str
    poster: str
    size_bytes: int
    duration_s: float
    frames: int


async def render(ctx: StageContext, timeline: Timeline) -> Rendered:
    """Render ``<slug>.mp4`` and its poster, ``<slug>.jpg``; both become artifacts.

    Raises StageError: DISK_FULL before it starts if space is short, FFMPEG_FAILED, OUT_OF_MEMORY,
    RENDER_FAILED; InputError FFMPEG_MISSING.
    """
    ctx.report.progress(0, "Preparing the frames", total=len(timeline.clips))
    plan = await plan_render(ctx, timeline)
    parts = await asyncio.to_thread(find_parts, ctx, plan)
    titles = {clip.scene: clip.title for clip in timeline.clips}
    meter = Meter(ctx, plan.work, timeline.fps, plan.sound_bytes, titles)
    for i, part in enumerate(parts):
        if part is not None:
            ctx.reused += 1
            meter.done(i, part.path.stat().st_size, reused=True)
    _check_disk(ctx, plan, parts)
    meter.report()
    ctx.log(_summary(plan, timeline, parts))
    encoding = Encoding(ctx, timeline, plan, parts, meter)
    done, sound, poster = await encoding.run(_poster(ctx, timeline))

    ctx.report.progress(ENCODED_PERCENT, "Joining the video", metrics=meter.metrics())
    await ctx.children.gate()
    name = f"{slug(timeline.title)}.mp4"
    video = await _join(ctx, plan, timeline, done, sound, name)
    ctx.report.picture(poster)
    size = video.stat().st_size
    metrics = msgspec.structs.replace(meter.metrics(), size_bytes=size, projected_bytes=size)
    ctx.report.progress(100, "Rendered", metrics=metrics)
    return Rendered(
        video=str(video),
        poster=str(poster),
        size_bytes=size,
        duration_s=timeline.duration_s,
        frames=timeline.frames,
    )


async def salvage(ctx: StageContext, timeline: Timeline) -> Rendered | None:
    """After a cancel, join the segments finished from the start as ``<slug>.partial.mp4``.

    Fast, since it encodes no pictures. None if the first segment isn't finished.
    """
    plan = await plan_render(ctx, timeline)
    leading: list[Part] = []
    for part in await asyncio.to_thread(find_parts, ctx, plan):
        if part is None:
            break
        leading.append(part)
    if not leading:
        return None
    piece = await asyncio.to_thread(ctx.pieces.find, plan.sound_key, int)
    sound = piece.path if piece and piece.path else Path(timeline.narration)
    name = f"{slug(timeline.title)}.partial.mp4"
    video = await _join(ctx, plan, timeline, leading, sound, name)
    frames = sum(part.frames for part in leading)
    return Rendered(
        video=str(video),
        poster="",
        size_bytes=video.stat().st_size,
        duration_s=frames / timeline.fps,
        frames=frames,
    )


async def _join(
    ctx: StageContext,
    plan: RenderPlan,
    timeline: Timeline,
    parts: list[Part],
    sound: Path,
    name: str,
) -> Path:
    video = ctx.artifacts / name
    captions = Path(timeline.captions)
    # With burned captions, soft ones would make a player show each caption twice.
    soft = timeline.cues and not ctx.request.options.burn_captions and captions.is_file()
    try:
        await join(ctx, plan.ffmpeg, timeline, parts, sound, captions if soft else None, video)
    except OSError as e:
        raise storage_error(e) from e
    ctx.report.artifact(name, video, "video/mp4")
    return video


async def _poster(ctx: StageContext, timeline: Timeline) -> Path:
    """Draw the poster: the middle of the first scene. Raises PictureError if its picture can't be
    read."""
    clip = timeline.clips[0]
    a, b = clip.motion.start, clip.motion.end
    middle = ((a[0] + b[0]) / 2, (a[1] + b[1]) / 2, (a[2] + b[2]) / 2, (a[3] + b[3]) / 2)

    def draw() -> bytes:
        image = rgb_frame(clip.picture, middle, (timeline.width, timeline.height))
        data = io.BytesIO()
        image.save(data, "JPEG", quality=90, optimize=True)
        return data.getvalue()

    data = await asyncio.to_thread(draw)
    path = ctx.artifacts / f"{slug(timeline.title)}.jpg"
    await asyncio.to_thread(save, path, data)
    ctx.report.artifact(path.name, path, "image/jpeg")
    return path


def _summary(plan: RenderPlan, timeline: Timeline, parts: list[Part | None]) -> str:
    """What is to be encoded, and how."""
    codec = plan.codec
    rate = f"CRF {codec.crf}" if codec.bitrate_k is None else f"{codec.bitrate_k} kbit/s"
    found = sum(part is not None for part in parts)
    return (
        f"{counted(timeline.frames, 'frame')} of {codec.width}x{codec.height} at {codec.fps} fps "
        f"in {counted(len(parts), 'segment')}{f', {found} reused' if found else ''}; "
        f"libx264 {codec.preset}, {rate}"
    )


def _check_disk(ctx: StageContext, plan: RenderPlan, parts: list[Part | None]) -> None:
    """Raise DISK_FULL if the missing segments and the joined video likely won't fit."""
    total = sum(segment.frames for segment in plan.work)
    reused = sum(part.frames for part in parts if part is not None)
    whole = plan.codec.projected_bytes(total) + plan.sound_bytes
    pieces = plan.codec.projected_bytes(total - reused) + plan.sound_bytes
    need = whole + pieces + _SLACK_BYTES + ctx.settings.engine.min_free_mb * 1_000_000
    for folder in (ctx.artifacts, ctx.pieces.root):
        existing = next(f for f in (folder, *folder.parents) if f.exists())
        free = shutil.disk_usage(existing).free
        if free < need:
            raise StageError(
                Code.DISK_FULL,
                f"Rendering needs about {need // 1_000_000} MB; {free // 1_000_000} MB are free "
                f"in {existing}",
                "Free some space, or move AURA_HOME to a larger disk, then retry: finished "
                "pieces are kept.",
            )
