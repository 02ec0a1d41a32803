"""Converts any sound from a voice to mono, 16 bit, 48 kHz, and normalizes its loudness.

FFmpeg runs twice: to measure the loudness (ITU-R BS.1770, filter ebur128), and to convert and apply
a constant gain, with a limiter only if a peak would exceed the ceiling. A gain that changes within
a scene would be audible (pumping), and the filter loudnorm takes twenty times as long.
"""

from __future__ import annotations

import math
import re
import wave
from typing import TYPE_CHECKING

import msgspec

from aura_tui.errors import Code, StageError
from aura_tui.model.script import SAMPLE_RATE
from aura_tui.model.text.sanitize import clean
from aura_tui.providers.ffmpeg import locate
from aura_tui.providers.ffmpeg.failure import failure
from aura_tui.system.processes import OutputTooLarge

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from aura_tui.providers.protocols import ProviderContext

MAX_SOUND_S = 1800.0  # of one scene
_TIMEOUT_S = 120.0
_CEILING_DB = -1.0  # true peak, required by EBU R 128 s1 and streaming services
_MAX_GAIN_DB = 20.0  # a sound that needs more is noise, not a voice
_SILENT_DB = -60.0  # a sound with a lower peak is silent
_UNMEASURED_LUFS = -69.9  # the filter's result if no block passes its gate
_MONO = "aformat=channel_layouts=mono"
_PAUSE_S, _PAUSE_DB = 0.12, -44.0  # after normalization

# An endpoint's reply is an untrusted file: FFmpeg may decode it only as one of these audio formats,
# never as one that makes it read other files or addresses (a playlist, a concat script).
_INPUT = (
    "-protocol_whitelist",
    "file",
    "-format_whitelist",
    "wav,w64,mp3,flac,ogg,aac,mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,aiff,au,caf",
)
_PLAIN_WAV = ("-probesize", "4096")  # the header is enough; probing more takes 5 ms per run
_MEASURED = re.compile(r"^\s+(I|Peak):\s+(-?inf|nan|-?[\d.]+) (?:LUFS|dBFS)\s*$", re.MULTILINE)
_SILENCE = re.compile(r"silence_(start|end): (-?[\d.]+)")


class Sound(msgspec.Struct, frozen=True):
    """A finished sound. ``voiced``: the parts that aren't silent, (start, end) in seconds, in
    order."""

    samples: int
    voiced: tuple[tuple[float, float], ...]

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return self.samples / SAMPLE_RATE


async def finish(
    raw: Path, out: Path, ctx: ProviderContext, *, what: str, plain_wav: bool = False
) -> Sound:
    """Write ``raw`` (any audio file) to ``out``, normalized to ``settings.speech.loudness_lufs``.

    ``what`` names the sound in errors; ``plain_wav``: one of our workers wrote ``raw`` as a plain
    WAV. Raises StageError: SPEECH_REPLY_INVALID if ``raw`` isn't audio or is too long. A silent or
    very quiet sound gets no gain, or only a limited one.
    """
    before = _PLAIN_WAV if plain_wav else ()
    loudness, peak_db = await _measure(raw, ctx, what, before)
    if not loudness > _UNMEASURED_LUFS and peak_db > _SILENT_DB:
        # Shorter than a gating block (0.4 s): measure it in a loop, which has the same loudness.
        loudness, _ = await _measure(raw, ctx, what, (*before, "-stream_loop", "9"))
    gain_db = 0.0
    if loudness > _UNMEASURED_LUFS:
        gain_db = min(ctx.settings.speech.loudness_lufs - loudness, _MAX_GAIN_DB)
    filters = [
        f"aresample={SAMPLE_RATE}",
        _MONO,
        f"volume={gain_db:.2f}dB",
    ]
    if peak_db + gain_db > _CEILING_DB:
        limit = 10 ** (_CEILING_DB / 20)
        filters.append(f"alimiter=limit={limit:.4f}:attack=2:release=60:level=0")
    filters.append(f"silencedetect=n={_PAUSE_DB}dB:d={_PAUSE_S}")
    written = ("-c:a", "pcm_s16le", "-map_metadata", "-1", "-bitexact", "-f", "wav", _url(out))
    log = await _ffmpeg(ctx, raw, before, filters, written, what)
    with wave.open(str(out), "rb") as file:
        samples = file.getnframes()
    if not 0 < samples <= MAX_SOUND_S * SAMPLE_RATE:
        raise _unusable(what, "is empty" if not samples else "is longer than half an hour")
    return Sound(samples, _voiced(log, samples / SAMPLE_RATE))


