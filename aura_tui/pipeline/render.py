"""Rendering: the timeline becomes an MP4. Segments are encoded side by side, each kept under the
key of its content, then joined without another encode; the sound is encoded once, beside them."""

from __future__ import annotations

import asyncio
import io
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from aura_tui.errors import AuraError, Code, StageError
from aura_tui.model.slug import slug
from aura_tui.model.text import clean_line
from aura_tui.pipeline.codec import (
    AUDIO_BITRATE_K,
    VideoCodec,
    audio_arguments,
    lane_count,
    video_codec,
)
from aura_tui.pipeline.context import storage_error
from aura_tui.pipeline.frames import PictureError, rgb_frame
from aura_tui.pipeline.lane_order import Order
from aura_tui.pipeline.lanes import BrokenPicture, Lane, open_lane, share, take
from aura_tui.pipeline.meter import ENCODED_PERCENT, Meter
from aura_tui.pipeline.mux import Part, join
from aura_tui.pipeline.pieces import file_sha256
from aura_tui.pipeline.segments import Segment, segments
from aura_tui.providers.ffmpeg import FFmpeg, job, locate

if TYPE_CHECKING:
    from aura_tui.model.timeline import Timeline
    from aura_tui.pipeline.context import StageContext

_DRAWING = 1  # part of every segment's key: bump it when frames come out otherwise
_SLACK_BYTES = 16 << 20


class Rendered(msgspec.Struct, frozen=True, kw_only=True):
    """The finished video."""

    video: str
    poster: str
    size_bytes: int
    duration_s: float
    frames: int


class _Plan(msgspec.Struct, frozen=True):
    """What is to be encoded, and the key that each segment is kept under."""

    ffmpeg: FFmpeg
    codec: VideoCodec
    work: tuple[Segment, ...]
    keys: tuple[str, ...]
    sound_key: str
    sound_k: int


async def render(ctx: StageContext, timeline: Timeline) -> Rendered:
    """``<slug>.mp4`` and its poster, ``<slug>.jpg``; both become artifacts.

    Raises StageError: DISK_FULL before it starts when the space won't do, FFMPEG_FAILED,
    OUT_OF_MEMORY, RENDER_FAILED; InputError FFMPEG_MISSING.
    """
    ctx.report.progress(0, "Preparing the frames", total=len(timeline.clips))
    plan = await _plan(ctx, timeline)
    parts = await asyncio.to_thread(_find, ctx, plan)
    meter = Meter(ctx, plan.work, timeline.fps, _sound_bytes(plan, timeline))
    for i, part in enumerate(parts):
        if part is not None:
            ctx.reused += 1
            meter.done(i, part.path.stat().st_size, reused=True)
    missing = [i for i, part in enumerate(parts) if part is None]
    _check_disk(ctx, plan, timeline, sum(plan.work[i].frames for i in missing))
    meter.report()
    sound, poster = await _make(ctx, timeline, plan, parts, missing, meter)

    ctx.report.progress(ENCODED_PERCENT, "Joining the video", metrics=meter.metrics())
    await ctx.children.gate()
    video = ctx.artifacts / f"{slug(timeline.title)}.mp4"
    try:
        await join(
            ctx,
            plan.ffmpeg,
            timeline,
            [part for part in parts if part is not None],
            sound,
            Path(timeline.captions) if timeline.cues else None,
            video,
        )
        size = video.stat().st_size
    except OSError as e:
        raise storage_error(e) from e
    ctx.report.artifact(video.name, video, "video/mp4")
    metrics = msgspec.structs.replace(meter.metrics(), size_bytes=size, projected_bytes=size)
    ctx.report.progress(100, "Rendered", metrics=metrics)
    return Rendered(
        video=str(video),
        poster=str(poster),
        size_bytes=size,
        duration_s=timeline.duration_s,
        frames=timeline.frames,
    )


