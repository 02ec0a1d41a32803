"""Which voice provider is taken."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from aura_tui.errors import Code, InputError
from aura_tui.providers.speech import all_voices, candidates, choose
from aura_tui.settings import Settings, SpeechSettings

if TYPE_CHECKING:
    from pathlib import Path

ENDPOINT = SpeechSettings(base_url="http://127.0.0.1:9/v1", model="tts-1")


@pytest.mark.parametrize(
    ("name", "speech", "chosen"),
    [
        ("", SpeechSettings(), "espeak"),
        ("auto", SpeechSettings(), "espeak"),
        ("", ENDPOINT, "openai"),
        ("auto", SpeechSettings(base_url="http://127.0.0.1:9/v1"), "espeak"),
        ("", replace(ENDPOINT, piper_model="/nowhere.onnx"), "openai"),
        ("ESPEAK", ENDPOINT, "espeak"),
        ("", SpeechSettings(provider="openai", base_url="http://h/v1", model="m"), "openai"),
    ],
)
def test_the_one_asked_for_or_the_first_that_is_set_up(
    tmp_path: Path, name: str, speech: SpeechSettings, chosen: str
) -> None:
    assert choose(name, Settings(home=tmp_path, speech=speech)).name == chosen


@pytest.mark.parametrize(
    ("name", "speech", "code"),
    [
        ("siri", SpeechSettings(), Code.OPTION_INVALID),
        ("", SpeechSettings(provider="\x1b[0m"), Code.OPTION_INVALID),
        ("openai", SpeechSettings(), Code.SPEECH_PROVIDER_UNAVAILABLE),
        ("piper", SpeechSettings(), Code.SPEECH_PROVIDER_UNAVAILABLE),
        ("", SpeechSettings(piper_model="/nowhere.onnx"), Code.SPEECH_PROVIDER_UNAVAILABLE),
    ],
)
def test_what_is_asked_for_by_name_is_never_replaced(
    tmp_path: Path, name: str, speech: SpeechSettings, code: Code
) -> None:
    with pytest.raises(InputError) as caught:
        choose(name, Settings(home=tmp_path, speech=speech))
    assert caught.value.code is code
    assert caught.value.message.isprintable()


@pytest.mark.parametrize(
    ("name", "speech", "names"),
    [
        ("", SpeechSettings(), ["espeak"]),
        ("auto", ENDPOINT, ["openai", "espeak"]),
        ("openai", ENDPOINT, ["openai"]),
        ("", replace(ENDPOINT, provider="openai"), ["openai"]),
        ("", replace(ENDPOINT, piper_model="/nowhere.onnx"), ["openai", "espeak"]),
    ],
)
def test_others_stand_in_under_auto_alone(
    tmp_path: Path, name: str, speech: SpeechSettings, names: list[str]
) -> None:
    settings = Settings(home=tmp_path, speech=speech)
    assert [provider.name for provider in candidates(name, settings)] == names


async def test_all_voices_are_those_of_every_provider_that_is_set_up(tmp_path: Path) -> None:
    alone = await all_voices(Settings(home=tmp_path))
    assert {v.provider for v in alone} == {"espeak"}
    both = await all_voices(Settings(home=tmp_path, speech=ENDPOINT))
    assert {v.provider for v in both} == {"espeak", "openai"}
