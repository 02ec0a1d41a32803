"""The speech provider for any OpenAI-compatible endpoint: POST {base_url}/audio/speech.

Endpoints give no word times. They are estimated by length over the parts of the sound that are not
silent, with pauses matched to the text's punctuation.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from aura_tui.errors import Code, InputError
from aura_tui.model.text.sanitize import clean, clean_line
from aura_tui.providers.openai_client import Failure, OpenAIClient
from aura_tui.providers.protocols import Spoken, Voice
from aura_tui.providers.speech import word_times
from aura_tui.providers.speech.audio import finish
from aura_tui.providers.speech.normalize import tokens as normalization

if TYPE_CHECKING:
    from pathlib import Path

    from aura_tui.providers.protocols import ProviderContext, SceneText
    from aura_tui.settings import SpeechSettings

_DEFAULT_VOICE = "alloy"  # compatible servers know or ignore it
_MAX_SOUND_BYTES = 64 << 20  # 15 minutes of 16-bit 24 kHz WAV are 43 MB
_FAILURE = Failure(
    Code.SPEECH_PROVIDER_UNAVAILABLE, Code.SPEECH_PROVIDER_REFUSED, Code.SPEECH_REPLY_INVALID
)


class OpenAISpeech:
    """The ``openai`` provider. Implements :class:`aura_tui.providers.protocols.SpeechProvider`."""

    name = "openai"
    deterministic = False  # a model's output varies

    def __init__(self, settings: SpeechSettings) -> None:
        if not settings.base_url or not settings.model:
            raise InputError(
                Code.SPEECH_PROVIDER_UNAVAILABLE,
                "No speech endpoint is configured",
                "Set speech.base_url and speech.model (AURA_SPEECH_BASE_URL, AURA_SPEECH_MODEL).",
            )
        self._endpoint = OpenAIClient(
            base_url=settings.base_url,
            api_key=settings.api_key,
            timeout_s=settings.timeout_s,
            name="the speech endpoint",
            failure=_FAILURE,
        )
        self._model = settings.model
        self._voice = settings.voice or _DEFAULT_VOICE

    def identity(self) -> tuple[str, ...]:
        """The endpoint's host and the model."""
        return ("openai", self._endpoint.host, self._model)

    async def voices(self) -> tuple[Voice, ...]:
        """The configured voice, since the API has no list of voices."""
        return (
            Voice(
                name=self._voice,
                language="",
                provider=self.name,
                description=f"{clean_line(self._model, 60)} at {self._endpoint.host}",
            ),
        )

    def resolve(self, voice: str, language: str) -> str:
        """The name as given, since only the endpoint knows its voices."""
        return clean_line(voice, 200) or self._voice

    def scripts(self, voice: str, language: str) -> frozenset[str] | None:
        """See the protocol."""
        return None

    async def speak(self, scene: SceneText, out: Path, ctx: ProviderContext) -> Spoken:
        """Send the text as written in one request, then decode and normalize the sound."""
        tokens = scene.text.split()
        raw = ctx.scratch / f"{out.name}.endpoint"
        body = {
            "model": self._model,
            "voice": scene.voice,
            "input": clean(scene.text, len(scene.text) + 1),
            "response_format": "wav",
            "speed": scene.rate,
        }
        kind, data = await self._endpoint.post(
            "/audio/speech", body, max_bytes=_MAX_SOUND_BYTES, log=ctx.log, accept="audio/*"
        )
        if not data or kind == "application/json" or kind.startswith("text/"):
            raise self._endpoint.invalid(f"with {kind if data else 'nothing'}, not with a sound")
        try:
            await asyncio.to_thread(raw.write_bytes, data)
            sound = await finish(raw, out, ctx, what=f"{clean_line(scene.text, 40)!r}")
        finally:
            raw.unlink(missing_ok=True)
        forms = await asyncio.to_thread(normalization.spoken_forms, scene.text, scene.language)
        words = word_times.estimated(tokens, forms, sound.voiced)
        return Spoken(path=str(out), samples=sound.samples, words=words)
