"""eSpeak NG, the real library in a real child."""

from __future__ import annotations

import asyncio
import errno
import itertools
import sys
import time
from typing import TYPE_CHECKING

import pytest

from aura_tui.errors import Code, InputError, StageError, Transient
from aura_tui.providers.protocols import SceneText, Spoken
from aura_tui.providers.speech.espeak import provider
from aura_tui.providers.speech.espeak.provider import Espeak
from tests.providers.speech_bench import Bench, level, samples_of
from tests.waiting import alive, until

if TYPE_CHECKING:
    from pathlib import Path


def scene(text: str, voice: str = "en-us", rate: float = 1.0, pitch: float = 1.0) -> SceneText:
    return SceneText(text=text, voice=voice, language="en", rate=rate, pitch=pitch)


async def speak(folder: Path, asked: SceneText | str, name: str = "out.wav") -> Spoken:
    asked = scene(asked) if isinstance(asked, str) else asked
    spoken = await Espeak().speak(asked, folder / name, Bench(folder))
    assert len(samples_of(spoken.path)) == spoken.samples
    assert [w.text for w in spoken.words] == asked.text.split()
    for before, after in itertools.pairwise(spoken.words):
        assert 0 <= before.start_s <= before.end_s <= after.end_s
        assert before.start_s <= after.start_s
    assert all(w.end_s <= spoken.samples / 48_000 for w in spoken.words)
    return spoken


async def test_words_are_loud_and_the_pauses_between_them_are_silent(tmp_path: Path) -> None:
    text = "Light strikes the silicon. Electrons break free, and a current flows. We boil water."
    spoken = await speak(tmp_path, text)
    samples = samples_of(spoken.path)
    heard = [level(samples, w.start_s, w.end_s) for w in spoken.words]
    assert min(heard) > 300
    pauses = [
        (a.end_s, b.start_s)
        for a, b in itertools.pairwise(spoken.words)
        if a.text[-1] in ".," and b.start_s - a.end_s > 0.1
    ]
    assert len(pauses) == 3
    for start, end in pauses:
        assert level(samples, start + 0.08, end - 0.02) < 0.05 * min(heard)
    assert spoken.samples / 48_000 - spoken.words[-1].end_s < 0.15  # no long silence at the end


async def test_each_word_starts_where_the_voice_starts_it(tmp_path: Path) -> None:
    whole = await speak(tmp_path, "Seven. Eight. Nine. Ten.")
    samples = samples_of(whole.path)
    for word in whole.words[1:]:
        assert level(samples, word.start_s - 0.15, word.start_s - 0.01) < 30
        assert level(samples, word.start_s, word.start_s + 0.2) > 300


async def test_the_same_text_gives_the_same_bytes(tmp_path: Path) -> None:
    text = "The same text, spoken three times: it costs $3.50 in 2024."
    runs = [await speak(tmp_path, text, f"{i}.wav") for i in range(3)]
    assert len({(tmp_path / f"{i}.wav").read_bytes() for i in range(3)}) == 1
    assert len({run.words for run in runs}) == 1


async def test_merged_and_silent_tokens_get_times_of_their_own(tmp_path: Path) -> None:
    spoken = await speak(tmp_path, "One of the best \u2014 \U0001f600 of a kind, at $1.2M a year.")
    by_text = {w.text: w for w in spoken.words}
    assert by_text["the"].end_s - by_text["the"].start_s > 0.03
    assert by_text["\u2014"].start_s == by_text["\u2014"].end_s == by_text["best"].end_s
    assert by_text["$1.2M"].end_s - by_text["$1.2M"].start_s > 1.0


@pytest.mark.parametrize(
    ("voice", "text"),
    [
        (
            "de",
            "\u00dcber den Wolken \u2014 na\u00efve Gr\u00f6\u00dfe, 1.299,50 \u20ac.",
        ),
        ("fr", "Aujourd'hui, l'eau co\u00fbte 3,50 \u20ac par litre ; c'est cher."),
        ("cmn", "\u4f60\u597d \u4e16\u754c\uff0c\u4eca\u5929\u5929\u6c14\u5f88\u597d\u3002"),
        ("ja", "\u3053\u308c\u306f \u65e5\u672c\u8a9e\u306e \u30c6\u30b9\u30c8\u3067\u3059\u3002"),
        ("ar", "\u0645\u0631\u062d\u0628\u0627 \u0628\u0627\u0644\u0639\u0627\u0644\u0645 123"),
        ("hi", "\u0928\u092e\u0938\u094d\u0924\u0947 \u0926\u0941\u0928\u093f\u092f\u093e"),
        ("en-us+f3", "A variant of the voice."),
    ],
)
async def test_languages_and_variants_speak(tmp_path: Path, voice: str, text: str) -> None:
    spoken = await speak(tmp_path, scene(text, voice))
    assert spoken.samples > 0.5 * 48_000
    assert all(w.end_s > w.start_s for w in spoken.words if any(c.isalnum() for c in w.text))


async def test_rate_and_pitch_are_heard(tmp_path: Path) -> None:
    text = "How fast and how high this is said is for you to choose."
    plain = await speak(tmp_path, text, "a.wav")
    fast = await speak(tmp_path, scene(text, rate=2.0), "b.wav")
    high = await speak(tmp_path, scene(text, pitch=2.0), "c.wav")
    assert 0.4 < fast.samples / plain.samples < 0.7
    assert (tmp_path / "c.wav").read_bytes() != (tmp_path / "a.wav").read_bytes()
    assert 0.8 < high.samples / plain.samples < 1.25


