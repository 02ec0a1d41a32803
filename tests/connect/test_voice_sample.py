"""A sample of a voice is spoken once, kept, and its folder stays small."""

from __future__ import annotations

import wave
from typing import TYPE_CHECKING

import pytest

from aura_tui.connect import voice_sample
from aura_tui.connect.voice_sample import speak_sample
from aura_tui.errors import InputError
from aura_tui.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path


async def test_a_sample_is_spoken_once_and_old_ones_are_deleted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(voice_sample, "MAX_SAMPLES", 1)
    settings = Settings(home=tmp_path)
    spoken = await speak_sample(settings, provider="espeak", voice="en-gb+f3", language="en-gb")
    with wave.open(str(spoken)) as file:
        assert file.getnframes() > file.getframerate()
    written = spoken.stat().st_mtime_ns
    again = await speak_sample(settings, provider="espeak", voice="en-gb+f3", language="en-gb")
    assert (again, again.stat().st_mtime_ns) == (spoken, written)
    other = await speak_sample(settings, provider="espeak", voice="de", language="de")
    assert [*spoken.parent.iterdir()] == [other]


async def test_a_sample_that_cannot_be_written_says_where(tmp_path: Path) -> None:
    (tmp_path / "samples").write_text("")
    with pytest.raises(InputError, match="samples"):
        await speak_sample(Settings(home=tmp_path), provider="espeak", voice="de", language="de")
