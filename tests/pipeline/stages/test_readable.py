"""A text that can't be spoken or drawn fails before the work; a foreign word is left out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from aura_tui.errors import Code, StageError
from aura_tui.model.text.scripts import letters_by_script, script_of
from aura_tui.pipeline.stages.readable import check_readable
from aura_tui.pipeline.stages.script import write_script
from aura_tui.providers.speech.espeak import provider as espeak
from aura_tui.providers.visuals.card_layouts import coverage
from tests.pipeline.stages.test_script import stage

if TYPE_CHECKING:
    from pathlib import Path

JAPANESE = "# 灯台\n\n最初の灯台建設。海岸警備強化。\n"
THAI = "# ประภาคาร\n\nประภาคารแรกสร้าง\n"
MIXED = "# Cities\n\nThe city of 東京 grew fast. The old town is called חיפה today.\n"


async def test_a_text_that_the_voice_mostly_cannot_read_fails_before_the_work(
    tmp_path: Path,
) -> None:
    with pytest.raises(StageError) as caught:
        await write_script(stage(tmp_path, JAPANESE))
    assert caught.value.code is Code.TEXT_UNREADABLE
    assert "Han letters" in caught.value.message


async def test_a_text_that_no_font_has_fails_with_the_font_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(coverage, "system_fonts", lambda: ())
    with pytest.raises(StageError) as caught:
        await write_script(stage(tmp_path, THAI))
    assert caught.value.code is Code.FONT_MISSING
    assert "Noto Sans Thai" in caught.value.remediation


async def test_a_foreign_word_is_left_out_of_speech_with_a_warning(tmp_path: Path) -> None:
    ctx = stage(tmp_path, MIXED)
    script = await write_script(ctx)
    warned = [warning for warning in ctx.heard.warnings if "leaves out" in warning]
    assert warned == ["The voice doesn't read Hebrew and Han letters, so it leaves out these words"]
    await check_readable(ctx, script)
    words = script.scenes[-1].narration
    forms = espeak._readable_forms(words, "en-us")
    assert len(forms) == len(words.split())
    assert all(form.isascii() for form in forms)
    assert "" in forms


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("ru", "\u043c\u0430\u044f\u043a"),
        ("cmn", "\u706f\u5854"),
        ("el", "\u03c6\u03ac\u03c1\u03bf\u03c2"),
        ("ko", "\ub4f1\ub300"),
        ("hi", "\u0932\u093e\u0907\u091f"),
        ("de", "Stra\u00dfe \u00fcber \u00c6sop"),
        ("sr", "\u0441\u0432\u0435\u0442\u0438\u043e\u043d\u0438\u043a svetionik"),
    ],
)
def test_a_voice_reads_its_own_letters(language: str, text: str) -> None:
    known = espeak.Espeak().scripts("", language)
    assert known is not None
    assert set(letters_by_script(text)) <= known


def test_scripts_have_their_common_names() -> None:
    named = {"a": "Latin", "5": "Latin", "\u706f": "Han", "\u3042": "Japanese", "-": "", " ": ""}
    assert {char: script_of(char) for char in named} == named
