"""The Voice stage: every scene spoken, in order, once; failures and cancels end it whole."""

from __future__ import annotations

import asyncio
import errno
import re
import time
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import pytest

from aura_tui.errors import Code, InputError, StageError
from aura_tui.model.request import Brief, JobRequest, Options, VoiceSpec
from aura_tui.pipeline.cache import ArtifactCache
from aura_tui.pipeline.stages.voice import check_voice, speak_script
from aura_tui.providers.ffmpeg import locate
from aura_tui.settings import EngineSettings, Settings, SpeechSettings
from tests.pipeline.stage import Desk, desk, script
from tests.providers.loopback import Loopback, Reply, Request
from tests.waiting import alive, until

if TYPE_CHECKING:
    from collections.abc import Callable

    from aura_tui.model.script import Script

FAST = EngineSettings(retries=2, retry_base_s=0.01, retry_cap_s=0.02)
SHORT = script(["First, a word.", "Then $5 more \u2014 in all.", "And the end."])
LONG = script(
    [
        "Every great video starts with a clear idea.",
        "In this short film, we look at how a solar panel turns sunlight into electricity.",
        "In 2024, the world installed nearly 600 gigawatts of new capacity, a rise of 29.5%.",
        "First, photons strike the silicon and hand their energy to its electrons.",
        "Next, electrons break free \u2014 and the electric field pushes them in one direction.",
        "Finally, an inverter converts the current, so that you can boil your kettle.",
        "Dr. Smith's lab says it costs $0.30 per watt; that's the cheapest electricity ever.",
        "And that is how a roof becomes a power station, without a sound, for thirty years.",
    ]
)


def ready(home: Path, speech: SpeechSettings | None = None, **voice: object) -> Desk:
    """A context whose request asks for this voice."""
    ctx = desk(home)
    ctx.settings = Settings(home=home, speech=speech or SpeechSettings(), engine=FAST)
    spec = msgspec.convert(voice, VoiceSpec)
    ctx.request = msgspec.structs.replace(ctx.request, voice_spec=spec)
    return ctx


async def test_each_scene_is_spoken_in_order_with_all_its_words(tmp_path: Path) -> None:
    ctx = ready(tmp_path)
    spoken = await speak_script(ctx, LONG)
    assert [s.scene for s in spoken] == [s.number for s in LONG.scenes]
    for scene, speech in zip(LONG.scenes, spoken, strict=True):
        assert [w.text for w in speech.words] == scene.narration.split()
        assert Path(speech.path).stat().st_size == 44 + 2 * speech.samples
        assert Path(speech.path).is_relative_to(tmp_path / "pieces")
    assert 35 < sum(s.duration_s for s in spoken) < 60
    assert not list(ctx.scratch.iterdir())
    assert not list(tmp_path.glob("pieces/**/*.part*"))


async def test_every_scene_has_the_loudness_that_is_set(tmp_path: Path) -> None:
    ctx = ready(tmp_path, SpeechSettings(loudness_lufs=-20.0))
    ffmpeg = await locate(ctx.settings, ctx.children)
    for speech in await speak_script(ctx, LONG):
        argv = [ffmpeg.path, "-i", speech.path, "-af", "ebur128", "-f", "null", "-"]
        said = (await ctx.children.run(argv)).stderr.decode().rpartition("Summary:")[2]
        found = re.search(r"I:\s+(\S+) LUFS", said)
        assert found
        assert float(found[1]) == pytest.approx(-20.0, abs=0.7)


async def test_progress_counts_scenes_and_never_falls(tmp_path: Path) -> None:
    ctx = ready(tmp_path)
    await speak_script(ctx, SHORT)
    assert ctx.heard.percents == sorted(ctx.heard.percents)
    assert (ctx.heard.percents[0], ctx.heard.percents[-1]) == (0.0, 100.0)
    assert (ctx.heard.metrics[-1].made, ctx.heard.metrics[-1].reused) == (3, 0)


async def test_a_scene_is_told_by_its_own_number_and_title_whenever_it_is_done(
    tmp_path: Path,
) -> None:
    long, short = "A sentence that takes a while to speak. " * 60, "Short."
    text = script([long, short, short + " Again."])
    ctx = ready(tmp_path)
    await speak_script(ctx, text)
    said = [*zip(ctx.heard.messages, ctx.heard.details, ctx.heard.items, strict=True)][1:]
    for message, title, (number, _, _) in said:
        assert (f"scene {number}" in message.lower(), title) == (True, f"Scene {number}")
    spoken = [(number, done) for message, _, (number, done, _) in said if "spoken" in message]
    assert [done for _, done in spoken] == [1, 2, 3]
    assert [number for number, _ in spoken] == [2, 3, 1], "the long one is done last"
    at_work = [active for message, _, (_, _, active) in said if message == "Scene 2 spoken"]
    assert 1 in at_work[0]
    assert 2 not in at_work[0]
    assert ctx.heard.items[-1] == (1, 3, ())


