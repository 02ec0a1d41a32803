"""The Piper adapter, against a stand-in for the ``piper`` package.

No voice model comes with the project, so a small package of the same classes and signatures as
piper-tts 1.3 and later (``PiperVoice.load``, ``synthesize``, ``SynthesisConfig``, ``AudioChunk``)
is put on the child's path. It beeps once per letter. Everything else is real.
"""

from __future__ import annotations

import itertools
import json
from typing import TYPE_CHECKING

import pytest

from aura_tui.errors import Code, InputError, StageError
from aura_tui.providers.protocols import SceneText, Spoken
from aura_tui.providers.speech import choose
from aura_tui.providers.speech.piper.provider import Piper
from aura_tui.settings import Settings, SpeechSettings
from tests.providers.speech_bench import Bench, level, samples_of

if TYPE_CHECKING:
    from pathlib import Path

STAND_IN = """
import array, dataclasses, json, math

@dataclasses.dataclass
class SynthesisConfig:
    speaker_id: "int | None" = None
    length_scale: "float | None" = None
    noise_scale: "float | None" = None
    noise_w_scale: "float | None" = None
    normalize_audio: bool = True
    volume: float = 1.0

@dataclasses.dataclass
class AudioChunk:
    sample_rate: int
    sample_width: int
    sample_channels: int
    audio_int16_bytes: bytes

@dataclasses.dataclass
class PiperConfig:
    sample_rate: int
    length_scale: float

class PiperVoice:
    def __init__(self, config):
        self.config = config

    @staticmethod
    def load(model_path, config_path=None, use_cuda=False):
        with open(f"{model_path}.json") as file:
            tree = json.load(file)
        print("a library that talks to stdout")
        return PiperVoice(PiperConfig(tree["audio"]["sample_rate"], 1.0))

    def synthesize(self, text, syn_config=None, include_alignments=False):
        if "CRASH" in text:
            raise RuntimeError("Protobuf parsing failed")
        rate = self.config.sample_rate
        pitch = 300 + 200 * (syn_config.speaker_id or 0)
        sound = array.array("h")
        for c in text:
            count = int(0.05 * syn_config.length_scale * rate)
            high = 8000 if c.isalnum() else 0
            sound.extend(int(high * math.sin(2 * math.pi * pitch * i / rate)) for i in range(count))
        sound.extend([0] * int(0.3 * rate))
        yield AudioChunk(rate, 2, 1, sound.tobytes())
"""
TEXT = "One small step. Then, another one! And \u2014 at last \u2014 the third?"


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    package = tmp_path / "site" / "piper"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text(STAND_IN)
    monkeypatch.setenv("PYTHONPATH", str(package.parent))
    monkeypatch.syspath_prepend(str(package.parent))
    path = tmp_path / "en_GB-test-low.onnx"
    path.write_bytes(b"onnx")
    config = {
        "audio": {"sample_rate": 16000},
        "language": {"code": "en_GB"},
        "speaker_id_map": {"ada": 0, "Bob": 1},
    }
    (tmp_path / "en_GB-test-low.onnx.json").write_text(json.dumps(config))
    return path


async def speak(
    model: Path, text: str = TEXT, rate: float = 1.0, voice: str = "en_GB-test-low"
) -> Spoken:
    asked = SpeechSettings(piper_model=str(model))
    scene = SceneText(text=text, voice=voice, language="en", rate=rate, pitch=1.0)
    out = model.with_name("out.wav")
    spoken = await Piper(asked).speak(scene, out, Bench(model.parent, asked))
    assert len(samples_of(out)) == spoken.samples
    assert [w.text for w in spoken.words] == text.split()
    for a, b in itertools.pairwise(spoken.words):
        assert a.start_s <= a.end_s <= b.end_s
        assert a.start_s <= b.start_s
    return spoken


async def test_sentences_are_measured_and_words_estimated_within_them(model: Path) -> None:
    spoken = await speak(model)
    samples = samples_of(spoken.path)
    said = [w for w in spoken.words if w.text != "\u2014"]
    assert all(level(samples, w.start_s, w.end_s) > 500 for w in said)
    # The stand-in's own clock: 0.05 s a character, 0.3 s after a sentence.
    assert spoken.words[3].start_s == pytest.approx(15 * 0.05 + 0.3, abs=0.05)
    assert spoken.words[6].start_s == pytest.approx(34 * 0.05 + 0.6 - 0.05, abs=0.06)


async def test_a_rate_of_two_takes_half_the_time(model: Path) -> None:
    slow, fast = await speak(model, "abcdefghij" * 5), await speak(model, "abcdefghij" * 5, 2.0)
    assert (slow.samples - fast.samples) / 48_000 == pytest.approx(1.2, abs=0.1)


async def test_a_text_with_nothing_to_say_is_a_short_silence(model: Path) -> None:
    spoken = await speak(model, "\u2014 \U0001f600 \u2014")
    assert spoken.samples == 24_000


async def test_a_crash_of_the_model_is_an_error_that_says_what_to_do(model: Path) -> None:
    with pytest.raises(StageError, match="status 1") as caught:
        await speak(model, "CRASH")
    assert caught.value.code is Code.SPEECH_FAILED
    assert "Traceback" not in caught.value.message
    assert not list(model.parent.glob("*.wav"))


def test_voices_are_the_models_speakers(model: Path) -> None:
    piper = Piper(SpeechSettings(piper_model=str(model)))
    assert piper.resolve("", "en") == "en_GB-test-low"
    assert piper.resolve("bob", "en") == "en_GB-test-low+Bob"
    assert piper.resolve("en_GB-test-low+ADA", "en") == "en_GB-test-low+ada"
    with pytest.raises(InputError) as caught:
        piper.resolve("eve", "en")
    assert caught.value.code is Code.VOICE_UNKNOWN
    assert "+ada" in caught.value.remediation


async def test_speakers_sound_different(model: Path) -> None:
    await speak(model, voice="en_GB-test-low+ada")
    first = model.with_name("out.wav").read_bytes()
    await speak(model, voice="en_GB-test-low+Bob")
    assert model.with_name("out.wav").read_bytes() != first


def test_a_missing_package_says_how_to_install_it(
    model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (model.parent / "site" / "piper").rename(model.parent / "gone")
    import importlib

    importlib.invalidate_caches()
    with pytest.raises(InputError) as caught:
        choose("piper", Settings(home=model, speech=SpeechSettings(piper_model=str(model))))
    assert caught.value.code is Code.SPEECH_PROVIDER_UNAVAILABLE
    assert "aura-tui[piper]" in caught.value.remediation


@pytest.mark.parametrize("broken", ["unset", "model", "config", "json"])
def test_a_missing_or_broken_model_says_what_to_set(model: Path, broken: str) -> None:
    config = model.with_name(model.name + ".json")
    if broken == "model":
        model.unlink()
    elif broken == "config":
        config.unlink()
    elif broken == "json":
        config.write_text("[1]")
    path = "" if broken == "unset" else str(model)
    with pytest.raises(InputError) as caught:
        Piper(SpeechSettings(piper_model=path))
    assert caught.value.code is Code.SPEECH_PROVIDER_UNAVAILABLE
    assert ".onnx" in caught.value.remediation
