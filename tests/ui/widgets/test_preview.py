"""The preview: what is shown, how it is drawn, and that what shows already costs nothing."""

from __future__ import annotations

import asyncio
import base64
import io
import re
import subprocess
import sys
import threading
import unicodedata
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageDraw
from textual.app import App
from textual.screen import ModalScreen
from textual.strip import Strip
from textual.widgets import Static

from aura_tui.settings import BoardSettings
from aura_tui.ui.terminal import pictures
from aura_tui.ui.terminal.capabilities import Blocks, Pictures, detect
from aura_tui.ui.terminal.preview_image import Cell, Unshowable, fit, preview_wanted, read
from aura_tui.ui.theme.colours import AURA
from aura_tui.ui.theme.glyphs import ASCII, UNICODE, Glyphs
from aura_tui.ui.widgets.preview import PreviewView
from tests.ui.pseudo_terminal import terminal
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from textual.app import ComposeResult
    from textual.geometry import Region
    from textual.pilot import Pilot

ROOT = Path(__file__).parents[3]
CELLS = {"TERM": "xterm-256color"}
# What these terminals reply that they can do.
ANSWERED = {"xterm-kitty": Pictures.KITTY, "foot": Pictures.SIXEL}
RED, BLUE, WHITE = (220, 20, 20), (20, 20, 220), (250, 250, 250)


class Shown(App[None]):
    CSS_PATH = ROOT / "aura_tui" / "ui" / "styles" / "preview.tcss"
    BINDINGS = [("a", "again", ""), ("q", "quit", "")]  # noqa: RUF012 - Textual's own spelling

    def __init__(self, environ: Mapping[str, str], glyphs: Glyphs, first: Path | None) -> None:
        super().__init__()
        able = detect(environ)
        how = ANSWERED.get(environ.get("TERM", ""), able.pictures)
        self.view = PreviewView(environ, able._replace(pictures=how), self.tell, glyphs)
        self.told: list[str] = []
        self._first = first

    def tell(self, sequence: str) -> None:
        self.told.append(sequence)
        if not self.is_headless and self._driver is not None:
            self._driver.write(sequence)

    def compose(self) -> ComposeResult:
        yield Static("above")
        yield self.view

    def on_mount(self) -> None:
        self.register_theme(AURA)
        self.theme = AURA.name
        if self._first is not None:
            self.action_again()

    def action_again(self) -> None:
        self.run_worker(self.view.show_picture(self._first, "scene 3 of 8"))


class Stage:
    """The app that shows the view, and what its screen has."""

    def __init__(self, app: Shown, pilot: Pilot[None]) -> None:
        self.app, self.pilot, self.view = app, pilot, app.view

    @property
    def strips(self) -> list[Strip]:
        region = self.view.region
        strips = self.app.screen._compositor.render_strips()
        return [strip.crop(region.x, region.right) for strip in strips[region.y : region.bottom]]

    @property
    def text(self) -> str:
        return "\n".join(strip.text.rstrip() for strip in self.strips)

    async def show(self, path: Path | None, caption: str = "scene 3 of 8") -> None:
        await self.view.show_picture(path, caption)
        await self.pilot.pause()


@asynccontextmanager
async def stage(
    environ: Mapping[str, str] = CELLS,
    glyphs: Glyphs = UNICODE,
    size: tuple[int, int] = (80, 24),
) -> AsyncIterator[Stage]:
    app = Shown(environ, glyphs, None)
    async with app.run_test(size=size) as pilot:
        yield Stage(app, pilot)


@pytest.fixture
def halves(tmp_path: Path) -> Path:
    """Red on the left, blue on the right, 16 to 9."""
    image = Image.new("RGB", (640, 360), RED)
    image.paste(BLUE, (320, 0, 640, 360))
    image.save(tmp_path / "halves.png")
    return tmp_path / "halves.png"


def colour(strip: Strip, x: int) -> tuple[int, ...]:
    (segment,) = strip.crop(x, x + 1)
    assert segment.style is not None
    assert segment.style.bgcolor is not None
    assert segment.style.bgcolor.triplet is not None
    return tuple(segment.style.bgcolor.triplet)