async def made(home: Path, text: Script, speech: SpeechSettings, **voice: object) -> int:
    ctx = ready(home, speech, **voice)
    await speak_script(ctx, text)
    assert ctx.made + ctx.reused == len(text.scenes)
    return ctx.made


async def test_what_was_spoken_is_reused_until_something_it_depends_on_changes(
    tmp_path: Path,
) -> None:
    plain = SpeechSettings()
    assert await made(tmp_path, SHORT, plain) == 3
    assert await made(tmp_path, SHORT, plain) == 0
    changed = script([*(s.narration for s in SHORT.scenes[:2]), "Another end."])
    assert await made(tmp_path, changed, plain) == 1
    assert await made(tmp_path, SHORT, SpeechSettings(loudness_lufs=-20.0)) == 3
    assert await made(tmp_path, SHORT, plain, rate=1.2) == 3
    assert await made(tmp_path, SHORT, plain, pitch=1.2) == 3
    assert await made(tmp_path, SHORT, plain, voiceName="en") == 3
    assert await made(tmp_path, SHORT, SpeechSettings(voice="en")) == 0
    assert await made(tmp_path, SHORT, SpeechSettings(rate=1.2)) == 0


async def test_scenes_that_say_the_same_each_have_a_sound(tmp_path: Path) -> None:
    spoken = await speak_script(ready(tmp_path), script(["The very same words."] * 4))
    assert [s.scene for s in spoken] == [1, 2, 3, 4]
    assert len({Path(s.path).read_bytes() for s in spoken}) == 1


async def test_the_brief_s_language_chooses_the_voice(tmp_path: Path) -> None:
    ctx = ready(tmp_path)
    brief = Brief(topic="Test", language="de-DE")
    ctx.request = msgspec.structs.replace(ctx.request, brief=brief)
    await speak_script(ctx, script(["Das ist ein Test."]))
    assert ctx.heard.messages[0] == "Voice de (espeak)"


async def test_the_script_s_language_chooses_the_voice_if_nobody_named_one(tmp_path: Path) -> None:
    german = msgspec.structs.replace(script(["Das ist ein Test."]), language="de")
    for ctx, voice in (
        (ready(tmp_path), "de"),
        (ready(tmp_path, voiceName="sv"), "sv"),
        (ready(tmp_path, SpeechSettings(voice="en")), "en"),
    ):
        await speak_script(ctx, german)
        assert ctx.heard.messages[0] == f"Voice {voice} (espeak)"


async def test_a_busy_endpoint_is_asked_again(tmp_path: Path) -> None:
    ctx = ready(tmp_path / "a")
    sound = Path((await speak_script(ctx, script(["Hello there."])))[0].path).read_bytes()
    async with Loopback() as server:
        server.will(Reply(429), Reply(503), Reply(body=sound, type="audio/wav"))
        speech = SpeechSettings(base_url=server.url, model="m")
        ctx = ready(tmp_path / "b", speech, pitch=1.5)
        (spoken,) = await speak_script(ctx, script(["Hello there."]))
        assert len(server.requests) == 3
    assert spoken.samples > 0
    assert "pitch" in ctx.heard.warnings[0]


async def test_what_an_endpoint_said_is_reused_by_the_retries_of_its_job_alone(
    tmp_path: Path,
) -> None:
    text = script(["Hello there."])
    sound = Path((await speak_script(ready(tmp_path), text))[0].path).read_bytes()
    async with Loopback() as server:
        server.otherwise = lambda _: Reply(body=sound, type="audio/wav")
        speech = SpeechSettings(base_url=server.url, model="m")
        for lineage, asked in (("job-1", 1), ("job-1", 1), ("job-2", 2)):
            ctx = ready(tmp_path, speech)
            ctx.lineage = lineage
            await speak_script(ctx, text)
            assert len(server.requests) == asked


def answers(sound: bytes, broken: str) -> Callable[[Request], Reply]:
    """An endpoint that speaks, but not what has ``broken`` in it."""

    def answer(request: Request) -> Reply:
        if broken in request.json()["input"]:
            return Reply(500)
        return Reply(body=sound, type="audio/wav")

    return answer


async def sound_of(home: Path) -> bytes:
    (speech,) = await speak_script(ready(home), script(["Hello there."]))
    return Path(speech.path).read_bytes()


async def test_an_endpoint_that_fails_at_one_scene_is_replaced_at_all(tmp_path: Path) -> None:
    alone = await speak_script(ready(tmp_path / "alone"), SHORT)
    sound = await sound_of(tmp_path / "a")
    async with Loopback() as server:
        server.otherwise = answers(sound, "the end")
        ctx = ready(tmp_path / "b", SpeechSettings(base_url=server.url, model="m", voice="nova"))
        spoken = await speak_script(ctx, SHORT)
    assert [s.words for s in spoken] == [s.words for s in alone]
    (warning,) = ctx.heard.warnings
    assert warning.startswith("The speech endpoint")
    assert "HTTP 500" in warning
    assert "All scenes are spoken by espeak instead." in warning
    assert ctx.heard.metrics[-1].provider == "espeak"
    assert len(ctx.keys) == len(SHORT.scenes)  # a retry looks for the endpoint's


