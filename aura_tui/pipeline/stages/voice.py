"""Voice: narration -> speech with word times, scene by scene, each one checkpointed.

A scene's key holds all that its sound depends on: the provider and what it says of itself, the
text, the voice, rate and pitch, the loudness. The breath after a scene is Composition's. One
provider speaks all scenes: under ``auto``, when it fails, the next one speaks them all.
"""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING

import msgspec

from aura_tui.errors import AuraError, Code, InputError
from aura_tui.model.events import Metrics
from aura_tui.model.script import Speech, Word
from aura_tui.pipeline.fallback import first_that_works
from aura_tui.pipeline.scene_progress import SceneProgress
from aura_tui.providers import speech
from aura_tui.providers.protocols import SceneText

if TYPE_CHECKING:
    from pathlib import Path

    from aura_tui.model.request import JobRequest
    from aura_tui.model.script import Scene, Script
    from aura_tui.pipeline.context import StageContext
    from aura_tui.providers.protocols import SpeechProvider
    from aura_tui.settings import Settings


# What another provider may cure. A full disk, say, is not among them.
_CURABLE = frozenset(
    {
        Code.SPEECH_FAILED,
        Code.SPEECH_PROVIDER_UNAVAILABLE,
        Code.SPEECH_PROVIDER_REFUSED,
        Code.SPEECH_REPLY_INVALID,
        Code.OUT_OF_MEMORY,  # a model may want more than there is
    }
)


class _Sound(msgspec.Struct, frozen=True):
    """What a piece keeps beside its WAV."""

    samples: int
    words: tuple[Word, ...]


def check_voice(request: JobRequest, settings: Settings) -> None:
    """Raise InputError when the voice that ``request`` asks for can't be had; fast, no child."""
    provider = speech.choose(request.options.speech, settings)
    provider.resolve(_voice_name(request, settings), request.brief.language)


async def speak_script(ctx: StageContext, script: Script) -> tuple[Speech, ...]:
    """Each scene's narration spoken, in order. Some at a time; the first failure ends the rest."""
    language = ctx.request.brief.language or script.language

    async def speak(provider: SpeechProvider, spare: bool) -> tuple[Speech, ...]:
        voice = _resolved(provider, ctx, language, spare)
        if ctx.request.voice_spec.pitch != 1.0 and provider.name != "espeak":
            ctx.warn(f"The {provider.name} provider doesn't support pitch; using the voice's own")
        return await _Narration(ctx, provider, voice, language, script, spare).speak()

    return await first_that_works(
        ctx,
        speech.candidates(ctx.request.options.speech, ctx.settings),
        speak,
        curable=_CURABLE,
        instead=lambda spare: f"All scenes are spoken by {spare.name}",
    )


def _resolved(provider: SpeechProvider, ctx: StageContext, language: str, spare: bool) -> str:
    """The voice to speak with. One that stands in needn't know the other's voices."""
    name = _voice_name(ctx.request, ctx.settings)
    try:
        return provider.resolve(name, language)
    except InputError:
        if not spare:
            raise
    return provider.resolve("", language)


class _Narration:
    """The whole narration by one provider."""

    def __init__(
        self,
        ctx: StageContext,
        provider: SpeechProvider,
        voice: str,
        language: str,
        script: Script,
        spare: bool,
    ) -> None:
        self._ctx = ctx
        self._provider = provider
        self._spare = spare
        self._voice = voice
        self._language = language
        self._scenes = script.scenes
        self._total_chars = sum(len(scene.narration) for scene in script.scenes) or 1
        self._done_chars = 0
        self._count = SceneProgress(len(script.scenes))
        self._lanes = asyncio.Semaphore(max(2, os.cpu_count() or 1))

    async def speak(self) -> tuple[Speech, ...]:
        """All scenes, in order."""
        keys = await asyncio.to_thread(self._keys)
        self._report(f"Voice {self._voice} ({self._provider.name})")
        try:
            async with asyncio.TaskGroup() as group:
                tasks = [
                    group.create_task(self._scene(scene, key))
                    for scene, key in zip(self._scenes, keys, strict=True)
                ]
        except BaseExceptionGroup as failures:
            raise _first(failures) from None
        return tuple(task.result() for task in tasks)

    def _keys(self) -> list[str]:
        identity = self._provider.identity()
        return [
            self._ctx.key(
                "speech",
                self._provider.name,
                identity,
                self._text(scene),
                self._ctx.settings.speech.loudness_lufs,
                deterministic=self._provider.deterministic,
                spare=self._spare,
            )
            for scene in self._scenes
        ]

    async def _scene(self, scene: Scene, key: str) -> Speech:
        async with self._lanes:

            async def build(part: Path) -> _Sound:
                self._count.begin(scene.number)
                self._report(f"Speaking scene {scene.number}", scene)
                try:
                    spoken = await self._provider.speak(self._text(scene), part, self._ctx)
                finally:
                    self._count.rest(scene.number)
                return _Sound(spoken.samples, spoken.words)

            piece = await self._ctx.piece(key, "speech", _Sound, build, suffix=".wav")
        self._count.end(scene.number)
        self._done_chars += len(scene.narration)
        self._report(f"Scene {scene.number} {'already done' if piece.reused else 'spoken'}", scene)
        return Speech(
            scene=scene.number,
            path=str(piece.path),
            samples=piece.document.samples,
            words=piece.document.words,
        )

    def _text(self, scene: Scene) -> SceneText:
        asked, settings = self._ctx.request.voice_spec, self._ctx.settings.speech
        rate = asked.rate if asked.rate != 1.0 else settings.rate
        return SceneText(
            text=scene.narration,
            voice=self._voice,
            language=self._language,
            rate=rate,
            pitch=asked.pitch,
        )

    def _report(self, message: str, scene: Scene | None = None) -> None:
        """Progress by narration's length. Scenes are done in whatever order: which, is said."""
        self._ctx.report.progress(
            100.0 * self._done_chars / self._total_chars,
            message,
            detail=scene.title if scene else "",
            item=scene.number if scene else None,
            total=self._count.total,
            done=self._count.done,
            active=self._count.active,
            metrics=Metrics(
                provider=self._provider.name, reused=self._ctx.reused, made=self._ctx.made
            ),
        )


def _voice_name(request: JobRequest, settings: Settings) -> str:
    return request.voice_spec.voice_name or settings.speech.voice


def _first(failures: BaseExceptionGroup[BaseException]) -> BaseException:
    """The failure to report: one that says what to do, if any does."""
    flat = [_first(f) if isinstance(f, BaseExceptionGroup) else f for f in failures.exceptions]
    return next((f for f in flat if isinstance(f, AuraError)), flat[0])
