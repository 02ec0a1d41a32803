"""Tracks the terminal's cells, so that an update sends only the cells that differ.

Textual sends a changed widget's rows from the first changed segment on, each segment with its full
style. Over SSH that is most of the traffic of a running job; here a changed digit costs a digit.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from rich.cells import get_character_cell_size
from rich.color import ColorSystem

# The two kinds of update there are have no public name.
from textual._compositor import ChopsUpdate, CompositorUpdate, LayoutUpdate

from aura_tui.ui.terminal.capabilities import Colours
from aura_tui.ui.terminal.palette import approximate
from aura_tui.ui.terminal.widths import char_cells, fitted

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from rich.color import Color
    from rich.console import Console
    from rich.segment import Segment
    from rich.style import Style
    from textual.strip import Strip

# Equal cells between two differing ones are sent again if that is shorter than skipping them.
_BRIDGE = 4
# ECMA-48, 8.3.117, by the names that Rich has for them.
_ATTRIBUTES = {
    "bold": "1",
    "dim": "2",
    "italic": "3",
    "underline": "4",
    "blink": "5",
    "blink2": "6",
    "reverse": "7",
    "conceal": "8",
    "strike": "9",
    "underline2": "21",
    "frame": "51",
    "encircle": "52",
    "overline": "53",
}
# For pictures, whose colours are no text's.
_SYSTEMS = {
    Colours.EIGHT: ColorSystem.STANDARD,
    Colours.SIXTEEN: ColorSystem.STANDARD,
    Colours.MANY: ColorSystem.EIGHT_BIT,
    Colours.TRUE: ColorSystem.TRUECOLOR,
}
_HALF_BLOCK = "\u2580"
_PLACEHOLDER = "\U0010eeee"  # of a Kitty picture


class Sent(CompositorUpdate):
    """An update that is rendered already."""

    def __init__(self, text: str) -> None:
        self._text = text

    def render_segments(self, console: Console) -> str:
        return self._text


class _Sgr(NamedTuple):
    """A style in SGR terms: attributes, foreground and background colour."""

    attributes: frozenset[str]
    ink: str
    ground: str


_PLAIN = _Sgr(frozenset(), "39", "49")


class FrameDiff:
    """The cells of a terminal of ``size`` (columns, rows); unknown at first."""

    def __init__(self, size: tuple[int, int], colours: Colours = Colours.TRUE) -> None:
        self.size = size
        self.colours = colours
        self.forget()

    def forget(self) -> None:
        """Forget all cells: something else may have written to the terminal."""
        columns, rows = self.size
        self._texts = ["\0" * columns for _ in range(rows)]  # no cell shows a NUL
        self._styles: list[list[Style | None]] = [[None] * columns for _ in range(rows)]

    def draw(self, update: LayoutUpdate | ChopsUpdate) -> str:
        """The shortest output that turns the screen into ``update``; "" if nothing differs."""
        sent = _Sequence(self.colours)
        for x, y, strip in _pieces(update):
            if y < self.size[1] and x < self.size[0]:
                self._put(x, y, strip, sent)
        return sent.end()

    def _put(self, x: int, y: int, strip: Strip, sent: _Sequence) -> None:
        drawn = _drawn(strip)
        if drawn is None:
            # Pictures as they are, and characters of which a terminal may think otherwise than we
            # do as nearly all think; never taken for known.
            if _is_picture(strip):
                sent.raw(x, y, strip)
            else:
                sent.odd(x, y, fitted(strip), strip.cell_length)
            self._keep(x, y, "\0" * strip.cell_length, [None] * strip.cell_length)
            return
        text, styles = drawn
        width = min(len(text), self.size[0] - x)
        was_text, was_styles = self._texts[y][x : x + width], self._styles[y][x : x + width]
        text, styles = text[:width], styles[:width]
        if text == was_text and styles == was_styles:
            return
        differ = [
            i
            for i in range(width)
            if text[i] != was_text[i] or not _alike(styles[i], was_styles[i])
        ]
        for begin, end in _runs(differ):
            sent.cells(x + begin, y, text[begin:end], styles[begin:end])
        self._keep(x, y, text, styles)

    def _keep(self, x: int, y: int, text: str, styles: list[Style | None]) -> None:
        row = self._texts[y]
        text = text[: len(row) - x]
        self._texts[y] = row[:x] + text + row[x + len(text) :]
        self._styles[y][x : x + len(text)] = styles[: len(text)]


class _Sequence:
    """Builds the output, and tracks cursor and style."""

    def __init__(self, colours: Colours) -> None:
        self._colours = colours
        self._parts: list[str] = []
        self._at: tuple[int, int] | None = None
        self._style = _PLAIN

    def cells(self, x: int, y: int, text: str, styles: list[Style | None]) -> None:
        """Add single-cell characters."""
        self._go(x, y)
        begin, count = 0, len(text)
        for i in range(1, count + 1):
            if i < count and _alike(styles[i], styles[begin]):
                continue
            part = text[begin:i]
            style = _sgr(styles[begin], self._colours, part[0] == _HALF_BLOCK)
            if not style.attributes and part.isspace():
                style = style._replace(ink=self._style.ink)  # blanks show none
            self._wear(style)
            self._parts.append(part)
            begin = i
        self._at = (x + count, y)

    def raw(self, x: int, y: int, strip: Strip) -> None:
        """Add a strip of a picture."""
        self._go(x, y)
        for text, style, control in strip:
            if control is None:
                self._wear(_sgr(style, self._colours, picture=True))
            self._parts.append(text)
        self._at = None

    def odd(self, x: int, y: int, segments: Iterable[Segment], width: int) -> None:
        """Add text of which a terminal may take fewer cells than we count: the cells are blank
        before, and what follows such a part has its place named."""
        self._go(x, y)
        blank = True
        for text, style, _ in segments:
            self._wear(_sgr(style, self._colours))
            if blank:
                self._parts.append(f"\x1b[{width}X")
                blank = False
            for part, cells, sure in _parts(text):
                self._go(x, y)
                self._parts.append(part)
                x += cells
                self._at = (x, y) if sure else None
        self._at = None

    def _go(self, x: int, y: int) -> None:
        if self._at == (x, y):
            return
        if self._at is not None and self._at[1] == y and self._at[0] < x:
            by = x - self._at[0]
            self._parts.append(f"\x1b[{by}C" if by > 1 else "\x1b[C")
        else:
            self._parts.append(f"\x1b[{y + 1};{x + 1}H")

    def _wear(self, style: _Sgr) -> None:
        was = self._style
        if style == was:
            return
        codes: list[str] = []
        if not was.attributes <= style.attributes:  # there is no sure way to end one alone
            codes.append("0")
            was = _PLAIN
        codes += sorted(style.attributes - was.attributes)
        codes += [style.ink] if style.ink != was.ink else []
        codes += [style.ground] if style.ground != was.ground else []
        self._parts.append(f"\x1b[{';'.join(codes)}m")
        self._style = style

    def end(self) -> str:
        """The output, ending with the terminal's default style."""
        if self._style != _PLAIN:
            self._parts.append("\x1b[0m")
        return "".join(self._parts)


