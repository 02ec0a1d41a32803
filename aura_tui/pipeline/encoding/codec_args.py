"""FFmpeg's arguments to encode video and sound, from the request and the settings. Pure."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from pathlib import Path

    from aura_tui.model.request import RenderSpec
    from aura_tui.settings import RenderSettings

AUDIO_BITRATE_K = 128
_BITS_PER_PIXEL = 0.06  # x264 at CRF 23 on moving cards; a high estimate

_COLOUR = (
    *("-color_range", "tv", "-colorspace", "bt709"),
    *("-color_primaries", "bt709", "-color_trc", "bt709"),
)


class VideoCodec(msgspec.Struct, frozen=True, kw_only=True):
    """Everything but the frames that a segment's bytes depend on. Part of its cache key."""

    width: int
    height: int
    fps: int
    preset: str
    crf: int | None  # None: use bitrate_k
    bitrate_k: int | None
    threads: int  # changes x264's output

    def arguments(self, out: Path) -> tuple[str, ...]:
        """Arguments to encode raw frames from stdin to an MP4 at ``out``.

        Every segment has the same parameter sets and starts with an IDR frame, so that segments
        can be joined without encoding again: "stitchable" keeps x264 from adapting headers to
        content.
        """
        if self.bitrate_k is None:
            rate: tuple[str, ...] = ("-crf", str(self.crf))
        else:
            k = self.bitrate_k
            rate = ("-b:v", f"{k}k", "-maxrate", f"{k * 3 // 2}k", "-bufsize", f"{k * 2}k")
        return (
            *("-f", "rawvideo", "-pix_fmt", "yuv420p", "-framerate", str(self.fps)),
            *("-video_size", f"{self.width}x{self.height}", *_COLOUR),
            *("-threads", "1", "-filter_threads", "1", "-i", "pipe:0"),
            *("-c:v", "libx264", "-preset", self.preset, *rate, "-pix_fmt", "yuv420p", *_COLOUR),
            *("-x264-params", "stitchable=1:open-gop=0", "-threads", str(self.threads)),
            *("-video_track_timescale", str(timescale(self.fps)), "-f", "mp4", str(out)),
        )

    def projected_bytes(self, frames: int) -> int:
        """The estimated size of ``frames`` frames."""
        if self.bitrate_k is not None:
            return self.bitrate_k * 1000 // 8 * frames // self.fps
        quality = 2.0 ** ((23 - (self.crf or 23)) / 6)  # CRF + 6 halves the size
        return int(self.width * self.height * frames * _BITS_PER_PIXEL / 8 * quality)


def timescale(fps: int) -> int:
    """Ticks per second of the video track; every frame lasts a whole number of them."""
    return fps * 512


def cores() -> int:
    """The number of cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def worker_count(settings: RenderSettings) -> int:
    """The number of workers: the setting ``render.lanes``, or one per core if it is 0."""
    return max(1, settings.lanes or cores())


def video_codec(
    size: tuple[int, int], fps: int, spec: RenderSpec, settings: RenderSettings
) -> VideoCodec:
    """The codec from the request, else the settings. ``qualityLevel`` 0-100 maps to CRF 35-15, so
    60 is CRF 23."""
    crf: int | None = settings.crf
    if spec.quality_level is not None:
        crf = round(35 - spec.quality_level / 5)
    if spec.video_bitrate_k is not None:
        crf = None
    return VideoCodec(
        width=size[0],
        height=size[1],
        fps=fps,
        preset=settings.preset,
        crf=crf,
        bitrate_k=spec.video_bitrate_k,
        # With a worker per core, one thread each keeps all cores busy without synchronization.
        threads=max(1, cores() // worker_count(settings)),
    )


def audio_arguments(narration: str, bitrate_k: int, out: Path) -> tuple[str, ...]:
    """Arguments to encode a WAV to AAC in an MP4 at ``out``. The fast coder takes half the time and
    is as good for speech."""
    return (
        *("-i", narration, "-c:a", "aac", "-aac_coder", "fast", "-b:a", f"{bitrate_k}k"),
        *("-f", "mp4", str(out)),
    )
