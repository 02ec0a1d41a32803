"""Text -> speech with word times: one adapter a file, chosen by name.

Adapters are imported when they are chosen: a voice that nobody asked for costs nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aura_tui.errors import AuraError, Code, InputError
from aura_tui.model.text import clean_line

if TYPE_CHECKING:
    from aura_tui.providers.port import SpeechProvider, Voice
    from aura_tui.settings import Settings

NAMES = ("espeak", "piper", "openai")


def choose(name: str, settings: Settings) -> SpeechProvider:
    """The provider called ``name``; "" is the settings' own, "auto" the first that is set up.

    Raises InputError: OPTION_INVALID for an unknown name, SETTINGS_INVALID or
    SPEECH_PROVIDER_UNAVAILABLE for one that can't work as it is set up.
    """
    wanted = (name or settings.speech.provider or "auto").strip().lower()
    if wanted == "auto":
        wanted = _first_set_up(settings)
    if wanted == "espeak":
        from aura_tui.providers.speech.espeak import Espeak

        return Espeak()
    if wanted == "piper":
        from aura_tui.providers.speech.piper import Piper

        return Piper(settings.speech)
    if wanted == "openai":
        from aura_tui.providers.speech.openai import OpenAISpeech

        return OpenAISpeech(settings.speech)
    raise InputError(
        Code.OPTION_INVALID,
        f"There is no speech provider {clean_line(wanted, 40)!r}",
        f"It takes auto, {', '.join(NAMES)}.",
        field="options.speech",
    )


async def all_voices(settings: Settings) -> tuple[Voice, ...]:
    """The voices of every provider that is set up, for ``doctor --voices``."""
    voices: list[Voice] = []
    for name in NAMES:
        try:
            voices += await choose(name, settings).voices()
        except AuraError:
            continue  # not set up: what it has can't be known
    return tuple(voices)


def _first_set_up(settings: Settings) -> str:
    speech = settings.speech
    if speech.piper_model:
        return "piper"
    if speech.base_url and speech.model:
        return "openai"
    return "espeak"
