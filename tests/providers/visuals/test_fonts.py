"""Fonts: what is shipped, which characters they have, and what happens to others."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from fontTools.ttLib import TTFont

from aura_tui.model.script import CodeCard, TitleCard
from aura_tui.providers.visuals.card_layouts import coverage
from aura_tui.providers.visuals.card_layouts.coverage import resolve, script
from aura_tui.providers.visuals.card_layouts.sanitize import bounded
from aura_tui.providers.visuals.fonts.fallback import FACES, Faces, is_rtl
from aura_tui.providers.visuals.fonts.files import FILES, FONTS

ROOT = Path(coverage.__file__).parents[4]


def test_each_shipped_font_has_its_licence_beside_it() -> None:
    fonts = sorted(FONTS.glob("*.ttf"))
    assert fonts == sorted(FILES.values())
    for font in fonts:
        licence = font.with_name(f"{font.stem}-LICENSE.txt").read_text()
        assert "SIL OPEN FONT LICENSE Version 1.1" in licence
        assert "with Reserved Font Name" not in licence
    assert sum(path.stat().st_size for path in FONTS.iterdir()) < 3_000_000


def test_what_is_taken_for_granted_is_in_both_shipped_fonts() -> None:
    sure = {c for c in map(chr, range(0x3000)) if coverage._BASIC.fullmatch(c)} - {"\n"}
    assert len(sure) > 190
    for file in FILES.values():
        assert {ord(c) for c in sure} <= coverage.covered(str(file), 0)


def test_weights_differ_and_the_mono_face_is_mono() -> None:
    faces = Faces()
    assert faces.em("weight", "text") < faces.em("weight", "strong")
    assert {faces.em(c, "mono") for c in "iWm-> "} == {0.6}
    assert faces.em("111", "figures") == pytest.approx(faces.em("888", "figures"))


def test_every_face_has_the_axes_that_its_font_has() -> None:
    for face in FACES.values():
        axes = TTFont(FILES[face.family])["fvar"].axes
        for axis, value in zip(axes, face.axes, strict=True):
            assert axis.minValue <= value <= axis.maxValue


def test_a_character_without_a_font_is_left_out_and_its_script_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(coverage, "system_fonts", lambda: ())
    resolved = resolve(bounded(TitleCard(title="Solar 太陽 はじめ שלום")))
    assert isinstance(resolved.card, TitleCard)
    assert resolved.card.title.split() == ["Solar"]
    assert resolved.missing_scripts == ("Han", "Hebrew", "Japanese")
    assert "Noto Sans CJK" in resolved.warnings[0]
    assert len(resolved.warnings) == 3


def test_one_shipped_font_stands_in_for_the_other() -> None:
    resolved = resolve(bounded(CodeCard(title="Boxes \u2502", code="\u2713 done\n\u251c tree")))
    used = {(f.family, Path(f.path).name, f.characters) for f in resolved.fallbacks}
    assert ("inter", "JetBrainsMono.ttf", "\u2502") in used
    assert ("mono", "Inter.ttf", "\u2713") in used
    assert not resolved.warnings


def test_a_system_font_is_used_for_what_it_has(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from fontTools.fontBuilder import FontBuilder
    from fontTools.pens.ttGlyphPen import TTGlyphPen

    builder = FontBuilder(1000, isTTF=True)
    builder.setupGlyphOrder([".notdef", "sun"])
    builder.setupCharacterMap({ord("太"): "sun"})
    pen = TTGlyphPen(None)
    pen.moveTo((100, 0))
    for point in ((100, 700), (800, 700), (800, 0)):
        pen.lineTo(point)
    pen.closePath()
    empty = TTGlyphPen(None).glyph()
    builder.setupGlyf({".notdef": empty, "sun": pen.glyph()})
    builder.setupHorizontalMetrics({".notdef": (500, 0), "sun": (900, 100)})
    builder.setupHorizontalHeader(ascent=800, descent=-200)
    builder.setupNameTable({"familyName": "Sun", "styleName": "Regular"})
    builder.setupOS2()
    builder.setupPost()
    path = tmp_path / "Sun-Regular.ttf"
    builder.save(path)
    builder.save(tmp_path / "Sun-Bold.ttf")
    (tmp_path / "AAA-Regular.ttf").write_bytes(b"no font at all")
    monkeypatch.setattr(coverage, "_font_folders", lambda: (str(tmp_path),))
    coverage._scan.cache_clear()
    try:
        assert coverage.system_fonts() == (str(tmp_path / "AAA-Regular.ttf"), str(path))
        resolved = resolve(bounded(TitleCard(title="A 太 B")))
    finally:
        coverage._scan.cache_clear()
    (fallback,) = resolved.fallbacks
    assert (fallback.path, fallback.bold) == (str(path), str(tmp_path / "Sun-Bold.ttf"))
    faces = Faces(resolved.fallbacks)
    assert [run.font for run in faces.runs("A太", "text")] == [-1, 0]
    assert faces.em("太", "text") == pytest.approx(0.9)
    assert faces.font("text", 20, 0).path == fallback.path
    assert faces.font("display", 20, 0).path == fallback.bold


def test_emoji_are_dropped_without_a_word() -> None:
    resolved = resolve(bounded(TitleCard(title="Ship it 🚀👩‍🚀 now ☀️ 1️⃣ ❤️")))
    assert isinstance(resolved.card, TitleCard)
    assert re.sub(r"\s+", " ", resolved.card.title).startswith("Ship it now 1")
    assert not resolved.warnings


@pytest.mark.parametrize(
    ("char", "name"),
    [("字", "Han"), ("ह", "Devanagari"), ("ก", "Thai"), ("ש", "Hebrew"), ("한", "Hangul")],
)
def test_scripts_are_called_by_the_names_people_know(char: str, name: str) -> None:
    assert script(char) == name


def test_mixed_directions_are_seen_in_the_right_order() -> None:
    """UAX 9: figures and Latin words keep their order in a line that runs to the left."""
    seen = [(r.text.strip(), r.rtl) for r in Faces().runs("שלום solar power 29.5% סוף", "text")]
    assert [text for text, _ in seen] == ["סוף", "29.5%", "solar power", "שלום"] or [
        text for text, _ in seen
    ] == ["סוף", "solar power 29.5%", "שלום"]
    seen = [(r.text.strip(), r.rtl) for r in Faces().runs("In Hebrew שלום עולם means", "text")]
    assert seen == [("In Hebrew", False), ("שלום עולם", True), ("means", False)]
    hyphen = Faces().runs("ב-2024", "text")
    assert [r.text for r in hyphen] == ["2024", "ב-"]


def test_a_line_goes_with_its_paragraph_whatever_it_begins_with() -> None:
    seen = [r.text.strip() for r in Faces().runs("power ב-2024", "text", rtl=True)]
    assert seen == ["2024", "ב-", "power"]
    seen = [r.text.strip() for r in Faces().runs("עברית means", "text", rtl=False)]
    assert seen == ["עברית", "means"]


def test_the_first_strong_character_gives_the_direction() -> None:
    assert is_rtl("2024: שלום world")
    assert not is_rtl("world שלום")
    assert not is_rtl("123 ... !")


def test_no_pillow_is_loaded_with_the_package() -> None:
    import subprocess
    import sys

    code = (
        "import sys; import aura_tui.providers.visuals as v, aura_tui.pipeline.stages.visuals; "
        "assert not {'PIL', 'fontTools', 'pygments', 'httpx'} & set(sys.modules); v.THEMES"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)
