"""The speech provider for Piper: neural voices from the user's model (``speech.piper_model``).

Piper gives no word times. Sentences are spoken one by one, which gives their spans; within a
sentence, word times are estimated by length over the parts that are not silent.
"""

from __future__ import annotations

import asyncio
import importlib.metadata
import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from aura_tui.errors import Code, InputError, StageError
from aura_tui.model.text.sanitize import clean_line
from aura_tui.providers.protocols import Spoken, Voice
from aura_tui.providers.speech import word_times
from aura_tui.providers.speech.audio import MAX_SOUND_S, finish, write_silence
from aura_tui.providers.speech.normalize import tokens as normalization
from aura_tui.providers.speech.worker_call import call_worker
from aura_tui.system.files import open_regular

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aura_tui.model.script import Word
    from aura_tui.providers.protocols import ProviderContext, SceneText
    from aura_tui.providers.speech.audio import Sound
    from aura_tui.settings import SpeechSettings

_WORKER = Path(__file__).with_name("worker.py")
_MAX_CONFIG_BYTES = 4 << 20
_SENTENCE_ENDS = tuple(".!?\u3002\uff01\uff1f\u061f\u0964")


class _Language(msgspec.Struct, frozen=True):
    code: str = ""


class _Config(msgspec.Struct, frozen=True):
    """The fields of a model's ``.onnx.json`` that we use."""

    language: _Language = _Language()
    speaker_id_map: dict[str, int] = {}


class _Reply(msgspec.Struct, frozen=True):
    rate: int
    ends: tuple[int, ...]


class Piper:
    """The ``piper`` provider. Implements :class:`aura_tui.providers.protocols.SpeechProvider`.

    Raises InputError (SPEECH_PROVIDER_UNAVAILABLE) if the package or the model is missing. A
    voice is the model's name, or ``MODEL+SPEAKER`` for a model with several speakers.
    """

    name = "piper"
    deterministic = False  # the model adds random noise

    def __init__(self, settings: SpeechSettings) -> None:
        if not settings.piper_model:
            raise _unavailable(
                "No Piper model is configured", "Set AURA_SPEECH_PIPER_MODEL to a .onnx file."
            )
        if importlib.util.find_spec("piper") is None:
            raise _unavailable(
                "Piper is not installed", "Install it: pip install 'aura-tui[piper]'"
            )
        self._model = Path(settings.piper_model).expanduser().absolute()
        self._timeout_s = settings.timeout_s
        self._config = _read_config(self._model)

    def identity(self) -> tuple[str, ...]:
        """Piper's release, the model file, and the version of our text normalization."""
        stat = self._model.stat()
        file = f"{self._model.name} {stat.st_size} {stat.st_mtime_ns}"
        return ("piper", _release(), file, str(normalization.VERSION))

    @property
    def _language(self) -> str:
        return self._config.language.code.replace("_", "-")

    async def voices(self) -> tuple[Voice, ...]:
        """The model, or each of its speakers."""
        stem = self._model.stem
        names = [f"{stem}+{speaker}" for speaker in self._config.speaker_id_map] or [stem]
        return tuple(
            Voice(name=name, language=self._language, provider=self.name, description="Piper")
            for name in names
        )

    def resolve(self, voice: str, language: str) -> str:
        """The model's name, with the requested speaker."""
        stem, speakers = self._model.stem, self._config.speaker_id_map
        voice = voice.strip()
        speaker = voice.removeprefix(stem).removeprefix("+")
        if not speaker:
            return stem
        known = {name.lower(): name for name in speakers}
        if speaker.lower() in known:
            return f"{stem}+{known[speaker.lower()]}"
        names = ", ".join([stem, *(f"{stem}+{name}" for name in list(speakers)[:5])])
        raise InputError(
            Code.VOICE_UNKNOWN,
            f"The Piper model {stem} has no voice {clean_line(voice, 60)!r}",
            f"It has: {clean_line(names, 300)}. To use another model, set speech.piper_model.",
            field="voiceSpec.voiceName",
        )

    def scripts(self, voice: str, language: str) -> frozenset[str] | None:
        """See the protocol."""
        return None

    async def speak(self, scene: SceneText, out: Path, ctx: ProviderContext) -> Spoken:
        """Speak sentence by sentence in a worker process that loads the model."""
        tokens = scene.text.split()
        forms = await asyncio.to_thread(
            normalization.spoken_forms, scene.text, self._language or scene.language
        )
        groups = _sentences(forms)
        raw = ctx.scratch / f"{out.name}.piper.wav"
        try:
            if any(forms):
                reply = await self._run(scene, [forms[a:b] for a, b in groups], raw, ctx)
            else:
                reply = _Reply(22050, (write_silence(raw, 22050),))
            sound = await finish(raw, out, ctx, what=f"{clean_line(scene.text, 40)!r}")
        finally:
            raw.unlink(missing_ok=True)
        if len(reply.ends) != max(len(groups), 1):
            raise StageError(
                Code.SPEECH_FAILED,
                f"Piper did not speak every sentence of {clean_line(scene.text, 60)!r}",
                "Check that the model works with this version of Piper.",
            )
        words: list[Word] = []
        start_s = 0.0
        for (a, b), end in zip(groups, reply.ends, strict=False):
            parts = _within(sound, start_s, end / reply.rate)
            words += word_times.estimated(tokens[a:b], forms[a:b], parts)
            start_s = end / reply.rate
        return Spoken(path=str(out), samples=sound.samples, words=tuple(words))

    async def _run(
        self, scene: SceneText, sentences: list[Sequence[str]], raw: Path, ctx: ProviderContext
    ) -> _Reply:
        speaker = self._config.speaker_id_map.get(scene.voice.partition("+")[2])
        request = {
            "model": str(self._model),
            "speaker": speaker,
            "rate": scene.rate,
            "sentences": [word_times.utterance(forms) for forms in sentences],
            "out": str(raw),
            "max_s": MAX_SOUND_S,
        }
        return await call_worker(
            _WORKER,
            request,
            _Reply,
            ctx,
            flags=("-P",),  # our folder "piper" must not shadow the package
            name="Piper",
            scene=scene,
            timeout_s=self._timeout_s,
        )