def near(one: tuple[int, ...], other: tuple[int, ...], by: int = 16) -> bool:
    return all(abs(a - b) <= by for a, b in zip(one, other, strict=True))


# -- what it costs


@pytest.mark.parametrize(
    "module",
    [
        "aura_tui.ui.widgets.preview",
        "aura_tui.ui.terminal.notifications",
        "aura_tui.ui.terminal.clipboard",
    ],
)
def test_no_picture_library_is_loaded_before_a_picture(module: str) -> None:
    program = f"import sys, {module}; print(*sys.modules)"
    command = [sys.executable, "-c", program]
    out = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT).stdout
    assert not set(out.split()) & {"PIL", "textual_image", "numpy"}


def test_no_terminal_is_asked_when_a_sixel_is_made(halves: Path) -> None:
    program = (
        "import sys; from pathlib import Path\n"
        "from aura_tui.ui.terminal.preview_image import read, Cell\n"
        "from aura_tui.ui.terminal.pictures import draw, Pictures\n"
        "draw(read(Path(sys.argv[1])), 4, 2, Cell(10, 20), Pictures.SIXEL); print(*sys.modules)"
    )
    command = [sys.executable, "-c", program, str(halves)]
    out = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT).stdout
    loaded = set(out.split())
    assert "textual_image._sixel" in loaded
    assert not loaded & {"textual_image._terminal", "textual_image.renderable"}