async def test_a_later_job_asks_the_endpoint_again_and_the_same_one_does_not(
    tmp_path: Path,
) -> None:
    sound = await sound_of(tmp_path / "a")
    async with Loopback() as server:
        server.otherwise = answers(sound, "the end")
        speech = SpeechSettings(base_url=server.url, model="m")
        first = ready(tmp_path / "b", speech)
        by_rule = await speak_script(first, SHORT)
        server.otherwise = answers(sound, "no such word")
        asked = len(server.requests)
        interrupted = ready(tmp_path / "b", speech)
        assert await speak_script(interrupted, SHORT) == by_rule
        assert len(server.requests) == asked
        assert interrupted.heard.warnings == first.heard.warnings
        retry = ready(tmp_path / "b", speech)
        retry.job_id = "job-2"
        spoken = await speak_script(retry, SHORT)
        assert len(server.requests) > asked
    assert {Path(s.path).read_bytes() for s in spoken} == {Path(spoken[0].path).read_bytes()}
    assert retry.heard.warnings == []
    assert retry.heard.metrics[-1].provider == "openai"


async def test_an_endpoint_that_was_named_fails_with_its_error(tmp_path: Path) -> None:
    async with Loopback() as server:
        server.otherwise = lambda _: Reply(500)
        speech = SpeechSettings(base_url=server.url, model="m", provider="openai")
        ctx = ready(tmp_path, speech)
        with pytest.raises(StageError) as caught:
            await speak_script(ctx, SHORT)
    assert caught.value.code is Code.SPEECH_PROVIDER_UNAVAILABLE
    assert ctx.heard.warnings == []


async def test_a_full_disk_is_nothing_that_another_voice_cures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    sound = await sound_of(tmp_path / "a")
    async with Loopback() as server:
        server.otherwise = answers(sound, "no such word")
        ctx = ready(tmp_path / "b", SpeechSettings(base_url=server.url, model="m"))
        monkeypatch.setattr(ArtifactCache, "_keep", full)
        with pytest.raises(StageError) as caught:
            await speak_script(ctx, SHORT)
    assert caught.value.code is Code.DISK_FULL


async def test_all_keys_are_known_before_the_first_scene_is_spoken(tmp_path: Path) -> None:
    async with Loopback() as server:
        server.otherwise = lambda _: Reply(401)
        speech = SpeechSettings(base_url=server.url, model="m", provider="openai")
        ctx = ready(tmp_path, speech)
        with pytest.raises(StageError):
            await speak_script(ctx, LONG)
    assert len(set(ctx.keys)) == len(LONG.scenes)


async def test_a_scene_that_fails_ends_the_others_at_once(tmp_path: Path) -> None:
    async with Loopback() as server:

        def answer(request: object) -> Reply:
            return Reply(401) if len(server.requests) > 1 else Reply(hang=True)

        server.otherwise = answer
        ctx = ready(tmp_path, SpeechSettings(base_url=server.url, model="m", provider="openai"))
        start = time.monotonic()
        with pytest.raises(StageError) as caught:
            await speak_script(ctx, SHORT)
    assert caught.value.code is Code.SPEECH_PROVIDER_REFUSED
    assert time.monotonic() - start < 5
    assert not list(tmp_path.glob("pieces/**/*.part*"))


async def test_cancelling_ends_every_child(tmp_path: Path) -> None:
    ctx = ready(tmp_path)
    many = script([f"Scene {i}: " + "a long text is spoken here, again. " * 60 for i in range(6)])
    task = asyncio.create_task(speak_script(ctx, many))
    await until(lambda: ctx.children.pids)
    pids = ctx.children.pids
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not any(alive(pid) for pid in pids)
    assert not ctx.children.pids
    assert not list(ctx.scratch.iterdir())
    assert not list(tmp_path.glob("pieces/**/*.part*"))


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        (JobRequest(voice_spec=VoiceSpec(voice_name="nobody")), Code.VOICE_UNKNOWN),
        (JobRequest(brief=Brief(language="xx")), Code.VOICE_UNKNOWN),
        (JobRequest(options=Options(speech="siri")), Code.OPTION_INVALID),
        (JobRequest(options=Options(speech="piper")), Code.SPEECH_PROVIDER_UNAVAILABLE),
    ],
    ids=["voice", "language", "provider", "piper"],
)
def test_a_voice_that_can_t_be_had_is_refused_before_anything_starts(
    tmp_path: Path, request_: JobRequest, code: Code
) -> None:
    start = time.process_time()
    with pytest.raises(InputError) as caught:
        check_voice(request_, Settings(home=tmp_path))
    assert caught.value.code is code
    assert time.process_time() - start < 0.5


def test_a_voice_that_can_be_had_is_accepted(tmp_path: Path) -> None:
    check_voice(JobRequest(brief=Brief(language="fr-CA")), Settings(home=tmp_path))
    check_voice(JobRequest(voice_spec=VoiceSpec(voice_name="de+f2")), Settings(home=tmp_path))