def _read_config(model: Path) -> _Config:
    config = model.with_name(model.name + ".json")
    for path in (model, config):
        try:
            open_regular(path).close()
        except OSError as e:
            why = (
                "isn't there"
                if isinstance(e, FileNotFoundError)
                else f"can't be read: {e.strerror}"
            )
            raise _unavailable(
                f"The Piper voice {clean_line(str(path), 300)!r} {why}",
                "Set speech.piper_model to a .onnx file with its .onnx.json next to it.",
            ) from None
    try:
        with open_regular(config) as file:
            return msgspec.json.decode(file.read(_MAX_CONFIG_BYTES), type=_Config)
    except (OSError, msgspec.DecodeError):
        raise _unavailable(
            f"{clean_line(str(config), 300)!r} is not a Piper voice configuration",
            "Use the .onnx and .onnx.json files of the same voice.",
        ) from None


def _unavailable(message: str, remediation: str) -> InputError:
    return InputError(
        Code.SPEECH_PROVIDER_UNAVAILABLE, message, remediation, field="options.speech"
    )


def _sentences(forms: Sequence[str]) -> list[tuple[int, int]]:
    """Split tokens into sentences, [from, to), each with something to speak."""
    groups: list[tuple[int, int]] = []
    start = 0
    for i, form in enumerate(forms, 1):
        if form.endswith(_SENTENCE_ENDS):
            groups.append((start, i))
            start = i
    if any(forms[start:]) or not groups:
        groups.append((start, len(forms)))
    else:
        groups[-1] = (groups[-1][0], len(forms))  # silent trailing tokens join the last sentence
    return groups


def _within(sound: Sound, start_s: float, end_s: float) -> list[tuple[float, float]]:
    """The voiced parts of a span; the whole span if it has none."""
    end_s = min(end_s, sound.duration_s)
    start_s = min(start_s, end_s)
    parts = [(max(a, start_s), min(b, end_s)) for a, b in sound.voiced]
    return [(a, b) for a, b in parts if b > a] or [(start_s, end_s)]


def _release() -> str:
    try:
        return importlib.metadata.version("piper-tts")
    except importlib.metadata.PackageNotFoundError:
        return "unknown"