async def salvage(ctx: StageContext, timeline: Timeline) -> Path | None:
    """After a cancel: what is finished from the video's beginning, as ``<slug>.partial.mp4``.

    Encodes no picture again, so it takes a moment. None when not even the first segment is there.
    """
    plan = await _plan(ctx, timeline)
    leading: list[Part] = []
    for part in await asyncio.to_thread(_find, ctx, plan):
        if part is None:
            break
        leading.append(part)
    if not leading:
        return None
    sound = await asyncio.to_thread(ctx.pieces.find, plan.sound_key, int)
    video = ctx.artifacts / f"{slug(timeline.title)}.partial.mp4"
    captions = Path(timeline.captions)
    try:
        await join(
            ctx,
            plan.ffmpeg,
            timeline,
            leading,
            sound.path if sound and sound.path else Path(timeline.narration),
            captions if timeline.cues and captions.is_file() else None,
            video,
        )
    except OSError as e:
        raise storage_error(e) from e
    ctx.report.artifact(video.name, video, "video/mp4")
    return video


async def _plan(ctx: StageContext, timeline: Timeline) -> _Plan:
    ffmpeg = await locate(ctx.settings, ctx.children)
    spec = ctx.request.render_spec
    size = (timeline.width, timeline.height)
    codec = video_codec(size, timeline.fps, spec, ctx.settings.render)
    work = segments(timeline, burn=ctx.request.options.burn_captions)
    sound_k = spec.audio_bitrate_k or AUDIO_BITRATE_K
    try:
        keys = await asyncio.to_thread(_keys, ctx, ffmpeg, codec, work)
        narration = await asyncio.to_thread(file_sha256, Path(timeline.narration))
    except OSError as e:
        raise storage_error(e) from e
    sound_key = ctx.key("sound", narration, sound_k, ffmpeg.identity)
    return _Plan(ffmpeg, codec, work, keys, sound_key, sound_k)


def _keys(
    ctx: StageContext, ffmpeg: FFmpeg, codec: VideoCodec, work: tuple[Segment, ...]
) -> tuple[str, ...]:
    """A key over all that a segment's bits depend on; pictures count by their bytes."""
    import PIL

    pictures = {layer.picture for segment in work for layer in segment.layers}
    hashes = {picture: file_sha256(Path(picture)) for picture in pictures}
    font = ""
    if any(segment.burned for segment in work):
        from aura_tui.pipeline.burn import font_file

        path = font_file()
        font = file_sha256(path) if path else "built-in"
    return tuple(
        ctx.key(
            "segment",
            (_DRAWING, PIL.__version__, ffmpeg.identity, codec),
            segment.frames,
            [
                msgspec.structs.replace(layer, picture=hashes[layer.picture])
                for layer in segment.layers
            ],
            (segment.burned, font) if segment.burned else (),
        )
        for segment in work
    )


def _find(ctx: StageContext, plan: _Plan) -> list[Part | None]:
    parts: list[Part | None] = []
    for key, segment in zip(plan.keys, plan.work, strict=True):
        piece = ctx.pieces.find(key, int)
        whole = piece is not None and piece.document == segment.frames and piece.path
        parts.append(Part(whole, segment.frames) if whole else None)
    return parts


async def _make(
    ctx: StageContext,
    timeline: Timeline,
    plan: _Plan,
    parts: list[Part | None],
    missing: list[int],
    meter: Meter,
) -> tuple[Path, Path]:
    """Encode the missing segments into ``parts``, the sound, the poster. One failure ends all."""
    todo = [plan.work[i] for i in missing]
    lanes = min(lane_count(ctx.settings.render), len(todo))
    queues = share(todo, lanes)

    async def lane(own: int) -> None:
        async with open_lane(ctx, plan.ffmpeg) as worker:
            while (n := take(queues, own, todo)) is not None:
                parts[missing[n]] = await _encode(ctx, timeline, plan, missing[n], worker, meter)

    try:
        async with asyncio.TaskGroup() as group:
            sound = group.create_task(_sound(ctx, timeline, plan))
            for own in range(lanes):
                group.create_task(lane(own))
            poster = group.create_task(_poster(ctx, timeline))
    except BaseExceptionGroup as failed:
        cause = _cause(failed)
        if isinstance(cause, (BrokenPicture, PictureError)):
            raise _broken(timeline, cause.picture, str(cause)) from None
        raise cause from None
    return sound.result(), poster.result()


