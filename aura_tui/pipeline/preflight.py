"""Checks a request with its providers before the job is queued."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from aura_tui.errors import Faults
from aura_tui.model.request_check import check, with_defaults

if TYPE_CHECKING:
    from aura_tui.model.request import JobRequest
    from aura_tui.settings import Settings


def check_request(request: JobRequest, settings: Settings) -> None:
    """Raise :class:`InvalidRequest` with every fault: a value out of bounds, or an unusable
    provider, voice, theme or folder. Takes < 50 ms."""
    from aura_tui.pipeline.stages.voice import check_voice
    from aura_tui.providers import script, visuals
    from aura_tui.providers.visuals import check_theme

    faults = Faults()
    with faults.collect():
        check(request)
    request = with_defaults(request, faults.found)
    with faults.collect():
        script.choose(request.options.script, settings)
    with faults.collect():
        check_voice(request, settings)
    with faults.collect():
        visuals.choose(request.options.visuals, settings)
    with faults.collect():
        check_theme(request.options.theme or settings.visuals.theme)
    faults.check()


async def check_tools(settings: Settings) -> None:
    """Raise InputError, within 3 s, unless a working FFmpeg is found. Runs FFmpeg five times, once
    per process of ours."""
    from aura_tui.providers.ffmpeg import find_ffmpeg

    with contextlib.suppress(OSError):  # can't start a process now: the stage will report it
        await find_ffmpeg(settings)
