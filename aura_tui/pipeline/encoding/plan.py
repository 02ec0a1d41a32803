"""Plans Rendering: the segments to encode and their cache keys."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from aura_tui.pipeline.cache import file_sha256
from aura_tui.pipeline.context import storage_error
from aura_tui.pipeline.encoding.codec_args import AUDIO_BITRATE_K, VideoCodec, video_codec
from aura_tui.pipeline.encoding.mux import Part
from aura_tui.pipeline.encoding.segments import Segment, segments
from aura_tui.providers.ffmpeg import FFmpeg, locate
from aura_tui.providers.visuals.fonts.files import Fallback

if TYPE_CHECKING:
    from aura_tui.model.timeline import Timeline
    from aura_tui.pipeline.context import StageContext

_DRAWING_VERSION = 2  # part of every segment's key: increment it when the drawing changes


class RenderPlan(msgspec.Struct, frozen=True, kw_only=True):
    """The segments in order with a key each; the sound's key and bitrate in kbit/s."""

    ffmpeg: FFmpeg
    codec: VideoCodec
    work: tuple[Segment, ...]
    keys: tuple[str, ...]
    sound_key: str
    sound_k: int
    fallbacks: tuple[Fallback, ...]  # fallback fonts for burned captions
    seconds: float

    @property
    def sound_bytes(self) -> int:
        """The estimated size of the sound."""
        return int(self.sound_k * 125 * self.seconds)


async def plan_render(ctx: StageContext, timeline: Timeline) -> RenderPlan:
    """Plan the render of ``timeline``. Raises InputError FFMPEG_MISSING; StageError for a missing
    picture or sound."""
    ffmpeg = await locate(ctx.settings, ctx.children)
    spec = ctx.request.render_spec
    size = (timeline.width, timeline.height)
    codec = video_codec(size, timeline.fps, spec, ctx.settings.render)
    burn = ctx.request.options.burn_captions and bool(timeline.cues)
    fonts = None
    if burn:
        from aura_tui.pipeline.encoding.burn_captions import caption_fonts

        fonts = await asyncio.to_thread(caption_fonts, timeline.cues)
        for warning in fonts.warnings:
            ctx.warn(warning)
        timeline = msgspec.structs.replace(timeline, cues=fonts.cues)
    work = segments(timeline, burn=burn)
    font = fonts.identity if fonts else ""
    sound_k = spec.audio_bitrate_k or AUDIO_BITRATE_K
    try:
        keys = await asyncio.to_thread(_keys, ctx, ffmpeg, codec, work, font)
        narration = await asyncio.to_thread(file_sha256, Path(timeline.narration))
    except OSError as e:
        raise storage_error(e) from e
    return RenderPlan(
        ffmpeg=ffmpeg,
        codec=codec,
        work=work,
        keys=keys,
        sound_key=ctx.key("sound", narration, sound_k, ffmpeg.identity),
        sound_k=sound_k,
        fallbacks=fonts.fallbacks if fonts else (),
        seconds=timeline.duration_s,
    )


def _keys(
    ctx: StageContext, ffmpeg: FFmpeg, codec: VideoCodec, work: tuple[Segment, ...], font: str
) -> tuple[str, ...]:
    """The cache key of each segment, from everything that its bytes depend on; pictures by hash."""
    import PIL

    pictures = {layer.picture for segment in work for layer in segment.layers}
    hashes = {picture: file_sha256(Path(picture)) for picture in pictures}
    return tuple(
        ctx.key(
            "segment",
            (_DRAWING_VERSION, PIL.__version__, ffmpeg.identity, codec),
            segment.frames,
            [
                msgspec.structs.replace(layer, picture=hashes[layer.picture])
                for layer in segment.layers
            ],
            (segment.burned, font) if segment.burned else (),
        )
        for segment in work
    )


def find_parts(ctx: StageContext, plan: RenderPlan) -> list[Part | None]:
    """The finished segments from the cache, None for each missing one. Reads their files."""
    parts: list[Part | None] = []
    for key, segment in zip(plan.keys, plan.work, strict=True):
        piece = ctx.pieces.find(key, int)
        whole = piece is not None and piece.document == segment.frames and piece.path
        parts.append(Part(whole, segment.frames) if whole else None)
    return parts