async def _encode(
    ctx: StageContext, timeline: Timeline, plan: _Plan, index: int, lane: Lane, meter: Meter
) -> Part:
    segment = plan.work[index]
    scene = next(c for c in timeline.clips if c.scene == segment.scene)
    what = f"encoding {'the crossfade into ' if segment.fades else ''}scene {scene.scene}"

    async def build(out: Path) -> int:
        order = Order(
            number=index,
            width=timeline.width,
            height=timeline.height,
            segment=segment,
            argv=(plan.ffmpeg.path, *job.BASE, *plan.codec.arguments(out)),
        )
        await lane.encode(order, what, lambda progress: meter.progress(index, progress))
        return segment.frames

    piece = await ctx.piece(plan.keys[index], "segment", int, build, ".mp4")
    assert piece.path is not None
    meter.done(index, piece.path.stat().st_size, reused=piece.reused)
    return Part(piece.path, segment.frames)


async def _sound(ctx: StageContext, timeline: Timeline, plan: _Plan) -> Path:
    async def build(out: Path) -> int:
        arguments = audio_arguments(timeline.narration, plan.sound_k, out)
        await job.run(ctx, plan.ffmpeg, arguments, what="encoding the sound")
        return timeline.narration_samples

    piece = await ctx.piece(plan.sound_key, "sound", int, build, ".m4a")
    assert piece.path is not None
    return piece.path


async def _poster(ctx: StageContext, timeline: Timeline) -> Path:
    """The first scene at its middle."""
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
    part = path.with_name(f"{path.name}.part")
    try:
        part.write_bytes(data)
        os.replace(part, path)
    except OSError as e:
        raise storage_error(e) from e
    finally:
        part.unlink(missing_ok=True)
    ctx.report.artifact(path.name, path, "image/jpeg")
    return path


def _broken(timeline: Timeline, picture: str, why: str) -> StageError:
    scene = next((clip.scene for clip in timeline.clips if clip.picture == picture), 0)
    return StageError(
        Code.RENDER_FAILED,
        f"The picture of scene {scene} can't be read: {clean_line(why, 300)}",
        "Retry with fresh work (options.fresh): the picture will be made again.",
    )


def _sound_bytes(plan: _Plan, timeline: Timeline) -> int:
    return int(plan.sound_k * 125 * timeline.duration_s)


def _check_disk(ctx: StageContext, plan: _Plan, timeline: Timeline, frames: int) -> None:
    """Raise DISK_FULL when the missing frames and the joined video likely won't fit."""
    sound = _sound_bytes(plan, timeline)
    whole = plan.codec.projected_bytes(timeline.frames) + sound
    pieces = plan.codec.projected_bytes(frames) + sound
    need = whole + pieces + _SLACK_BYTES + ctx.settings.engine.min_free_mb * 1_000_000
    for folder in (ctx.artifacts, ctx.pieces.root):
        there = next(f for f in (folder, *folder.parents) if f.exists())
        free = shutil.disk_usage(there).free
        if free < need:
            raise StageError(
                Code.DISK_FULL,
                f"Rendering needs about {need // 1_000_000} MB; {free // 1_000_000} MB are free "
                f"in {there}",
                "Free some space, or move AURA_HOME to a larger disk, then retry: finished "
                "pieces are kept.",
            )


def _cause(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """The failure to tell: the first of ours, else the first of all."""
    first: BaseException | None = None
    for error in group.exceptions:
        leaf = _cause(error) if isinstance(error, BaseExceptionGroup) else error
        if isinstance(leaf, AuraError):
            return leaf
        first = first or leaf
    assert first is not None
    return first