async def test_the_same_picture_is_neither_read_nor_drawn_again(
    halves: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with stage() as shown:
        await shown.show(halves)
        refreshed: list[object] = []
        monkeypatch.setattr(shown.view, "refresh", lambda *a, **k: refreshed.append(a))
        monkeypatch.setattr("aura_tui.ui.widgets.preview.read", None)
        await shown.view.show_picture(halves, "scene 3 of 8")
        assert refreshed == []


async def test_only_rows_that_differ_are_sent(
    halves: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with stage() as shown:
        await shown.show(halves)
        with Image.open(halves) as image:
            ImageDraw.Draw(image).rectangle((0, 0, 640, 20), WHITE)
            image.save(halves)
        rows: list[int] = []

        def refresh(*regions: Region, **_: Any) -> None:
            rows.extend(region.y for region in regions)

        monkeypatch.setattr(shown.view, "refresh", refresh)
        await shown.view.show_picture(halves, "scene 3 of 8")
        assert rows
        assert set(rows) <= {0, 1}


# -- what is shown


async def test_a_picture_keeps_its_shape_and_its_colours(halves: Path) -> None:
    async with stage() as shown:
        await shown.show(halves)
        lines = shown.text.splitlines()
        assert lines[13].strip() == "scene 3 of 8"
        width = fit((640, 360), (75, 13), Cell(10, 20))[0]
        assert width == 46
        for strip in shown.strips[:13]:
            assert near(colour(strip, 2), RED)
            assert near(colour(strip, width - 3), BLUE)


async def test_a_replaced_file_is_another_picture(halves: Path) -> None:
    async with stage() as shown:
        await shown.show(halves)
        Image.new("RGB", (640, 360), WHITE).save(halves)
        await shown.show(halves)
        assert near(colour(shown.strips[5], 5), WHITE)


async def test_the_old_picture_stays_until_the_new_one_is_drawn(
    halves: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Image.new("RGB", (640, 360), WHITE).save(tmp_path / "white.png")
    async with stage() as shown:
        await shown.show(halves)
        seen: list[bool] = []

        def slow(path: Path) -> Image.Image:
            seen.append(near(colour(shown.strips[5], 5), RED))
            return read(path)

        monkeypatch.setattr("aura_tui.ui.widgets.preview.read", slow)
        await shown.show(tmp_path / "white.png")
        assert seen == [True]
        assert near(colour(shown.strips[5], 5), WHITE)


async def test_of_two_pictures_asked_for_the_later_one_shows(
    halves: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Image.new("RGB", (640, 360), WHITE).save(tmp_path / "white.png")
    held = threading.Event()

    def slow_first(path: Path) -> Image.Image:
        if path == halves:
            assert held.wait(10)
        return read(path)

    monkeypatch.setattr("aura_tui.ui.widgets.preview.read", slow_first)
    async with stage() as shown:
        first = asyncio.create_task(shown.view.show_picture(halves, "first"))
        await until(lambda: shown.view.was_asked)
        await shown.show(tmp_path / "white.png", "second")
        held.set()
        await first
        await shown.pilot.pause()
        assert near(colour(shown.strips[5], 5), WHITE)
        assert "second" in shown.text


async def test_a_resize_draws_it_anew(halves: Path) -> None:
    async with stage() as shown:
        await shown.show(halves)
        await shown.pilot.resize_terminal(40, 17)
        await shown.app.workers.wait_for_complete()
        await shown.pilot.pause()
        assert near(colour(shown.strips[2], 2), RED)
        assert shown.text.rstrip().endswith("scene 3 of 8")


@pytest.mark.parametrize("size", [(9, 3), (40, 12), (200, 60)])
async def test_it_draws_at_any_size(halves: Path, size: tuple[int, int]) -> None:
    async with stage(size=size) as shown:
        await shown.show(halves, "scene")
        assert "\n" in shown.text or shown.view.size.height < 2


@pytest.mark.parametrize(
    ("environ", "glyphs"),
    [(CELLS, ASCII), ({**CELLS, "NO_COLOR": "1"}, UNICODE), ({"TERM": "dumb"}, UNICODE)],
)
async def test_where_no_picture_can_be_drawn_it_is_said_that_there_is_one(
    halves: Path, environ: dict[str, str], glyphs: Glyphs
) -> None:
    async with stage(environ, glyphs) as shown:
        await shown.show(halves, "scene 3\x1b[31m of 8")
        assert shown.text.strip() == "Preview hidden, scene 3 of 8"


async def test_beneath_a_dialog_a_kitty_picture_is_left_out_and_comes_back(halves: Path) -> None:
    async with stage({"TERM": "xterm-kitty"}) as shown:
        await shown.show(halves)
        assert "\U0010eeee" in shown.text
        await shown.app.push_screen(ModalScreen())
        await shown.pilot.pause()
        assert "\U0010eeee" not in shown.text
        shown.app.pop_screen()
        await shown.pilot.pause()
        assert "\U0010eeee" in shown.text


async def test_before_there_is_one_it_says_so() -> None:
    async with stage() as shown:
        await shown.show(None, "")
        assert shown.text.strip() == "No picture yet"


async def test_a_broken_picture_is_a_line_of_text_in_its_place(halves: Path) -> None:
    async with stage() as shown:
        await shown.show(halves)
        halves.write_bytes(halves.read_bytes()[:200])
        await shown.show(halves)
        expected = "The picture is damaged or not a supported image, scene 3 of 8"
        assert shown.text.strip() == expected


# -- reading


def test_a_file_too_large_is_not_opened(tmp_path: Path) -> None:
    path = tmp_path / "x.png"
    with path.open("wb") as file:
        file.truncate(31_000_000)
    with pytest.raises(Unshowable, match="The file is too large"):
        read(path)


def test_a_picture_of_too_many_pixels_is_not_decoded(tmp_path: Path) -> None:
    path = tmp_path / "x.png"
    Image.new("1", (10_000, 6_000)).save(path)
    assert path.stat().st_size < 1_000_000
    with pytest.raises(Unshowable, match="The picture is too large"):
        read(path)


@pytest.mark.parametrize("data", [b"", b"not a picture", b"\x89PNG\r\n\x1a\n" + bytes(100)])
def test_what_is_no_picture_is_called_broken(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "x.png"
    path.write_bytes(data)
    with pytest.raises(Unshowable, match="damaged or not a supported"):
        read(path)
    with pytest.raises(Unshowable, match="no longer exists"):
        read(tmp_path / "gone.png")


def test_a_picture_is_read_small_opaque_and_upright(tmp_path: Path) -> None:
    Image.new("RGBA", (4000, 1000), (255, 0, 0, 0)).save(tmp_path / "clear.png")
    clear = read(tmp_path / "clear.png")
    assert (clear.mode, clear.size, clear.getpixel((0, 0))) == ("RGB", (1600, 400), (0, 0, 0))
    exif = Image.Exif()
    exif[0x0112] = 6  # turn it a quarter to the right
    Image.new("RGB", (40, 20), RED).save(tmp_path / "lying.jpg", exif=exif)
    assert read(tmp_path / "lying.jpg").size == (20, 40)


@given(
    st.tuples(st.integers(1, 5000), st.integers(1, 5000)),
    st.tuples(st.integers(1, 300), st.integers(1, 100)),
    st.tuples(st.integers(4, 30), st.integers(8, 60)),
)
def test_a_picture_fits_and_touches_a_side(
    image: tuple[int, int], space: tuple[int, int], size: tuple[int, int]
) -> None:
    cell = Cell(*size)
    columns, rows = fit(image, space, cell)
    assert 1 <= columns <= space[0]
    assert 1 <= rows <= space[1]
    assert columns == space[0] or rows == space[1]
    scale = min(space[0] * cell.width / image[0], space[1] * cell.height / image[1])
    assert abs(columns - image[0] * scale / cell.width) <= 1
    assert abs(rows - image[1] * scale / cell.height) <= 1


SSH = {"SSH_CONNECTION": "a 1 b 22"}


@pytest.mark.parametrize(
    ("settings", "environ", "expected"),
    [
        ({}, CELLS, True),
        ({}, CELLS | SSH, False),
        ({}, {"TERM": "dumb"}, False),
        ({}, CELLS | {"NO_COLOR": "1"}, False),
        ({}, CELLS | {"AURA_ASCII": "1"}, False),
        ({"ascii": True}, CELLS, False),
        ({"preview": "on"}, CELLS | SSH, True),
        ({"preview": "off"}, CELLS, False),
    ],
)
def test_it_is_open_where_it_costs_little_and_shows_something(
    settings: dict[str, Any], environ: dict[str, str], expected: bool
) -> None:
    assert preview_wanted(BoardSettings(**settings), environ) is expected


# -- the three ways


def test_a_title_of_few_white_pixels_stays_white() -> None:
    image = Image.new("RGB", (600, 340), (12, 16, 40))
    ImageDraw.Draw(image).rectangle((40, 40, 200, 60), WHITE)
    drawn = pictures.draw(image, 60, 17, Cell(10, 20), Pictures.CELLS)
    assert near(colour(Strip(drawn.rows[2]), 8), WHITE)


def test_one_colour_is_one_run() -> None:
    drawn = pictures.draw(Image.new("RGB", (99, 99), RED), 40, 9, Cell(10, 20), Pictures.CELLS)
    assert [[segment.text for segment in row] for row in drawn.rows] == [[" " * 40]] * 9


@pytest.mark.parametrize("blocks", Blocks)
def test_blocks_show_each_part_of_a_cell(blocks: Blocks) -> None:
    across, down = blocks.grid
    columns, rows = 2 ** (across * down), 1
    image = Image.new("RGB", (columns * across, down), (0, 0, 0))
    for pattern in range(columns):
        for part in range(across * down):
            if pattern >> part & 1:
                image.putpixel((pattern * across + part % across, part // across), WHITE)
    drawn = pictures.draw(image, columns, rows, Cell(10, 20), Pictures.CELLS, blocks)
    (row,) = drawn.rows
    for pattern, (char, style) in enumerate((c, s.style) for s in row for c in s.text):
        name = unicodedata.name(char)
        assert style is not None
        assert style.color is not None
        assert style.bgcolor is not None
        every = {*range(across * down)}
        parts = parts_of(char, name, across, down)
        shown = {part for part in parts if style.color.get_truecolor() == WHITE}
        shown |= {part for part in every - parts if style.bgcolor.get_truecolor() == WHITE}
        assert shown == {part for part in every if pattern >> part & 1}, (pattern, name)


def parts_of(char: str, name: str, across: int, down: int) -> set[int]:
    """Which parts of its cell a block character fills, by its name in Unicode."""
    if char == " ":
        return set()
    if name.startswith("BLOCK SEXTANT-"):
        return {int(digit) - 1 for digit in name.rpartition("-")[2]}
    every = {*range(across * down)}
    left = {part for part in every if part % across == 0}
    upper = {part for part in every if part // across < down / 2}
    if name == "FULL BLOCK":
        return every
    if name.endswith("HALF BLOCK"):
        halves = {"UPPER": upper, "LOWER": every - upper, "LEFT": left, "RIGHT": every - left}
        return halves[name.split()[0]]
    found: set[int] = set()
    for quarter in name.removeprefix("QUADRANT ").split(" AND "):
        up, side = quarter.split()[-2:]
        found |= (upper if up == "UPPER" else every - upper) & (
            left if side == "LEFT" else every - left
        )
    return found


def pixels(sixel: str) -> Image.Image:
    """The picture a Sixel string makes: DEC STD 070, as far as an encoder uses it."""
    found = re.fullmatch(r"\x1bP[\d;]*q\"(\d+);(\d+);(\d+);(\d+)(.*)\x1b\\", sixel, re.DOTALL)
    assert found is not None
    image = Image.new("RGB", (int(found[3]), int(found[4])), (1, 2, 3))
    palette: dict[int, tuple[int, ...]] = {}
    x = y = 0
    current: tuple[int, ...] = ()
    for token in re.finditer(r"#(\d+)(?:;2;(\d+);(\d+);(\d+))?|!(\d+)(.)|([$-])|([?-~])", found[5]):
        number, *rgb, count, repeated, move, single = token.groups()
        if number is not None:
            if rgb[0] is not None:
                palette[int(number)] = tuple(int(part) * 255 // 100 for part in rgb)
            current = palette[int(number)]
        elif move is not None:
            x, y = 0, y + (6 if move == "-" else 0)
        else:
            bits = ord(repeated or single) - 63
            end = x + int(count or 1)
            for at in range(x, end):
                for bit in range(6):
                    if bits >> bit & 1:
                        image.putpixel((at, y + bit), current)
            x = end
    return image


def test_each_row_of_a_sixel_picture_is_a_sixel_of_its_own_and_exactly_its_size(
    halves: Path,
) -> None:
    cell = Cell(9, 19)  # no multiple of a Sixel's six
    drawn = pictures.draw(read(halves), 20, 6, cell, Pictures.SIXEL)
    assert len(drawn.rows) == 6
    for row in drawn.rows:
        blanks, sent = row
        assert blanks.text == " " * 20
        assert sent.control
        before, after = "\x1b7\x1b[20D", "\x1b8"
        assert sent.text.startswith(before)
        assert sent.text.endswith(after)
        image = pixels(sent.text.removeprefix(before).removesuffix(after))
        assert image.size == (180, 19)
        for x, expected in ((2, RED), (177, BLUE)):
            for y in (0, 18):
                pixel = image.getpixel((x, y))
                assert isinstance(pixel, tuple)
                assert near(pixel, expected)


def test_a_sixel_row_that_is_cut_by_a_neighbour_still_draws_itself(halves: Path) -> None:
    drawn = pictures.draw(read(halves), 20, 6, Cell(10, 20), Pictures.SIXEL)
    strip = Strip([*drawn.rows[0], *Strip.blank(5)], 25)
    left, right = strip.divide([10, 25])
    assert (left.cell_length, right.cell_length) == (10, 15)
    assert "\x1bP" not in "".join(segment.text for segment in left)
    assert "\x1bP" in "".join(segment.text for segment in right)


def test_the_marks_are_the_protocols() -> None:
    marks = pictures._marks()
    assert marks[:5] == ["\u0305", "\u030d", "\u030e", "\u0310", "\u0312"]
    assert len(marks) == 297
    assert marks == sorted(set(marks))
    assert all(unicodedata.combining(mark) == 230 for mark in marks)
    assert not any(unicodedata.decomposition(mark) for mark in marks)


SENT = re.compile(r"\x1b_G([^;\x1b]*);?([^\x1b]*)\x1b\\")


def test_a_kitty_picture_is_sent_once_in_pieces_and_named_by_its_cells(halves: Path) -> None:
    drawn = pictures.draw(read(halves), 20, 6, Cell(10, 20), Pictures.KITTY)
    keys = [
        dict(part.split("=") for part in head.split(",")) for head, _ in SENT.findall(drawn.before)
    ]
    assert SENT.sub("", drawn.before) == ""
    assert {name: keys[0][name] for name in "aUqfcr"} == dict(
        zip("aUqfcr", ("T", "1", "2", "100", "20", "6"), strict=True)
    )
    assert [key["m"] for key in keys] == ["1"] * (len(keys) - 1) + ["0"]
    payload = "".join(data for _, data in SENT.findall(drawn.before))
    assert all(len(data) <= 4096 for _, data in SENT.findall(drawn.before))
    with Image.open(io.BytesIO(base64.b64decode(payload))) as image:
        assert image.size == (200, 120)
    marks = pictures._marks()
    for y, (segment,) in enumerate(drawn.rows):
        assert segment.cell_length == 20
        assert segment.text[3 * 7 : 3 * 8] == "\U0010eeee" + marks[y] + marks[7]
        assert segment.style is not None
        assert segment.style.color is not None
        triplet = segment.style.color.triplet
        assert triplet is not None
        assert triplet.red << 16 | triplet.green << 8 | triplet.blue == int(keys[0]["i"])
    assert drawn.after == f"\x1b_Ga=d,d=I,i={keys[0]['i']},q=2\x1b\\"


async def test_a_new_kitty_picture_is_there_before_the_old_one_goes(
    halves: Path, tmp_path: Path
) -> None:
    Image.new("RGB", (640, 360), WHITE).save(tmp_path / "white.png")
    async with stage({"TERM": "xterm-kitty"}) as shown:
        await shown.show(halves)
        assert len(shown.app.told) == 1
        await shown.show(tmp_path / "white.png")
        await until(lambda: len(shown.app.told) == 3)
        first, second, gone = shown.app.told
        number = first.split("i=")[1].split(",")[0]
        assert "a=T" in second
        assert gone == f"\x1b_Ga=d,d=I,i={number},q=2\x1b\\"
        told = shown.app.told
    assert len(told) == 4, "at the end the terminal keeps none"


# -- in a real terminal

PROGRAM = """
import os, sys
from pathlib import Path
from tests.ui.widgets.test_preview import Shown, UNICODE
Shown(os.environ, UNICODE, Path(sys.argv[1])).run()
"""


def test_a_still_picture_sends_not_one_byte(halves: Path) -> None:
    command = [sys.executable, "-c", PROGRAM, str(halves)]
    environ = {"COLORTERM": "truecolor", "PYTHONPATH": str(ROOT)}
    with terminal(command, environ) as screen:
        screen.shows("scene 3 of 8")
        while screen.read(0.3):
            pass
        screen.type("a")  # the same picture, asked for again
        assert screen.read(0.5) == b""
        screen.type("q")
        assert screen.ends() == 0


def test_in_kitty_the_picture_arrives_before_its_cells_and_goes_at_the_end(halves: Path) -> None:
    command = [sys.executable, "-c", PROGRAM, str(halves)]
    environ = {"TERM": "xterm-kitty", "COLORTERM": "truecolor", "PYTHONPATH": str(ROOT)}
    with terminal(command, environ) as screen:
        screen.shows("scene 3 of 8")
        assert 0 < screen.sent.index(b"\x1b_Ga=T") < screen.sent.index("\U0010eeee".encode())
        screen.type("q")
        assert screen.ends() == 0
        assert b"\x1b_Ga=d,d=I" in screen.sent


def test_a_terminal_that_hides_its_cells_size_gets_half_blocks_and_no_sixel(halves: Path) -> None:
    command = [sys.executable, "-c", PROGRAM, str(halves)]
    environ = {"TERM": "foot", "COLORTERM": "truecolor", "PYTHONPATH": str(ROOT)}
    with terminal(command, environ) as screen:
        screen.shows("scene 3 of 8")
        assert b"\x1bP" not in screen.sent
        assert b"48;2;2" in screen.sent
        screen.type("q")
        assert screen.ends() == 0
