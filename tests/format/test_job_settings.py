"""A job's settings in words."""

from __future__ import annotations

from msgspec.structs import replace

from aura_tui.format.job_settings import settings_pairs
from aura_tui.model.job_settings import JobSettings
from tests.model.strategies import fresh_job
from tests.wire.test_decode import FULL


def test_every_setting_is_told_once_and_in_the_words_of_the_command_line() -> None:
    assert settings_pairs(replace(fresh_job(), settings=FULL, priority=5)) == (
        ("Brief", "notes.md, 1.2 KB, 210 words"),
        ("Length", "1:30"),
        ("Video", "1280x720 (16:9), 25 fps"),
        ("Quality", "80 %, video 2000 kbit/s, audio 128 kbit/s"),
        ("Captions", "burned into the picture"),
        ("Voice", "de, rate 1.1, pitch 0.9, pause 0.5 s"),
        ("Language", "de"),
        ("Theme", "paper"),
        ("Motion", "off"),
        ("Providers", "script: llm, voice: piper, visuals: folder"),
        ("Priority", "5"),
        ("Cached work", "ignored"),
        ("Output folder", "/two  blanks"),
    )


def test_defaults_are_named_and_what_is_unknown_is_left_out() -> None:
    plain = replace(fresh_job(), settings=JobSettings(brief_bytes=1, brief_words=1))
    assert settings_pairs(plain) == (
        ("Brief", "1 B, 1 word"),
        ("Length", "to fit the text"),
        ("Quality", "default"),
        ("Captions", "as a track"),
        ("Voice", "default for the language"),
        ("Language", "detected from the text"),
        ("Priority", "0"),
    )
    assert settings_pairs(fresh_job()) == ()  # of an older server
