"""Speech providers turn text into speech with word times: one module each, chosen by name.

Modules are imported only when their provider is chosen.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from aura_tui.errors import AuraError, Code, InputError
from aura_tui.model.text.near import did_you_mean
from aura_tui.model.text.sanitize import clean_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aura_tui.providers.protocols import SpeechProvider, Voice
    from aura_tui.settings import Settings

NAMES = ("espeak", "piper", "openai")
_AUTO = ("openai", "piper", "espeak")  # the order of "auto": best first, then its fallbacks


def choose(name: str, settings: Settings) -> SpeechProvider:
    """The provider called ``name``; "": the one in the settings, "auto": the best configured one.

    Raises InputError: OPTION_INVALID for an unknown name, SETTINGS_INVALID or
    SPEECH_PROVIDER_UNAVAILABLE for an unusable configuration.
    """
    name = chosen(name, settings)
    if name == "espeak":
        from aura_tui.providers.speech.espeak.provider import Espeak

        return Espeak()
    if name == "piper":
        from aura_tui.providers.speech.piper.provider import Piper

        return Piper(settings.speech)
    if name == "openai":
        from aura_tui.providers.speech.openai import OpenAISpeech

        return OpenAISpeech(settings.speech)
    raise InputError(
        Code.OPTION_INVALID,
        f"Unknown speech provider {clean_line(name, 40)!r}",
        f"{did_you_mean(name, NAMES)}Use one of: auto, {', '.join(NAMES)}.",
        field="options.speech",
    )


async def all_voices(settings: Settings) -> tuple[Voice, ...]:
    """The voices of every configured provider, for ``doctor --voices``."""
    voices: list[Voice] = []
    for name in NAMES:
        try:
            voices += await choose(name, settings).voices()
        except AuraError:
            continue  # not configured: its voices are unknown
    return tuple(voices)


def candidates(name: str, settings: Settings) -> Iterator[SpeechProvider]:
    """The provider of :func:`choose`, which may raise; under "auto" also its fallbacks, each
    created on demand."""
    yield choose(name, settings)
    if _requested(name, settings) == "auto":
        for fallback in _configured(settings)[1:]:
            with contextlib.suppress(InputError):  # skip a misconfigured fallback
                yield choose(fallback, settings)


def chosen(name: str, settings: Settings) -> str:
    """The name of the provider that :func:`choose` returns, without creating it."""
    requested = _requested(name, settings)
    return _configured(settings)[0] if requested == "auto" else requested


def _requested(name: str, settings: Settings) -> str:
    return (name or settings.speech.provider or "auto").strip().lower()


def _configured(settings: Settings) -> list[str]:
    speech = settings.speech
    is_configured = {
        "openai": bool(speech.base_url and speech.model),
        "piper": bool(speech.piper_model),
        "espeak": True,
    }
    return [name for name in _AUTO if is_configured[name]]
