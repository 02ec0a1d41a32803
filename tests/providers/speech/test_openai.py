"""The OpenAI-compatible speech endpoint, against a real server whose faults a test scripts."""

from __future__ import annotations

import asyncio
import itertools
from typing import TYPE_CHECKING

import pytest

from aura_tui.errors import Code, InputError, StageError, Transient
from aura_tui.providers.protocols import SceneText, Spoken
from aura_tui.providers.speech import openai
from aura_tui.providers.speech.espeak.provider import Espeak
from aura_tui.providers.speech.openai import OpenAISpeech
from aura_tui.settings import Secret, SpeechSettings
from tests.providers.loopback import Loopback, Reply, json_reply
from tests.providers.speech_bench import Bench, level, samples_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

TEXT = "Light strikes the silicon. Electrons break free, and a current flows. We boil water."


@pytest.fixture
async def server() -> AsyncIterator[Loopback]:
    async with Loopback() as server:
        yield server


def settings(server: Loopback, timeout_s: float = 10.0, key: str = "k-1") -> SpeechSettings:
    return SpeechSettings(
        base_url=f"{server.url}/v1", model="tts-1", api_key=Secret(key), timeout_s=timeout_s
    )


def scene(text: str = TEXT) -> SceneText:
    return SceneText(text=text, voice="nova", language="en", rate=1.25, pitch=1.0)


async def speak(folder: Path, asked: SpeechSettings) -> Spoken:
    spoken = await OpenAISpeech(asked).speak(scene(), folder / "out.wav", Bench(folder, asked))
    assert len(samples_of(spoken.path)) == spoken.samples
    assert [w.text for w in spoken.words] == TEXT.split()
    return spoken


@pytest.fixture
async def voice(tmp_path: Path) -> tuple[Reply, Spoken]:
    """A real voice's sound, and when its words are really heard."""
    asked = SceneText(text=TEXT, voice="en-us", language="en", rate=1.0, pitch=1.0)
    true = await Espeak().speak(asked, tmp_path / "true.wav", Bench(tmp_path))
    return Reply(body=(tmp_path / "true.wav").read_bytes(), type="audio/wav"), true


async def test_a_scene_is_asked_for_decoded_and_timed(
    tmp_path: Path, server: Loopback, voice: tuple[Reply, Spoken]
) -> None:
    reply, true = voice
    server.will(reply)
    spoken = await speak(tmp_path, settings(server))
    request = server.requests[0]
    assert (request.method, request.path) == ("POST", "/v1/audio/speech")
    assert request.headers["authorization"] == "Bearer k-1"
    assert request.json() == {
        "model": "tts-1",
        "voice": "nova",
        "input": TEXT,
        "response_format": "wav",
        "speed": 1.25,
    }
    assert spoken.samples == true.samples
    errors = [abs(a.start_s - b.start_s) for a, b in zip(spoken.words, true.words, strict=True)]
    assert max(errors) < 0.3
    assert sum(errors) / len(errors) < 0.12
    samples = samples_of(spoken.path)
    assert min(level(samples, w.start_s, w.end_s) for w in spoken.words) > 300
    assert all(a.end_s <= b.start_s for a, b in itertools.pairwise(spoken.words))
    assert not list(tmp_path.glob("*.endpoint"))


async def test_without_a_key_none_is_sent(
    tmp_path: Path, server: Loopback, voice: tuple[Reply, Spoken]
) -> None:
    server.will(voice[0])
    await speak(tmp_path, settings(server, key=""))
    assert "authorization" not in server.requests[0].headers


