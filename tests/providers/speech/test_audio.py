"""Levelling, with the real FFmpeg: rate, loudness, peaks, silence, and files that are no audio."""

from __future__ import annotations

import array
import math
import random
import re
import wave
from typing import TYPE_CHECKING

import pytest

from aura_tui.errors import Code, StageError
from aura_tui.model.script import SAMPLE_RATE
from aura_tui.providers.ffmpeg import locate
from aura_tui.providers.speech.audio import Sound, finish, write_silence
from aura_tui.settings import SpeechSettings
from tests.providers.speech_bench import Bench, samples_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

RATE = 22050


def write(path: Path, seconds: float, value: Callable[[float], float], channels: int = 1) -> Path:
    """A WAV of ``value(t)`` (-1 to 1)."""
    data = array.array("h")
    for i in range(round(seconds * RATE)):
        data.extend([round(32767 * max(-1.0, min(1.0, value(i / RATE))))] * channels)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(data.tobytes())
    return path


def tone(amplitude: float) -> Callable[[float], float]:
    return lambda t: amplitude * math.sin(2 * math.pi * 440 * t)


async def loudness(ctx: Bench, path: Path) -> tuple[float, float]:
    """(LUFS, true peak in dBFS), measured apart from the code under test."""
    ffmpeg = await locate(ctx.settings, ctx.children)
    argv = [ffmpeg.path, "-nostdin", "-i", str(path), "-af", "ebur128=peak=true", "-f", "null", "-"]
    said = (await ctx.children.run(argv)).stderr.decode().rpartition("Summary:")[2]
    integrated, peak = re.search(r"I:\s+(\S+)", said), re.search(r"Peak:\s+(\S+)", said)
    assert integrated
    assert peak
    return float(integrated[1]), float(peak[1])


async def level(ctx: Bench, raw: Path) -> Sound:
    sound = await finish(raw, ctx.scratch / "out.wav", ctx, what="a test")
    assert len(samples_of(ctx.scratch / "out.wav")) == sound.samples
    return sound


@pytest.mark.parametrize("amplitude", [0.02, 0.1, 0.9])
@pytest.mark.parametrize("target", [-18.0, -23.0])
async def test_quiet_and_loud_come_out_alike(
    tmp_path: Path, amplitude: float, target: float
) -> None:
    ctx = Bench(tmp_path, SpeechSettings(loudness_lufs=target))
    sound = await level(ctx, write(tmp_path / "raw.wav", 3.0, tone(amplitude)))
    assert sound.samples == 3 * SAMPLE_RATE
    assert (await loudness(ctx, tmp_path / "out.wav"))[0] == pytest.approx(target, abs=0.3)


async def test_peaks_stay_under_the_ceiling(tmp_path: Path) -> None:
    def speechlike(t: float) -> float:
        return tone(0.5 if t % 1.0 < 0.005 else 0.05)(t)

    ctx = Bench(tmp_path)
    await level(ctx, write(tmp_path / "raw.wav", 4.0, speechlike))
    integrated, peak = await loudness(ctx, tmp_path / "out.wav")
    assert peak < 0.0
    assert integrated == pytest.approx(-18.0, abs=1.5)
    assert max(map(abs, samples_of(tmp_path / "out.wav"))) < 32767


async def test_a_sound_too_short_to_measure_is_levelled_too(tmp_path: Path) -> None:
    ctx = Bench(tmp_path)
    await level(ctx, write(tmp_path / "raw.wav", 0.2, tone(0.02)))
    short = samples_of(tmp_path / "out.wav")
    await level(ctx, write(tmp_path / "raw.wav", 2.0, tone(0.02)))
    long = samples_of(tmp_path / "out.wav")
    assert max(short) == pytest.approx(max(long), rel=0.1)


async def test_silence_and_hiss_stay_what_they_are(tmp_path: Path) -> None:
    ctx = Bench(tmp_path)
    write_silence(tmp_path / "raw.wav", RATE)
    sound = await level(ctx, tmp_path / "raw.wav")
    assert sound.samples == SAMPLE_RATE // 2
    assert sound.voiced == ((0.0, 0.5),)
    assert max(map(abs, samples_of(tmp_path / "out.wav"))) == 0
    await level(ctx, write(tmp_path / "raw.wav", 2.0, tone(0.0005)))
    assert max(samples_of(tmp_path / "out.wav")) < 200


async def test_pauses_are_found(tmp_path: Path) -> None:
    def phrases(t: float) -> float:
        return 0.0 if 1.0 < t < 1.5 or t > 2.5 else tone(0.2)(t)

    sound = await level(Bench(tmp_path), write(tmp_path / "raw.wav", 3.0, phrases))
    assert [(round(a, 1), round(b, 1)) for a, b in sound.voiced] == [(0.0, 1.0), (1.5, 2.5)]


async def test_the_same_sound_gives_the_same_bytes(tmp_path: Path) -> None:
    ctx = Bench(tmp_path)
    write(tmp_path / "raw.wav", 1.0, tone(0.1))
    first = await level(ctx, tmp_path / "raw.wav")
    data = (tmp_path / "out.wav").read_bytes()
    assert await level(ctx, tmp_path / "raw.wav") == first
    assert (tmp_path / "out.wav").read_bytes() == data


@pytest.mark.parametrize("kind", ["mp3", "flac", "ogg", "stereo"])
async def test_any_kind_of_audio_is_taken(tmp_path: Path, kind: str) -> None:
    ctx = Bench(tmp_path)
    write(tmp_path / "raw.wav", 1.0, tone(0.1), channels=2 if kind == "stereo" else 1)
    raw = tmp_path / "raw.wav"
    if kind != "stereo":
        ffmpeg = await locate(ctx.settings, ctx.children)
        raw = tmp_path / f"raw.{kind}"
        codec = {"mp3": "libmp3lame", "flac": "flac", "ogg": "libopus"}[kind]
        argv: list[str | Path] = [ffmpeg.path, "-i", tmp_path / "raw.wav", "-c:a", codec, raw]
        assert (await ctx.children.run(argv)).returncode == 0
    sound = await level(ctx, raw)
    assert sound.duration_s == pytest.approx(1.0, abs=0.1)
    assert (await loudness(ctx, tmp_path / "out.wav"))[0] == pytest.approx(-18, abs=0.5)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{}",
        b"RIFF\xff\xff\xff\xffWAVEfmt ",
        random.Random(2).randbytes(5000),
        b"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:1,\nsecret.mp4\n#EXT-X-ENDLIST\n",
        b"ffconcat version 1.0\nfile secret.wav\n",
    ],
    ids=["empty", "json", "header", "noise", "playlist", "concat"],
)
async def test_what_is_no_audio_is_refused_and_leads_to_no_other_file(
    tmp_path: Path, data: bytes
) -> None:
    write(tmp_path / "secret.wav", 1.0, tone(0.1))
    (tmp_path / "raw").write_bytes(data)
    with pytest.raises(StageError) as caught:
        await level(Bench(tmp_path), tmp_path / "raw")
    assert caught.value.code is Code.SPEECH_REPLY_INVALID
