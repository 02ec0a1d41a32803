"""Themes: each text can be read wherever it may lie."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from aura_tui.errors import Code, InputError
from aura_tui.providers.visuals import THEMES, check_theme
from aura_tui.providers.visuals.card_layouts.boxes import sheet
from aura_tui.providers.visuals.drawing.paint import backdrop

if TYPE_CHECKING:
    from aura_tui.providers.visuals.card_layouts.themes import Colour, Theme

SIZES = ((350, 197), (197, 350), (197, 197), (788, 197))
themes = pytest.mark.parametrize("theme", THEMES.values(), ids=THEMES.keys())


def luminance(colour: Colour) -> float:
    """Relative luminance (WCAG 2.2)."""
    linear = [
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4
        for c in (part / 255 for part in colour)
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: Colour, other: Colour) -> float:
    """Contrast ratio (WCAG 2.2), 1 to 21."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def grounds(theme: Theme, region: str) -> set[Colour]:
    """Every colour that the backdrop has where texts may lie."""
    found: set[Colour] = set()
    for size in SIZES:
        box = getattr(sheet(*size), region)
        part = backdrop(theme.name, *size).crop(
            (int(box.x), int(box.y), int(box.right), int(box.bottom))
        )
        data = part.tobytes()
        found |= set(zip(data[::3], data[1::3], data[2::3], strict=True))
    return found


@themes
@pytest.mark.parametrize("role", ["ink", "dim", "accent", "accent_end"])
def test_texts_stand_out_on_every_pixel_of_the_content(theme: Theme, role: str) -> None:
    worst = min(contrast(getattr(theme, role), ground) for ground in grounds(theme, "area"))
    assert worst >= 4.5


@themes
def test_the_kicker_stands_out_along_its_whole_line(theme: Theme) -> None:
    assert min(contrast(theme.accent, ground) for ground in grounds(theme, "kicker")) >= 4.5


@themes
def test_figures_on_badges_stand_out(theme: Theme) -> None:
    assert contrast(theme.badge_ink, theme.accent) >= 4.5
    assert contrast(theme.badge_ink, theme.accent_end) >= 4.5


@themes
def test_code_stands_out_on_its_panel(theme: Theme) -> None:
    for role in theme.syntax.__struct_fields__:
        assert contrast(getattr(theme.syntax, role), theme.panel) >= 4.5, role
    assert contrast(theme.ink, theme.panel) >= 4.5
    assert contrast(theme.accent, theme.panel) >= 4.5


@themes
def test_bars_are_seen_against_the_ground(theme: Theme) -> None:
    worst = min(contrast(theme.fall, ground) for ground in grounds(theme, "area"))
    assert worst >= 3  # WCAG 1.4.11: graphical objects


def test_there_are_dark_and_light_themes() -> None:
    light = [theme.name for theme in THEMES.values() if luminance(theme.deep) > 0.5]
    assert len(THEMES) >= 6
    assert 2 <= len(light) <= len(THEMES) - 3


def test_an_unknown_theme_is_refused_with_names_and_the_nearest() -> None:
    with pytest.raises(InputError) as refused:
        check_theme("arora\x1b[31m")
    assert refused.value.code is Code.THEME_UNKNOWN
    assert "\x1b" not in refused.value.message
    assert "Did you mean aurora?" in refused.value.remediation
    assert all(name in refused.value.remediation for name in THEMES)


def test_a_theme_is_found_whatever_its_case() -> None:
    assert check_theme(" Paper ").name == "paper"