@pytest.mark.parametrize(
    ("reply", "code"),
    [
        (Reply(429, b"{}", (("Retry-After", "7"),)), Code.SPEECH_PROVIDER_UNAVAILABLE),
        (Reply(500, b"boom"), Code.SPEECH_PROVIDER_UNAVAILABLE),
        (Reply(reset=True), Code.SPEECH_PROVIDER_UNAVAILABLE),
        (Reply(hang=True), Code.SPEECH_PROVIDER_UNAVAILABLE),
        (Reply(body=b"x" * 1000, trickle_s=0.05), Code.SPEECH_PROVIDER_UNAVAILABLE),
        (Reply(body=b"x" * 1000, cut_after=10), Code.SPEECH_PROVIDER_UNAVAILABLE),
    ],
    ids=["429", "500", "reset", "hang", "trickle", "cut"],
)
async def test_what_another_try_may_cure_is_transient(
    tmp_path: Path, server: Loopback, reply: Reply, code: Code
) -> None:
    server.will(reply)
    slow = reply.hang or reply.trickle_s
    asked = settings(server, timeout_s=0.3 if slow else 10)
    with pytest.raises(Transient) as caught:
        await speak(tmp_path, asked)
    assert caught.value.code is code
    assert caught.value.retry_after_s == (7 if reply.status == 429 else None)


@pytest.mark.parametrize(
    ("reply", "code"),
    [
        (Reply(401, b'{"error":{"message":"bad k-1"}}'), Code.SPEECH_PROVIDER_REFUSED),
        (Reply(404), Code.SPEECH_PROVIDER_REFUSED),
        (Reply(body=b"\x00garbage" * 500, type="audio/wav"), Code.SPEECH_REPLY_INVALID),
        (Reply(body=b"", type="audio/wav"), Code.SPEECH_REPLY_INVALID),
        (json_reply({"ok": True}), Code.SPEECH_REPLY_INVALID),
        (Reply(body=b"<html>log in</html>", type="text/html"), Code.SPEECH_REPLY_INVALID),
    ],
    ids=["401", "404", "garbage", "empty", "json", "html"],
)
async def test_what_no_try_cures_fails_at_once_and_hides_the_key(
    tmp_path: Path, server: Loopback, reply: Reply, code: Code
) -> None:
    server.will(reply)
    with pytest.raises(StageError) as caught:
        await speak(tmp_path, settings(server))
    assert not isinstance(caught.value, Transient)
    assert caught.value.code is code
    assert caught.value.remediation
    assert "k-1" not in caught.value.message
    assert not list(tmp_path.glob("*.endpoint"))


async def test_a_reply_without_bound_is_cut_off(
    tmp_path: Path, server: Loopback, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(openai, "_MAX_SOUND_BYTES", 1000)
    server.will(Reply(body=b"x" * 100_000, type="audio/wav"))
    with pytest.raises(StageError, match="larger"):
        await speak(tmp_path, settings(server))


async def test_cancelling_ends_the_wait(tmp_path: Path, server: Loopback) -> None:
    arrived = asyncio.Event()

    def hang(_: object) -> Reply:
        arrived.set()
        return Reply(hang=True)

    server.otherwise = hang
    task = asyncio.create_task(speak(tmp_path, settings(server, timeout_s=60)))
    await arrived.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


def test_what_is_not_set_up_says_what_to_set() -> None:
    with pytest.raises(InputError, match="No speech endpoint is configured") as caught:
        OpenAISpeech(SpeechSettings(base_url="http://127.0.0.1:9/v1"))
    assert caught.value.code is Code.SPEECH_PROVIDER_UNAVAILABLE
    assert "AURA_SPEECH_MODEL" in caught.value.remediation
    with pytest.raises(InputError) as caught:
        OpenAISpeech(SpeechSettings(base_url="nonsense", model="m"))
    assert caught.value.code is Code.SETTINGS_INVALID


async def test_its_voice_is_the_one_asked_for_or_set(server: Loopback) -> None:
    provider = OpenAISpeech(settings(server))
    assert provider.resolve("nova", "en") == "nova"
    assert provider.resolve("", "en") == "alloy"
    assert [v.name for v in await provider.voices()] == ["alloy"]