@pytest.mark.parametrize(
    "text",
    [
        "\u2014 \U0001f600 *** ( )",
        "<speak><break time='99s'/>hi</speak> [[h@l@U]] {{}} &lt; \x01\x02 \x85 \ufeff \u202e",
        "x" * 100_000,
        "\u4f60" * 3000,
        "a\u0301\u0302" * 3000,
        "9" * 5000 + " 1" * 300,
        ". ! ? , ; : " * 200,
        "\ud83d",
    ],
    ids=["nothing", "markup", "long", "cjk", "marks", "digits", "points", "surrogate"],
)
async def test_hostile_text_neither_hangs_nor_crashes(tmp_path: Path, text: str) -> None:
    start = time.monotonic()
    spoken = await speak(tmp_path, text)
    assert spoken.samples > 0
    assert time.monotonic() - start < 20


async def test_a_text_without_end_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(provider, "MAX_SOUND_S", 2.0)
    with pytest.raises(StageError, match="half an hour") as caught:
        await speak(tmp_path, "word " * 100)
    assert caught.value.code is Code.SPEECH_FAILED
    assert not list(tmp_path.glob("*.wav"))


async def test_a_crash_of_the_child_is_an_error_that_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker = tmp_path / "worker.py"
    worker.write_text("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)")
    monkeypatch.setattr(provider, "_WORKER", worker)
    with pytest.raises(StageError, match="SIGSEGV") as caught:
        await speak(tmp_path, "Hello there.")
    assert caught.value.code is Code.SPEECH_FAILED
    assert "retry" in caught.value.remediation


async def test_a_killed_child_is_worth_another_try(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker = tmp_path / "worker.py"
    worker.write_text("import os, signal; os.kill(os.getpid(), signal.SIGKILL)")
    monkeypatch.setattr(provider, "_WORKER", worker)
    with pytest.raises(Transient, match="killed") as caught:
        await speak(tmp_path, "Hello there.")
    assert caught.value.code is Code.OUT_OF_MEMORY
    assert "memory" in caught.value.remediation
    assert not list(tmp_path.glob("*.wav"))


async def test_a_full_disk_is_told_as_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    worker = tmp_path / "worker.py"
    worker.write_text("open('/dev/full', 'wb', buffering=0).write(b'x')")
    monkeypatch.setattr(provider, "_WORKER", worker)
    with pytest.raises(OSError, match="No space left") as caught:
        await speak(tmp_path, "Hello there.")
    assert caught.value.errno == errno.ENOSPC


async def test_a_hang_of_the_child_ends_in_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker = tmp_path / "worker.py"
    worker.write_text("import time; time.sleep(60)")
    monkeypatch.setattr(provider, "_WORKER", worker)
    monkeypatch.setattr(provider, "_TIMEOUT_S", 0.2)
    with pytest.raises(StageError, match="took more than"):
        await speak(tmp_path, "Hello there.")


async def test_cancelling_leaves_no_child_and_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker = tmp_path / "worker.py"
    worker.write_text("import time; time.sleep(60)")
    monkeypatch.setattr(provider, "_WORKER", worker)
    ctx = Bench(tmp_path)
    task = asyncio.create_task(Espeak().speak(scene("Hello."), tmp_path / "out.wav", ctx))
    await until(lambda: ctx.children.pids)
    pid = ctx.children.pids[0]
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not alive(pid)
    assert not list(tmp_path.glob("*.wav"))


@pytest.mark.parametrize(
    ("voice", "language", "name"),
    [
        ("", "", "en-us"),
        ("", "en", "en-us"),
        ("en", "de", "en"),
        ("en-GB", "", "en"),
        ("", "en-AU", "en"),
        ("", "de-AT", "de"),
        ("German", "en", "de"),
        ("EN_US", "", "en-us"),
        ("", "zh-Hans-CN", "cmn"),
        ("", "zh-HK", "yue"),
        ("", "es-MX", "es-419"),
        ("", "pt-PT", "pt"),
        ("", "nn-NO", "nb"),
        ("en-us+F3", "", "en-us+f3"),
        ("de+andy", "", "de+Andy"),
    ],
)
def test_a_voice_is_found_by_name_language_or_description(
    voice: str, language: str, name: str
) -> None:
    assert Espeak().resolve(voice, language) == name


@pytest.mark.parametrize(
    ("voice", "language", "hint"),
    [
        ("germn", "", "de"),
        ("en-uss", "", "en-us"),
        ("en-us+f33", "", "en-us+f3"),
        ("", "xx", "doctor --voices"),
        ("\x1b[31mnova", "en", "doctor --voices"),
    ],
)
def test_an_unknown_voice_names_near_ones(voice: str, language: str, hint: str) -> None:
    with pytest.raises(InputError) as caught:
        Espeak().resolve(voice, language)
    assert caught.value.code is Code.VOICE_UNKNOWN
    assert hint in caught.value.remediation
    assert caught.value.message.isprintable()


async def test_every_voice_is_listed_with_its_language() -> None:
    voices = {v.name: v for v in await Espeak().voices()}
    assert len(voices) > 100
    assert voices["de"].language == "de"
    assert voices["en-us+f3"].language == "en-us"
    assert list(voices) == sorted(voices)
    assert voices["en-us"].description == "English (America)"
    assert all(Espeak().resolve(name, "") for name in voices)


async def test_the_childs_program_needs_the_standard_library_alone(tmp_path: Path) -> None:
    code = f"import runpy, sys; runpy.run_path({str(provider._WORKER)!r}); print(*sys.modules)"
    done = await Bench(tmp_path).children.run([sys.executable, "-I", "-S", "-c", code])
    loaded = {name.split(".")[0] for name in done.stdout.decode().split()}
    assert done.returncode == 0
    assert not loaded & {"aura_tui", "msgspec", "textual", "asyncio", "logging"}
