"""Text can be read in every theme and in every number of colours."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.style import Style
from textual.color import Color
from textual.theme import BUILTIN_THEMES

from aura_tui.ui.terminal.capabilities import Colours
from aura_tui.ui.terminal.frame_diff import _sgr
from aura_tui.ui.terminal.palette import XTERM_256, Pair, approximate
from aura_tui.ui.theme.colours import AURA
from aura_tui.ui.theme.contrast import CURSOR_TINT, LEGIBLE, contrast, legible
from tests.ui import recordings
from tests.ui.boards import Board, showing

if TYPE_CHECKING:
    from aura_tui.ui.terminal.frame_diff import _Sgr

Rgb = tuple[int, ...]
# The sixteen colours as xterm and as the Linux console paint them.
XTERM = (
    *((0, 0, 0), (205, 0, 0), (0, 205, 0), (205, 205, 0)),
    *((0, 0, 238), (205, 0, 205), (0, 205, 205), (229, 229, 229)),
    *((127, 127, 127), (255, 0, 0), (0, 255, 0), (255, 255, 0)),
    *((92, 92, 255), (255, 0, 255), (0, 255, 255), (255, 255, 255)),
)
LINUX = (
    *((0, 0, 0), (170, 0, 0), (0, 170, 0), (170, 85, 0)),
    *((0, 0, 170), (170, 0, 170), (0, 170, 170), (170, 170, 170)),
    *((85, 85, 85), (255, 85, 85), (85, 255, 85), (255, 255, 85)),
    *((85, 85, 255), (255, 85, 255), (85, 255, 255), (255, 255, 255)),
)


def painted(codes: str, palette: tuple[Rgb, ...], *, bold: bool) -> Rgb:
    """The colour of an SGR parameter; bold makes one of the first eight bright."""
    first, *rest = map(int, codes.split(";"))
    if rest:
        return tuple(rest[1:]) if rest[0] == 2 else XTERM_256[rest[1]]
    number = first % 10
    return palette[number + (8 if first >= 90 or bold else 0)]


def lowest(sgr: _Sgr) -> float:
    """The contrast where it is lowest."""
    return min(
        contrast(
            painted(sgr.ink, palette, bold="1" in sgr.attributes),
            painted(sgr.ground, palette, bold=False),
        )
        for palette in (XTERM, LINUX)
    )


def texts(board: Board) -> dict[Style, str]:
    """The styles of all text on the screen, each with one that has it; of a dialog alone where one
    is open, as what is under it is dimmed."""
    screen = board.app.screen
    dialogs = screen.query("#dialog, #form, #help")
    region = dialogs.first().region if dialogs else screen.region
    return {
        style: text
        for strip in screen._compositor.render_strips()[region.y : region.bottom]
        for text, style, _ in strip.crop(region.x, region.right)
        if style is not None and any(map(str.isalnum, text))
    }


def assert_legible(board: Board) -> None:
    for style, text in texts(board).items():
        if style.color is None or style.color.triplet is None:
            continue  # the terminal's own
        for colours in Colours:
            found = lowest(_sgr(style, colours))
            assert found >= LEGIBLE, (board.app.theme, colours.name, text, round(found, 2))


def test_a_themes_inks_are_legible_on_its_grounds_in_every_number_of_colours() -> None:
    inks = (
        *("primary", "accent", "success", "warning", "error"),
        *("foreground", "foreground-muted", "foreground-disabled"),
        *("footer-key-foreground", "footer-description-foreground"),
    )
    for theme in (AURA, *BUILTIN_THEMES.values()):
        if theme.ansi:
            continue
        variables = legible(theme).to_color_system().generate()
        background, primary = (Color.parse(variables[name]) for name in ("background", "primary"))
        grounds = [Color.parse(variables[name]) for name in ("background", "surface", "panel")]
        grounds.append(background.blend(primary, CURSOR_TINT, 1.0))
        for name in inks:
            ink = Color.parse(variables[name])
            for ground in grounds:
                style = Style(color=ink.rich_color, bgcolor=ground.rich_color)
                for bold in (False, True):
                    for colours in Colours:
                        found = lowest(_sgr(style + Style(bold=bold), colours))
                        assert found >= LEGIBLE, (theme.name, name, ground.hex, colours.name)


async def test_text_on_the_board_and_in_its_dialogs_is_legible() -> None:
    themes = ("aura", "atom-one-dark", "solarized-light")  # two of them lacked much contrast
    async with showing(recordings.failure(), size=(160, 40)) as board:
        await board.shows("Failed")
        for theme in themes:
            board.app.theme = theme
            board.app.reporter.refuse("A toast of an error")
            await board.pilot.pause()
            assert_legible(board)
        for key in ("question_mark", "n"):
            await board.press(key)
            for theme in themes:
                board.app.theme = theme
                await board.pilot.pause()
                assert_legible(board)
            await board.press("escape")


def test_a_theme_that_is_legible_stays_as_it_is() -> None:
    once = legible(AURA)
    assert once.primary.lower() == AURA.primary
    assert once.error is not None
    assert once.error.lower() == AURA.error
    assert legible(once).variables == once.variables


def test_surfaces_are_grey_and_states_keep_their_colour() -> None:
    """Of the board's own theme, whose surfaces have a slight hue."""
    variables = legible(AURA).to_color_system().generate()

    def pair(ink: str, ground: str, colours: Colours) -> Pair:
        def rgb(name: str) -> tuple[int, int, int]:
            text = variables[name].lstrip("#")
            return int(text[:2], 16), int(text[2:4], 16), int(text[4:6], 16)

        return approximate(rgb(ink), rgb(ground), colours)

    greys = {f"48;5;{number}" for number in range(232, 256)}
    for ground in ("background", "surface", "panel"):
        assert pair("foreground", ground, Colours.MANY)[1] in greys, ground
        assert pair("foreground", ground, Colours.EIGHT) == ("37", "40", None)
        for state, plain, bright in (
            ("error", "31", "91"),
            ("success", "32", "92"),
            ("warning", "33", "93"),
        ):
            assert pair(state, ground, Colours.EIGHT)[0] == plain
            assert pair(state, ground, Colours.SIXTEEN)[0] == bright
            number = int(pair(state, ground, Colours.MANY)[0].rpartition(";")[2])
            red, green, blue = XTERM_256[number]
            assert {
                "error": red > green + 40 and red > blue + 40,
                "success": green > red + 20 and green > blue + 20,
                "warning": red > blue + 60 and green > blue + 40,
            }[state], number
        blank = Style(bgcolor=Color.parse(variables[ground]).rich_color)
        assert _sgr(blank, Colours.MANY).ground == pair("foreground", ground, Colours.MANY).ground
    for ink in ("foreground-muted", "foreground-disabled"):
        number = int(pair(ink, "background", Colours.MANY)[0].rpartition(";")[2])
        assert max(XTERM_256[number]) - min(XTERM_256[number]) <= 40, ink
