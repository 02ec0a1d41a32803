"""What can be known to be wrong with a request before its job is queued."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from aura_tui.errors import Faults
from aura_tui.model.request_check import check, with_defaults

if TYPE_CHECKING:
    from aura_tui.model.request import JobRequest
    from aura_tui.settings import Settings


def check_request(request: JobRequest, settings: Settings) -> None:
    """Raise :class:`InvalidRequest` with all that can't be: out of bounds, or a provider, voice,
    theme or folder that can't be used. Takes < 50 ms."""
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
    """Raise InputError, within 3 s, unless there is an FFmpeg that works. Costs a process of it
    five short runs, and nothing from then on."""
    from aura_tui.providers.ffmpeg import find_ffmpeg

    with contextlib.suppress(OSError):  # no room for another process now: the stage will tell
        await find_ffmpeg(settings)
