"""Voice: turns narration into speech with word times, cached scene by scene.

A scene's key covers everything that its sound depends on: the provider and its identity, the text,
the voice, rate and pitch, the loudness. Composition adds the pause after a scene. A single provider
speaks all scenes: under ``auto``, if it fails, the next one speaks them all.
"""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING

import msgspec

from aura_tui.errors import AuraError, Code, InputError
from aura_tui.model.events import Metrics
from aura_tui.model.script import SAMPLE_RATE, Speech, Word
from aura_tui.model.text.plural import counted
from aura_tui.pipeline.fallback import with_fallback
from aura_tui.pipeline.log_lines import scenes_reused
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


# Failures that another provider may avoid; a full disk, for example, isn't one.
_RECOVERABLE = frozenset(
    {
        Code.SPEECH_FAILED,
        Code.SPEECH_PROVIDER_UNAVAILABLE,
        Code.SPEECH_PROVIDER_REFUSED,
        Code.SPEECH_REPLY_INVALID,
        Code.OUT_OF_MEMORY,  # the model may be too large
    }
)


class _Sound(msgspec.Struct, frozen=True):
    """The document cached with a scene's WAV."""

    samples: int
    words: tuple[Word, ...]


def check_voice(request: JobRequest, settings: Settings) -> None:
    """Raise InputError if the requested voice is unavailable. Fast: starts no process."""
    provider = speech.choose(request.options.speech, settings)
    provider.resolve(_voice_name(request, settings), request.brief.language)


async def speak_script(ctx: StageContext, script: Script) -> tuple[Speech, ...]:
    """Speak each scene's narration; the result is in order. Several scenes run in parallel; the
    first failure cancels the others."""
    language = ctx.request.brief.language or script.language

    async def speak(provider: SpeechProvider, is_fallback: bool) -> tuple[Speech, ...]:
        voice = _resolve_voice(provider, ctx, language, is_fallback)
        if ctx.request.voice_spec.pitch != 1.0 and provider.name != "espeak":
            ctx.warn(f"The {provider.name} provider doesn't support pitch; using the voice's own")
        return await _Narration(ctx, provider, voice, language, script, is_fallback).speak()

    return await with_fallback(
        ctx,
        speech.candidates(ctx.request.options.speech, ctx.settings),
        speak,
        recoverable=_RECOVERABLE,
        describe=lambda other: f"All scenes are spoken by {other.name}",
    )


def _resolve_voice(
    provider: SpeechProvider, ctx: StageContext, language: str, is_fallback: bool
) -> str:
    """The voice to speak with. A fallback uses its own voice if it doesn't know the named one."""
    name = _voice_name(ctx.request, ctx.settings)
    try:
        return provider.resolve(name, language)
    except InputError:
        if not is_fallback:
            raise
    return provider.resolve("", language)


class _Narration:
    """The narration of all scenes by one provider."""

    def __init__(
        self,
        ctx: StageContext,
        provider: SpeechProvider,
        voice: str,
        language: str,
        script: Script,
        is_fallback: bool,
    ) -> None:
        self._ctx = ctx
        self._provider = provider
        self._is_fallback = is_fallback
        self._voice = voice
        self._language = language
        self._scenes = script.scenes
        self._total_chars = sum(len(scene.narration) for scene in script.scenes) or 1
        self._done_chars = 0
        self._count = SceneProgress(len(script.scenes))
        self._reused: list[int] = []  # numbers of scenes
        self._slots = asyncio.Semaphore(max(2, os.cpu_count() or 1))

    async def speak(self) -> tuple[Speech, ...]:
        """Speak all scenes; the result is in order."""
        keys = await asyncio.to_thread(self._keys)
        self._report(f"Voice {self._voice} ({self._provider.name})")
        self._ctx.log(f"{counted(self._count.total, 'scene')}, provider {self._provider.name}")
        try:
            async with asyncio.TaskGroup() as group:
                tasks = [
                    group.create_task(self._scene(scene, key))
                    for scene, key in zip(self._scenes, keys, strict=True)
                ]
        except BaseExceptionGroup as failures:
            raise _first(failures) from None
        finally:
            self._ctx.log(scenes_reused(self._reused))
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
                is_fallback=self._is_fallback,
            )
            for scene in self._scenes
        ]

    async def _scene(self, scene: Scene, key: str) -> Speech:
        async with self._slots:

            async def build(part: Path) -> _Sound:
                self._count.start(scene.number)
                self._report(f"Speaking scene {scene.number}", scene)
                try:
                    spoken = await self._provider.speak(self._text(scene), part, self._ctx)
                finally:
                    self._count.stop(scene.number)
                return _Sound(spoken.samples, spoken.words)

            piece = await self._ctx.piece(key, "speech", _Sound, build, suffix=".wav")
        if piece.reused:
            self._reused.append(scene.number)
        else:
            spoken_s = piece.document.samples / SAMPLE_RATE
            self._ctx.log(f"Scene {scene.number}: {spoken_s:.1f} s of speech, voice {self._voice}")
        self._count.finish(scene.number)
        self._done_chars += len(scene.narration)
        self._report(f"Scene {scene.number} {'already done' if piece.reused else 'spoken'}", scene)
        return Speech(
            scene=scene.number,
            path=str(piece.path),
            samples=piece.document.samples,
            words=piece.document.words,
        )

    def _text(self, scene: Scene) -> SceneText:
        requested, settings = self._ctx.request.voice_spec, self._ctx.settings.speech
        rate = requested.rate if requested.rate != 1.0 else settings.rate
        return SceneText(
            text=scene.narration,
            voice=self._voice,
            language=self._language,
            rate=rate,
            pitch=requested.pitch,
        )

    def _report(self, message: str, scene: Scene | None = None) -> None:
        """Report progress by the length of the narration, with the scene, as any may be next."""
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
    """The failure to report: preferably an AuraError, which says what to do."""
    flat = [_first(f) if isinstance(f, BaseExceptionGroup) else f for f in failures.exceptions]
    return next((f for f in flat if isinstance(f, AuraError)), flat[0])