async def _measure(
    raw: Path, ctx: ProviderContext, what: str, before: Sequence[str]
) -> tuple[float, float]:
    """Measure ``raw`` as mono: (integrated loudness in LUFS, true peak in dBFS); -inf: silence."""
    filters = [_MONO, "ebur128=framelog=verbose:peak=true"]
    log = await _ffmpeg(ctx, raw, before, filters, ("-f", "null", "-"), what)
    found = dict(_MEASURED.findall(log))
    try:
        loudness, peak = float(found["I"]), float(found["Peak"])
    except (KeyError, ValueError):
        raise _unusable(what, "can't be measured") from None
    return (-math.inf if math.isnan(loudness) else loudness), peak


async def _ffmpeg(
    ctx: ProviderContext,
    raw: Path,
    before: Sequence[str],
    filters: Sequence[str],
    after: Sequence[str],
    what: str,
) -> str:
    """Run FFmpeg on ``raw``; return its stderr. Raises StageError: SPEECH_REPLY_INVALID if FFmpeg
    can't read ``raw``."""
    ffmpeg = await locate(ctx.settings, ctx.children)
    argv = [ffmpeg.path, "-nostdin", "-hide_banner", "-nostats", "-y", *_INPUT, *before]
    argv += ["-i", _url(raw), "-map", "0:a:0", "-t", f"{MAX_SOUND_S + 1:g}"]
    argv += ["-af", ",".join(filters), *after]
    try:
        done = await ctx.children.run(argv, timeout_s=_TIMEOUT_S, max_output=4 << 20)
    except (TimeoutError, OutputTooLarge):
        raise _unusable(what, "takes too long to decode") from None
    log = clean(done.stderr.decode(errors="replace"), 4 << 20)
    if done.returncode:
        problem = failure(f"normalizing {what}", done.returncode, log[-8192:])
        if problem.code is Code.FFMPEG_FAILED and done.returncode > 0:
            raise _unusable(what, "is not a sound that FFmpeg can read")
        raise problem
    return log


def write_silence(raw: Path, rate: int) -> int:
    """Write half a second of silence at ``rate`` Hz, for a text without words; return the number of
    samples."""
    samples = rate // 2
    with wave.open(str(raw), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(bytes(2 * samples))
    return samples


def _unusable(what: str, why: str) -> StageError:
    return StageError(
        Code.SPEECH_REPLY_INVALID,
        f"The sound from {what} {why}",
        "Try another voice or model, or set speech.provider to espeak.",
    )


def _voiced(log: str, duration_s: float) -> tuple[tuple[float, float], ...]:
    """The parts between the silences in FFmpeg's log; the whole sound if all of it is silent."""
    parts: list[tuple[float, float]] = []
    start: float | None = 0.0
    for edge, text in _SILENCE.findall(log):
        at = min(max(float(text), 0.0), duration_s)
        if edge == "end":
            start = at
        elif start is not None:
            if at > start:
                parts.append((start, at))
            start = None
    if start is not None and duration_s > start:
        parts.append((start, duration_s))
    return tuple(parts) or ((0.0, duration_s),)


def _url(path: Path) -> str:
    return f"file:{path}"  # so that a dash or colon in the name has no special meaning
