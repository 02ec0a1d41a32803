"""What can be known to be wrong before a job is queued, by asking the providers. Fast: < 50 ms."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aura_tui.model.request import JobRequest
    from aura_tui.settings import Settings


def check_choices(request: JobRequest, settings: Settings) -> None:
    """Raise InputError for a provider, voice, theme or folder that can't be used."""
    from aura_tui.pipeline.voice import check_voice
    from aura_tui.providers import script, visuals
    from aura_tui.providers.visuals import check_theme

    script.choose(request.options.script, settings)
    check_voice(request, settings)
    visuals.choose(request.options.visuals, settings)
    check_theme(request.options.theme or settings.visuals.theme)