def _pieces(update: LayoutUpdate | ChopsUpdate) -> Iterator[tuple[int, int, Strip]]:
    """The strips of an update with their positions (column, row)."""
    if isinstance(update, LayoutUpdate):
        for y, line in enumerate(update.strips, update.region.y):
            x = update.region.x
            for strip in line:
                yield x, y, strip
                x += strip.cell_length
        return
    for y, begin, end in update.spans:
        chops: Mapping[int, Strip | None] = update.chops[y]
        for stop, (x, chop) in zip(update.chop_ends[y], chops.items(), strict=False):
            if chop is not None and x < end and stop > begin:
                yield x, y, chop


def _drawn(strip: Strip) -> tuple[str, list[Style | None]] | None:
    """Character and style per cell; None if a cell isn't a single character."""
    texts: list[str] = []
    styles: list[Style | None] = []
    for text, style, control in strip:
        if control is not None or not (text.isascii() or _one_cell_each(text)):
            return None
        texts.append(text)
        styles += [style] * len(text)
    return "".join(texts), styles


@lru_cache(1024)
def _one_cell_each(text: str) -> bool:
    return all(get_character_cell_size(char) == 1 for char in text)


def _is_picture(strip: Strip) -> bool:
    return any(control is not None or _PLACEHOLDER in text for text, _, control in strip)


def _parts(text: str) -> Iterator[tuple[str, int, bool]]:
    """``text`` in parts, their cells, and whether all terminals agree on them: in ASCII they do."""
    begin = 0
    for i in range(1, len(text) + 1):
        if i < len(text) and text[i].isascii() == text[begin].isascii():
            continue
        part = text[begin:i]
        yield part, sum(map(char_cells, part)), part.isascii()
        begin = i


def _alike(one: Style | None, other: Style | None) -> bool:
    return one is other or one == other


def _runs(differ: list[int]) -> Iterator[tuple[int, int]]:
    """Ranges ``(first, past the last)`` of the cells in ``differ``; close ones are merged."""
    begin = last = differ[0]
    for i in differ[1:]:
        if i - last > _BRIDGE:
            yield begin, last + 1
            begin = i
        last = i
    yield begin, last + 1


@lru_cache(4096)
def _sgr(style: Style | None, colours: Colours, picture: bool = False) -> _Sgr:
    if style is None:
        return _PLAIN
    attributes = {code for name, code in _ATTRIBUTES.items() if getattr(style, name)}
    ink, ground = style.color, style.bgcolor
    # A picture's cell of one colour has it as ink, too; a blank of the board has no ink.
    if colours is not Colours.TRUE and not picture and _is_rgb(ground) and ink != ground:
        assert ground is not None
        on = ground.get_truecolor()
        text = ink.get_truecolor() if ink is not None and _is_rgb(ink) else on
        pair = approximate(text, on, colours)
        if pair.bold is not None:
            attributes -= {_ATTRIBUTES["bold"]}
            attributes |= {_ATTRIBUTES["bold"]} if pair.bold else set()
        return _Sgr(frozenset(attributes), pair.ink if _is_rgb(ink) else "39", pair.ground)
    system = _SYSTEMS[colours]
    return _Sgr(
        frozenset(attributes),
        "39" if ink is None else ";".join(ink.downgrade(system).get_ansi_codes(foreground=True)),
        "49"
        if ground is None
        else ";".join(ground.downgrade(system).get_ansi_codes(foreground=False)),
    )


def _is_rgb(colour: Color | None) -> bool:
    return colour is not None and colour.triplet is not None
