"""A job's settings as labels and values, for people: ``show``, and the board."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aura_tui.format import words
from aura_tui.model.text.plural import counted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aura_tui.model.job import Job
    from aura_tui.model.job_settings import JobSettings


def settings_pairs(job: Job) -> tuple[tuple[str, str], ...]:
    """``(label, value)`` of each setting, in order; () if the engine doesn't report them.

    Values are plain text on one line, not cut. What is as usual and would say nothing (no motion
    disabled, cached work used) is left out.
    """
    found = job.settings
    return tuple(_pairs(job, found)) if found is not None else ()


def _pairs(job: Job, found: JobSettings) -> Iterator[tuple[str, str]]:
    yield "Brief", _brief(found)
    target_s = found.target_seconds
    yield "Length", words.duration(target_s) if target_s is not None else "to fit the text"
    if found.resolution:
        aspect = f" ({found.aspect})" if found.aspect else ""
        fps = f", {found.fps} fps" if found.fps is not None else ""
        yield "Video", found.resolution + aspect + fps
    yield "Quality", _quality(found)
    yield "Captions", "burned into the picture" if found.burned_captions else "as a track"
    yield "Voice", _voice(found)
    yield "Language", found.language or "detected from the text"
    if found.theme:
        yield "Theme", found.theme
    if not found.motion:
        yield "Motion", "off"
    providers = (("script", found.script), ("voice", found.speech), ("visuals", found.visuals))
    if named := [f"{stage}: {name}" for stage, name in providers if name]:
        yield "Providers", ", ".join(named)
    yield "Priority", str(job.priority)
    if found.fresh:
        yield "Cached work", "ignored"
    if found.output_folder:
        yield "Output folder", found.output_folder


def _brief(found: JobSettings) -> str:
    size = f"{words.size(found.brief_bytes)}, {counted(found.brief_words, 'word')}"
    return f"{found.brief_name}, {size}" if found.brief_name else size


def _quality(found: JobSettings) -> str:
    parts = []
    if found.quality is not None:
        parts.append(f"{found.quality} %")
    if found.video_bitrate_k is not None:
        parts.append(f"video {found.video_bitrate_k} kbit/s")
    if found.audio_bitrate_k is not None:
        parts.append(f"audio {found.audio_bitrate_k} kbit/s")
    return ", ".join(parts) or "default"


def _voice(found: JobSettings) -> str:
    parts = [found.voice or "default for the language"]
    if found.rate != 1.0:
        parts.append(f"rate {found.rate:g}")
    if found.pitch != 1.0:
        parts.append(f"pitch {found.pitch:g}")
    if found.pause is not None:
        parts.append(f"pause {found.pause:g} s")
    return ", ".join(parts)
