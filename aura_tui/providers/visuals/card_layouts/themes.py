"""Themes: every colour of a card, by role. :class:`Theme` describes the roles.

Invariant (tested by the formula of WCAG 2.2, 1.4.3): each text role has a contrast of at least
4.5:1 on every possible background pixel.
"""

from __future__ import annotations

import msgspec

from aura_tui.errors import Code, InputError
from aura_tui.model.text.near import did_you_mean
from aura_tui.model.text.sanitize import clean_line

Colour = tuple[int, int, int]


def _rgb(hex_digits: str) -> Colour:
    return int(hex_digits[:2], 16), int(hex_digits[2:4], 16), int(hex_digits[4:], 16)


class Syntax(msgspec.Struct, frozen=True, kw_only=True):
    """Colours of source code, on the theme's ``panel``."""

    text: Colour
    comment: Colour
    string: Colour
    number: Colour
    keyword: Colour
    function: Colour
    type: Colour


class Theme(msgspec.Struct, frozen=True, kw_only=True):
    """The colours of cards. The background is a gradient from ``deep`` (top left) to ``far``, with
    two glows: ``glow_high`` at the top right and ``glow_low`` at the bottom left, with strengths
    ``high`` and ``low`` (0-1)."""

    name: str
    deep: Colour
    far: Colour
    glow_high: Colour
    glow_low: Colour
    high: float
    low: float
    ink: Colour  # titles and text
    dim: Colour  # subtitles, notes, axis labels; translucent: the dots of other scenes
    accent: Colour  # kicker, marks; start of the gradient of numbers and bars
    accent_end: Colour  # end of that gradient
    badge_ink: Colour  # figures on the gradient
    fall: Colour  # negative bars
    rule: Colour  # hairlines
    panel: Colour
    panel_bar: Colour
    panel_rule: Colour
    syntax: Syntax


_NIGHT = Syntax(
    text=_rgb("E6EAF5"),
    comment=_rgb("8592AE"),
    string=_rgb("A5E8B5"),
    number=_rgb("F9B572"),
    keyword=_rgb("C4A7FF"),
    function=_rgb("7CC7FF"),
    type=_rgb("5EEAD4"),
)
_DAY = Syntax(
    text=_rgb("2A2B32"),
    comment=_rgb("6B6D76"),
    string=_rgb("2F6B3C"),
    number=_rgb("A14A0B"),
    keyword=_rgb("7A3E9D"),
    function=_rgb("1F5FA8"),
    type=_rgb("0F6B6B"),
)

