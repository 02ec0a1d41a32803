"""Endpoints that mean harm: a coded error, soon, with little taken; the key stays where it is."""

from __future__ import annotations

import time
import traceback
import wave
from typing import TYPE_CHECKING

import httpx  # noqa: F401  # the first request's import of it takes longer than it may
import pytest

from aura_tui.errors import AuraError, Code, InputError, StageError
from aura_tui.model.request import Brief, JobRequest
from aura_tui.model.text.sanitize import clean_line
from aura_tui.providers.openai_client import Failure, OpenAIClient
from aura_tui.providers.protocols import SceneText
from aura_tui.providers.script.llm.provider import LlmProvider
from aura_tui.providers.speech.openai import OpenAISpeech
from aura_tui.providers.visuals.openai import OpenAIImages
from aura_tui.settings import ScriptSettings, Secret, SpeechSettings, VisualsSettings
from tests.chaos import providers_endpoint as hostile
from tests.chaos.input_run import clean
from tests.chaos.providers_endpoint import MIB, HostileEndpoint
from tests.chaos.providers_run import falls_back
from tests.e2e.program import Program
from tests.providers import picture_bench, speech_bench
from tests.providers.loopback import Loopback, Reply, json_reply
from tests.providers.picture_bench import FRAME, titles

if TYPE_CHECKING:
    from collections.abc import Awaitable
    from pathlib import Path

    from tests.chaos.providers_endpoint import Answer

KEY = "sk-hostile-4c1b9a7d2e"
TIMEOUT_S = 0.4
ANSWERED_S = 20.0  # where the endpoint answers at once
FAILURE = Failure(
    Code.SCRIPT_PROVIDER_UNAVAILABLE, Code.SCRIPT_PROVIDER_REFUSED, Code.SCRIPT_REPLY_INVALID
)


def endpoint(url: str) -> OpenAIClient:
    return OpenAIClient(
        base_url=f"{url}/v1",
        api_key=Secret(KEY),
        timeout_s=TIMEOUT_S,
        name="The script endpoint",
        failure=FAILURE,
    )


def words(error: AuraError) -> str:
    """All that it says, which is short, clean and without the key."""
    said = f"{error.message} {error.remediation}"
    assert len(said) < 700
    assert "\n" not in clean(said, "an error")
    assert KEY not in said + "".join(traceback.format_exception(error))
    return said


async def fails_soon(call: Awaitable[object], within_s: float) -> StageError:
    began = time.monotonic()
    with pytest.raises(StageError) as caught:
        await call
    assert time.monotonic() - began < within_s
    assert caught.value.code in (*(getattr(FAILURE, name) for name in FAILURE.__struct_fields__),)
    words(caught.value)
    return caught.value


@pytest.mark.parametrize(
    "answer", [*hostile.SILENT, *hostile.ENDLESS, *hostile.BROKEN], ids=lambda each: each.__name__
)
async def test_a_hostile_answer_is_a_coded_error_in_time_and_hardly_taken(answer: Answer) -> None:
    async with HostileEndpoint(answer) as server:
        await fails_soon(endpoint(server.url).post_json("/chat/completions", {}), 5.0)
        # The bound (4 MiB, an error's 64 KiB) and what the kernel's own buffers hold.
        bound = 12 * MIB if answer not in hostile.SILENT else 256 * MIB
        assert server.sent_bytes < bound
        assert len(server.heads) == 1


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "303 See", "307 T", "308 P"])
async def test_a_redirect_is_followed_nowhere(status: str) -> None:
    async with HostileEndpoint(hostile.page) as other:
        for to in (
            f"{other.url}/v1", f"{other.url.replace('127.0.0.1', 'localhost')}/v1", "/elsewhere",
            "file:///etc/passwd", "http://169.254.169.254/latest/meta-data/", "//evil.example/",
            "https://[::1", "\x1b]0;x\x07", "http://xn--a/", "http://127.0.0.1:99999/", "",
        ):  # fmt: skip
            async with HostileEndpoint(hostile.redirect(to, status)) as server:
                error = await fails_soon(endpoint(server.url).post_json("/x", {}), 5.0)
                unreadable = to.startswith(("\x1b", "https://[", "http://xn--"))
                assert unreadable or "redirects are not followed" in error.message
                assert len(server.heads) == 1
        assert other.heads == []


@pytest.mark.parametrize("answer", [hostile.junk, hostile.hang], ids=lambda each: each.__name__)
async def test_garbage_or_silence_in_place_of_tls_is_an_error_in_time(answer: Answer) -> None:
    async with HostileEndpoint(answer) as server:
        url = server.url.replace("http:", "https:")
        await fails_soon(endpoint(url).post_json("/x", {}), 5.0)
        assert not any(KEY.encode() in head for head in server.heads)


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:99999/v1", "http://127.0.0.1:0/v1", "http://xn--a/v1", "http://[::1",
        "http://\u2100.example/v1", "file:///etc/passwd", "http://a\x00b/v1", "http:///v1",
    ],
)  # fmt: skip
def test_an_address_that_nobody_can_have_is_bad_input(url: str) -> None:
    with pytest.raises(InputError) as caught:
        OpenAIClient(
            base_url=url, api_key=Secret(KEY), timeout_s=1.0, name="It", failure=FAILURE
        )  # fmt: skip
    assert caught.value.code is Code.SETTINGS_INVALID
    words(caught.value)


