"""eSpeak NG: the voice that needs nothing but a wheel. See :mod:`.espeak_worker` for the child."""

from __future__ import annotations

import functools
import importlib.metadata
import importlib.util
import math
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from aura_tui.errors import Code, InputError, StageError
from aura_tui.model.text import clean_line
from aura_tui.process import OutputTooLarge
from aura_tui.providers.port import Spoken, Voice
from aura_tui.providers.speech import espeak_voices, normalization, word_times
from aura_tui.providers.speech.sound import MAX_SOUND_S, finish, write_silence

if TYPE_CHECKING:
    from aura_tui.providers.port import SceneText, Workbench

_WORKER = Path(__file__).with_name("espeak_worker.py")
_VOICE_UNUSABLE, _TOO_LONG = 3, 4  # the worker's exit statuses
_WORDS_PER_MINUTE, _SLOWEST, _FASTEST = 165, 80, 450  # the library's own bounds
_TIMEOUT_S = 60.0  # half an hour of speech takes it two seconds
_RATE = 22050  # Hz; the library's own


class _Reply(msgspec.Struct, frozen=True):
    rate: int
    samples: int
    words: tuple[tuple[int, int, int], ...]


class Espeak:
    """The ``espeak`` provider. Satisfies :class:`aura_tui.providers.port.SpeechProvider`."""

    name = "espeak"
    deterministic = True  # a fresh process per text gives the same bytes

    def identity(self) -> tuple[str, ...]:
        """The library's release and the version of our text normalization."""
        return ("espeak", _release(), str(normalization.VERSION))

    async def voices(self) -> tuple[Voice, ...]:
        """Every voice in its data; any of them also takes a variant ("en-us+f3")."""
        return tuple(
            Voice(
                name=voice.name,
                language=voice.languages[0][0],
                provider=self.name,
                description=voice.description,
            )
            for voice in espeak_voices.read(_data()).values()
        )

    def resolve(self, voice: str, language: str) -> str:
        """See the port; some milliseconds at most."""
        return espeak_voices.resolve(_data(), voice, language)

    async def speak(self, scene: SceneText, out: Path, bench: Workbench) -> Spoken:
        """One worker process, then levelling; word times are the voice's own events."""
        tokens = scene.text.split()
        forms = normalization.spoken_forms(scene.text, _language(scene))
        text = word_times.utterance(forms)
        raw = bench.scratch / f"{out.name}.espeak.wav"
        try:
            if text:
                reply = await self._run(scene, text, raw, bench)
            else:
                reply = _Reply(_RATE, write_silence(raw, _RATE), ())
            sound = await finish(raw, out, bench, what=f"{clean_line(scene.text, 40)!r}")
        finally:
            raw.unlink(missing_ok=True)
        events = [(at, start / reply.rate, end / reply.rate) for at, start, end in reply.words]
        words = word_times.from_events(tokens, forms, events, sound.duration_s)
        return Spoken(path=str(out), samples=sound.samples, words=words)

    async def _run(self, scene: SceneText, text: str, raw: Path, bench: Workbench) -> _Reply:
        request = {
            "library": str(_library()),
            "data": str(_data()),
            "voice": scene.voice,
            "text": text,
            "words_per_minute": round(min(max(_WORDS_PER_MINUTE * scene.rate, _SLOWEST), _FASTEST)),
            # The library's pitch is an octave down at 0 and nearly one up at 99.
            "pitch": round(min(max(50 + 50 * math.log2(scene.pitch), 0), 99)),
            "out": str(raw),
            "max_s": MAX_SOUND_S,
        }
        argv: list[str | Path] = [sys.executable, "-I", "-S", _WORKER]
        try:
            done = await bench.children.run(
                argv, input=msgspec.json.encode(request), timeout_s=_TIMEOUT_S
            )
        except (TimeoutError, OutputTooLarge):
            raise _failed("took too long over", scene) from None
        if done.returncode == _VOICE_UNUSABLE:
            raise StageError(
                Code.VOICE_UNKNOWN,
                f"eSpeak NG can't use the voice {clean_line(scene.voice, 60)!r}",
                "List the voices with: aura-tui doctor --voices",
            )
        if done.returncode == _TOO_LONG:
            raise _failed("would speak for more than half an hour over", scene)
        if done.returncode:
            bench.log(f"eSpeak NG: {clean_line(done.stderr.decode(errors='replace'))}", "error")
            raise _failed(f"stopped with status {done.returncode} over", scene)
        try:
            return msgspec.json.decode(done.stdout, type=_Reply)
        except msgspec.DecodeError:
            raise _failed("answered nonsense over", scene) from None


def _failed(what: str, scene: SceneText) -> StageError:
    return StageError(
        Code.SPEECH_FAILED,
        f"eSpeak NG {what} the text {clean_line(scene.text, 60)!r}",
        "Change or split that text, or take another voice, then retry.",
    )


def _language(scene: SceneText) -> str:
    """The language that is really spoken: the voice's, whatever the brief says."""
    voice = espeak_voices.read(_data()).get(scene.voice.partition("+")[0])
    return voice.languages[0][0] if voice else scene.language


@functools.cache
def _package() -> Path:
    spec = importlib.util.find_spec("espeakng_loader")
    for folder in spec.submodule_search_locations or () if spec else ():
        if (Path(folder) / "espeak-ng-data").is_dir():
            return Path(folder)
    raise InputError(
        Code.SPEECH_PROVIDER_UNAVAILABLE,
        "eSpeak NG's library is not installed",
        "Install it: pip install --force-reinstall espeakng-loader",
    )


def _data() -> Path:
    return _package() / "espeak-ng-data"


def _library() -> Path:
    suffix = ".dylib" if sys.platform == "darwin" else ".so"
    return _package() / f"libespeak-ng{suffix}"


@functools.cache
def _release() -> str:
    try:
        return importlib.metadata.version("espeakng-loader")
    except importlib.metadata.PackageNotFoundError:
        return "unknown"
