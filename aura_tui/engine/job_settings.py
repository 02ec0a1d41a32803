"""Makes a job's :class:`~aura_tui.model.job_settings.JobSettings` from its request."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from aura_tui.engine.run.history import expected_providers
from aura_tui.errors import InputError
from aura_tui.model.job_settings import JobSettings
from aura_tui.model.request import frame_size, parse_duration
from aura_tui.model.stages import Stage

if TYPE_CHECKING:
    from pathlib import Path

    from aura_tui.engine.store.store import Record
    from aura_tui.model.request import JobRequest
    from aura_tui.settings import Settings

_RATIOS = {(16, 9): "16:9", (9, 16): "9:16", (1, 1): "1:1"}


def settings_of(
    request: JobRequest, settings: Settings | None, output_folder: Path | str | None
) -> JobSettings:
    """The settings of a job with a valid ``request``. ``settings`` are the engine's; None: unknown,
    for a job of an earlier release."""
    brief, spec = request.brief, request.render_spec
    voice, options = request.voice_spec, request.options
    text = brief.text or brief.topic
    providers = expected_providers(request, settings) if settings is not None else {}
    try:
        width, height = frame_size(spec.res, brief.aspect)
        resolution, aspect = f"{width}x{height}", _aspect(width, height)
        target_s = parse_duration(request.plan_spec.target_duration)
    except InputError:  # a request of an earlier release, by other rules
        resolution, aspect, target_s = "", brief.aspect, None
    name, theme, rate = voice.voice_name, options.theme, voice.rate
    if settings is not None:
        name = name or settings.speech.voice
        theme = theme or settings.visuals.theme
        rate = rate if rate != 1.0 else settings.speech.rate
    return JobSettings(
        brief_name=brief.name,
        brief_bytes=len(text.encode("utf-8", "replace")),
        brief_words=len(text.split()),
        target_seconds=target_s,
        resolution=resolution,
        aspect=aspect,
        fps=spec.fps,
        quality=spec.quality_level,
        video_bitrate_k=spec.video_bitrate_k,
        audio_bitrate_k=spec.audio_bitrate_k,
        burned_captions=options.burn_captions,
        motion=options.motion,
        fresh=options.fresh,
        voice=name,
        rate=rate,
        pitch=voice.pitch,
        pause=voice.pause,
        language=brief.language,
        theme=theme,
        script=providers.get(Stage.SCRIPT, options.script),
        speech=providers.get(Stage.VOICE, options.speech),
        visuals=providers.get(Stage.VISUALS, options.visuals),
        output_folder=str(output_folder) if output_folder else "",
    )


def with_settings(record: Record) -> Record:
    """The record of a job; one of an earlier release gets the settings that its request has."""
    if record.job.settings is not None:
        return record
    found = settings_of(record.request, None, record.deliver_to)
    return replace(record, job=replace(record.job, settings=found))


def _aspect(width: int, height: int) -> str:
    """The named ratio that the frame has; "" for another one."""
    for (a, b), name in _RATIOS.items():
        if abs(width / height - a / b) <= 0.02:
            return name
    return ""