THEMES: dict[str, Theme] = {
    theme.name: theme
    for theme in (
        Theme(
            name="aurora",
            deep=_rgb("0B1020"),
            far=_rgb("1B2450"),
            glow_high=_rgb("818CF8"),
            glow_low=_rgb("5EEAD4"),
            high=0.42,
            low=0.30,
            ink=_rgb("F4F6FB"),
            dim=_rgb("B4BED4"),
            accent=_rgb("5EEAD4"),
            accent_end=_rgb("A8B1FF"),
            badge_ink=_rgb("0B1020"),
            fall=_rgb("FB8FA6"),
            rule=_rgb("3C4669"),
            panel=_rgb("0D1324"),
            panel_bar=_rgb("1B2132"),
            panel_rule=_rgb("2D354C"),
            syntax=_NIGHT,
        ),
        Theme(
            name="paper",
            deep=_rgb("FBF7F0"),
            far=_rgb("F3EADB"),
            glow_high=_rgb("F3C9A0"),
            glow_low=_rgb("EFD9C0"),
            high=0.60,
            low=0.60,
            ink=_rgb("26211C"),
            dim=_rgb("645A4F"),
            accent=_rgb("A63C1C"),
            accent_end=_rgb("8A3B63"),
            badge_ink=_rgb("FFFAF3"),
            fall=_rgb("4E6B8A"),
            rule=_rgb("DCCDB8"),
            panel=_rgb("FFFDF9"),
            panel_bar=_rgb("F4ECE0"),
            panel_rule=_rgb("E0D3C0"),
            syntax=_DAY,
        ),
        Theme(
            name="slate",
            deep=_rgb("F7F9FC"),
            far=_rgb("E6ECF4"),
            glow_high=_rgb("B9CDF7"),
            glow_low=_rgb("C6E8EC"),
            high=0.65,
            low=0.60,
            ink=_rgb("15202F"),
            dim=_rgb("4C5A6E"),
            accent=_rgb("1D4ED8"),
            accent_end=_rgb("0A5F78"),
            badge_ink=_rgb("FFFFFF"),
            fall=_rgb("C2415B"),
            rule=_rgb("C9D4E3"),
            panel=_rgb("FFFFFF"),
            panel_bar=_rgb("EEF2F8"),
            panel_rule=_rgb("D3DCE8"),
            syntax=_DAY,
        ),
        Theme(
            name="ember",
            deep=_rgb("140B0C"),
            far=_rgb("331519"),
            glow_high=_rgb("F4723E"),
            glow_low=_rgb("E0336B"),
            high=0.36,
            low=0.34,
            ink=_rgb("FDF4EF"),
            dim=_rgb("D2B3AA"),
            accent=_rgb("FFB267"),
            accent_end=_rgb("FF938C"),
            badge_ink=_rgb("1E0D0C"),
            fall=_rgb("8FB4FF"),
            rule=_rgb("59343A"),
            panel=_rgb("170D0F"),
            panel_bar=_rgb("2A181B"),
            panel_rule=_rgb("4A2B30"),
            syntax=_NIGHT,
        ),
        Theme(
            name="forest",
            deep=_rgb("07130F"),
            far=_rgb("12302A"),
            glow_high=_rgb("3FA77A"),
            glow_low=_rgb("B6D35A"),
            high=0.40,
            low=0.30,
            ink=_rgb("F2F8F3"),
            dim=_rgb("B3CABD"),
            accent=_rgb("B7E36B"),
            accent_end=_rgb("5FDDAC"),
            badge_ink=_rgb("07130F"),
            fall=_rgb("F5A97F"),
            rule=_rgb("2C4C43"),
            panel=_rgb("081612"),
            panel_bar=_rgb("13261F"),
            panel_rule=_rgb("264239"),
            syntax=_NIGHT,
        ),
        Theme(
            name="mono",
            deep=_rgb("0D0D0E"),
            far=_rgb("1C1C1F"),
            glow_high=_rgb("8A8A92"),
            glow_low=_rgb("6A6A72"),
            high=0.34,
            low=0.28,
            ink=_rgb("F7F7F8"),
            dim=_rgb("B2B2B9"),
            accent=_rgb("FFFFFF"),
            accent_end=_rgb("B9B9C2"),
            badge_ink=_rgb("0D0D0E"),
            fall=_rgb("8E8E98"),
            rule=_rgb("434349"),
            panel=_rgb("111113"),
            panel_bar=_rgb("1E1E21"),
            panel_rule=_rgb("37373C"),
            syntax=Syntax(
                text=_rgb("E9E9EC"),
                comment=_rgb("8E8E97"),
                string=_rgb("C9D6C9"),
                number=_rgb("E0CFB8"),
                keyword=_rgb("FFFFFF"),
                function=_rgb("C5CFDD"),
                type=_rgb("D3CADD"),
            ),
        ),
    )
}


def check_theme(name: str) -> Theme:
    """The theme called ``name``. Raises InputError that lists the names, similar ones first."""
    theme = THEMES.get(name.strip().lower())
    if theme is not None:
        return theme
    raise InputError(
        Code.THEME_UNKNOWN,
        f"Unknown theme {clean_line(name, 40)!r}",
        f"{did_you_mean(name, THEMES)}Themes: {', '.join(THEMES)}.",
        field="options.theme",
    )