async def test_a_key_that_is_echoed_with_something_between_is_blotted_out_all_the_same() -> None:
    half = len(KEY) // 2
    for echo in (KEY, f"{KEY[:half]}\x1b[0m{KEY[half:]}", f"{KEY[:half]}\x00{KEY[half:]}"):
        async with Loopback() as server:
            server.will(json_reply({"error": {"message": f"no such key: {echo}"}}, 401))
            error = await fails_soon(endpoint(server.url).post_json("/x", {}), 5.0)
            assert "no such key: ***" in error.message


async def test_a_reply_that_repeats_the_key_is_not_taken_for_a_script() -> None:
    async with Loopback() as server:
        server.will(json_reply({"choices": [{"message": {"content": f"the key is {KEY}"}}]}))
        error = await fails_soon(endpoint(server.url).post_json("/x", {}), 5.0)
        assert "repeats the key" in error.message


# -- valid JSON of another shape, and files that are none


@pytest.mark.parametrize("shape", hostile.SHAPES, ids=lambda each: clean_line(str(each), 60))
async def test_any_shape_is_an_error_of_its_stage(shape: object, tmp_path: Path) -> None:
    async with HostileEndpoint(hostile.document(shape)) as server:
        asked = VisualsSettings(
            base_url=server.url, model="m", api_key=Secret(KEY), timeout_s=ANSWERED_S
        )
        images = OpenAIImages(asked)
        told = titles("A")
        ctx = picture_bench.Bench(tmp_path)
        try:
            with pytest.raises(StageError) as caught:
                await images.draw(told.scenes[0], told, FRAME, tmp_path / "a.png", ctx)
        finally:
            await images.close()
        assert caught.value.code in (Code.PICTURE_INVALID, Code.VISUALS_PROVIDER_UNAVAILABLE)
        words(caught.value)
        llm = LlmProvider(
            ScriptSettings(
                base_url=server.url, model="m", api_key=Secret(KEY), timeout_s=ANSWERED_S
            )
        )
        request = JobRequest(brief=Brief(text="Lighthouses warn ships."))
        with pytest.raises(StageError) as caught:
            await llm.write(request, ctx)
        assert caught.value.code is Code.SCRIPT_REPLY_INVALID
        words(caught.value)
        assert all(head.count(KEY.encode()) == 1 for head in server.heads)


def _wav(seconds: float, frames: int) -> bytes:
    """A WAV that says it is so long, with so many frames in it."""
    import io

    data = io.BytesIO()
    with wave.open(data, "wb") as file:
        file.setparams((1, 2, 8000, 0, "NONE", ""))
        file.writeframes(bytes(2 * frames))
    size = min(int(seconds * 16000), 0xFFFFFFFF - 36)
    head = bytearray(data.getvalue())
    head[4:8], head[40:44] = (size + 36).to_bytes(4, "little"), size.to_bytes(4, "little")
    return bytes(head)


async def test_no_sound_makes_ffmpeg_read_another_file_or_address(tmp_path: Path) -> None:
    async with HostileEndpoint(hostile.page) as other:
        for sound in (
            f"#EXTM3U\n#EXTINF:1,\n{other.url}/a.ts\n#EXT-X-ENDLIST\n".encode(),
            b"ffconcat version 1.0\nfile '/etc/passwd'\n",
            f"<MPD><BaseURL>{other.url}/</BaseURL></MPD>".encode(),
            b"RIFF\xff\xff\xff\xffWAVEfmt ", b"ID3\x04\x00\x00\x7f\x7f\x7f\x7f", b"fLaC" * 9,
            b"\x00\x00\x00\x18ftypM4A " + b"\xff" * 4000, b"OggS" * 500, b"", b"{}", bytes(5000),
        ):  # fmt: skip
            async with Loopback() as server:
                server.will(Reply(body=sound, type="audio/wav"))
                asked = SpeechSettings(
                    base_url=server.url, model="m", api_key=Secret(KEY), timeout_s=5.0
                )
                scene = SceneText(text="One.", voice="v", language="en", rate=1.0, pitch=1.0)
                ctx = speech_bench.Bench(tmp_path, asked)
                with pytest.raises(StageError) as caught:
                    await OpenAISpeech(asked).speak(scene, tmp_path / "a.wav", ctx)
                assert caught.value.code is Code.SPEECH_REPLY_INVALID
                words(caught.value)
        assert other.heads == []


async def test_a_sound_that_lies_about_its_length_is_as_long_as_it_is(tmp_path: Path) -> None:
    async with Loopback() as server:
        server.will(Reply(body=_wav(100_000, 8000), type="audio/wav"))
        asked = SpeechSettings(base_url=server.url, model="m", timeout_s=5.0)
        scene = SceneText(text="One.", voice="v", language="en", rate=1.0, pitch=1.0)
        ctx = speech_bench.Bench(tmp_path, asked)
        spoken = await OpenAISpeech(asked).speak(scene, tmp_path / "a.wav", ctx)
        assert 0.9 < spoken.samples / 48_000 < 1.1


# -- whole runs


@pytest.mark.slow
@pytest.mark.parametrize("answer", [hostile.escapes, hostile.busy], ids=lambda a: a.__name__)
async def test_a_run_among_hostile_endpoints_gives_the_video_and_keeps_the_keys(
    answer: Answer, tmp_path: Path
) -> None:
    program = Program(tmp_path)
    try:
        async with HostileEndpoint(answer) as server:
            await falls_back(program, server.url)
            assert all(head.count(b"Authorization: Bearer sk-") == 1 for head in server.heads)
    finally:
        program.close()
