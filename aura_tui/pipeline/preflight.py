"""What can be known to be wrong before a job is queued, by asking the providers."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aura_tui.model.request import JobRequest
    from aura_tui.settings import Settings


def check_choices(request: JobRequest, settings: Settings) -> None:
    """Raise InputError for a provider, voice, theme or folder that can't be used. Takes < 50 ms."""
    from aura_tui.pipeline.stages.voice import check_voice
    from aura_tui.providers import script, visuals
    from aura_tui.providers.visuals import check_theme

    script.choose(request.options.script, settings)
    check_voice(request, settings)
    visuals.choose(request.options.visuals, settings)
    check_theme(request.options.theme or settings.visuals.theme)


async def check_tools(settings: Settings) -> None:
    """Raise InputError, within 3 s, unless there is an FFmpeg that works. Costs a process of it
    five short runs, and nothing from then on."""
    from aura_tui.providers.ffmpeg import find_ffmpeg

    with contextlib.suppress(OSError):  # no room for another process now: the stage will tell
        await find_ffmpeg(settings)
