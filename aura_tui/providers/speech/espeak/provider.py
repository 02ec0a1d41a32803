"""The speech provider for eSpeak NG, which needs no setup. See :mod:`.worker` for its process."""

from __future__ import annotations

import asyncio
import functools
import importlib.metadata
import importlib.util
import math
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from aura_tui.model.text.sanitize import clean_line
from aura_tui.model.text.scripts import script_of
from aura_tui.providers.protocols import Spoken, Voice
from aura_tui.providers.speech import word_times
from aura_tui.providers.speech.audio import MAX_SOUND_S, finish, write_silence
from aura_tui.providers.speech.espeak import voices as espeak_voices
from aura_tui.providers.speech.normalize import tokens as normalization
from aura_tui.providers.speech.worker_call import call_worker

if TYPE_CHECKING:
    from aura_tui.providers.protocols import ProviderContext, SceneText

_WORKER = Path(__file__).with_name("worker.py")
_WORDS_PER_MINUTE, _SLOWEST, _FASTEST = 165, 80, 450  # the bounds are the library's
_TIMEOUT_S = 60.0  # half an hour of speech takes two seconds
_RATE = 22050  # Hz; the library's rate


class _Reply(msgspec.Struct, frozen=True):
    rate: int
    samples: int
    words: tuple[tuple[int, int, int], ...]


_SCRIPTS_VERSION = "1"  # part of a sound's cache key: increment it when other letters are left out


class Espeak:
    """The ``espeak`` provider. Implements :class:`aura_tui.providers.protocols.SpeechProvider`."""

    name = "espeak"
    deterministic = True  # a fresh process per text gives the same bytes

    def identity(self) -> tuple[str, ...]:
        """The library's release and the version of our text normalization."""
        return ("espeak", _release(), str(normalization.VERSION), _SCRIPTS_VERSION)

    async def voices(self) -> tuple[Voice, ...]:
        """Every voice in the library's data, by name; the default voice also in common variants.

        Any voice supports any variant ("de+f3"); a list of all these thousands would be useless.
        """
        read = espeak_voices.read(_data())
        known = {name: voice.description for name, voice in read.items()}
        default = espeak_voices.DEFAULT
        known |= {
            f"{default}+{variant}": f"{known[default]}, variant {variant}"
            for variant in espeak_voices.variants(_data())
            if re.fullmatch(r"[fm]\d", variant)
        }
        return tuple(
            Voice(
                name=name,
                language=read[name.partition("+")[0]].languages[0][0],
                provider=self.name,
                description=known[name],
            )
            for name in sorted(known)
        )

    def resolve(self, voice: str, language: str) -> str:
        """See the protocol. Takes a few milliseconds at most."""
        return espeak_voices.resolve(_data(), voice, language)

    def scripts(self, voice: str, language: str) -> frozenset[str] | None:
        """See the protocol."""
        return espeak_voices.scripts_of(_language(voice, language))

    async def speak(self, scene: SceneText, out: Path, ctx: ProviderContext) -> Spoken:
        """Speak in a worker process, then normalize; the library's events give the word times."""
        tokens = scene.text.split()
        language = _language(scene.voice, scene.language)
        forms = await asyncio.to_thread(_readable_forms, scene.text, language)
        text = word_times.utterance(forms)
        raw = ctx.scratch / f"{out.name}.espeak.wav"
        try:
            if text:
                reply = await self._run(scene, text, raw, ctx)
            else:
                reply = _Reply(_RATE, write_silence(raw, _RATE), ())
            what = f"{clean_line(scene.text, 40)!r}"
            sound = await finish(raw, out, ctx, what=what, plain_wav=True)
        finally:
            raw.unlink(missing_ok=True)
        events = [(at, start / reply.rate, end / reply.rate) for at, start, end in reply.words]
        words = word_times.from_events(tokens, forms, events, sound.duration_s)
        return Spoken(path=str(out), samples=sound.samples, words=words)

    async def _run(self, scene: SceneText, text: str, raw: Path, ctx: ProviderContext) -> _Reply:
        request = {
            "library": str(_library()),
            "data": str(_data()),
            "voice": scene.voice,
            "text": text,
            "words_per_minute": round(min(max(_WORDS_PER_MINUTE * scene.rate, _SLOWEST), _FASTEST)),
            # The library's pitch: 0 is an octave lower, 99 nearly an octave higher.
            "pitch": round(min(max(50 + 50 * math.log2(scene.pitch), 0), 99)),
            "out": str(raw),
            "max_s": MAX_SOUND_S,
        }
        return await call_worker(
            _WORKER,
            request,
            _Reply,
            ctx,
            flags=("-I", "-S"),  # only the standard library, to start in 20 ms
            name="eSpeak NG",
            scene=scene,
            timeout_s=_TIMEOUT_S,
        )


def _language(name: str, language: str) -> str:
    """The language that is actually spoken: the voice's, not the brief's."""
    voice = espeak_voices.read(_data()).get(name.partition("+")[0])
    return voice.languages[0][0] if voice else language


def _readable_forms(text: str, language: str) -> tuple[str, ...]:
    """The spoken form of each word, without letters that the voice would spell out."""
    known = espeak_voices.scripts_of(language)
    return tuple(
        form
        if form.isascii()
        else "".join(c for c in form if script_of(c) in known or not c.isalpha())
        for form in normalization.spoken_forms(text, language)
    )


@functools.cache
def _data() -> Path:
    return espeak_voices.package() / "espeak-ng-data"


def _library() -> Path:
    suffix = ".dylib" if sys.platform == "darwin" else ".so"
    return espeak_voices.package() / f"libespeak-ng{suffix}"


@functools.cache
def _release() -> str:
    try:
        return importlib.metadata.version("espeakng-loader")
    except importlib.metadata.PackageNotFoundError:
        return "unknown"
