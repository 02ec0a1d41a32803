"""Text -> speech with word times: one adapter a file, chosen by name.

Adapters are imported when they are chosen: a voice that nobody asked for costs nothing.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from aura_tui.errors import AuraError, Code, InputError
from aura_tui.model.sanitize import clean_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aura_tui.providers.protocols import SpeechProvider, Voice
    from aura_tui.settings import Settings

NAMES = ("espeak", "piper", "openai")
_AUTO = ("openai", "piper", "espeak")  # the best that is set up, then what stands in for it


def choose(name: str, settings: Settings) -> SpeechProvider:
    """The provider called ``name``; "" is the settings' own, "auto" the best that is set up.

    Raises InputError: OPTION_INVALID for an unknown name, SETTINGS_INVALID or
    SPEECH_PROVIDER_UNAVAILABLE for one that can't work as it is set up.
    """
    wanted = chosen(name, settings)
    if wanted == "espeak":
        from aura_tui.providers.speech.espeak.provider import Espeak

        return Espeak()
    if wanted == "piper":
        from aura_tui.providers.speech.piper.provider import Piper

        return Piper(settings.speech)
    if wanted == "openai":
        from aura_tui.providers.speech.openai import OpenAISpeech

        return OpenAISpeech(settings.speech)
    raise InputError(
        Code.OPTION_INVALID,
        f"Unknown speech provider {clean_line(wanted, 40)!r}",
        f"Use one of: auto, {', '.join(NAMES)}.",
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


def candidates(name: str, settings: Settings) -> Iterator[SpeechProvider]:
    """The one of :func:`choose`, which raises; under "auto" then those that can stand in for it,
    each made when it is asked for."""
    yield choose(name, settings)
    if _wanted(name, settings) == "auto":
        for spare in _set_up(settings)[1:]:
            with contextlib.suppress(InputError):  # set up wrongly: it can't help
                yield choose(spare, settings)


def chosen(name: str, settings: Settings) -> str:
    """The name of the one that :func:`choose` gives, made of nothing but names."""
    wanted = _wanted(name, settings)
    return _set_up(settings)[0] if wanted == "auto" else wanted


def _wanted(name: str, settings: Settings) -> str:
    return (name or settings.speech.provider or "auto").strip().lower()


def _set_up(settings: Settings) -> list[str]:
    speech = settings.speech
    there = {
        "openai": bool(speech.base_url and speech.model),
        "piper": bool(speech.piper_model),
        "espeak": True,
    }
    return [name for name in _AUTO if there[name]]
