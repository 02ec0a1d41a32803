"""The preview: the newest picture of a job, and its caption."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from rich.segment import Segment
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from aura_tui.model.text.sanitize import clean_line
from aura_tui.ui.terminal.capabilities import Pictures
from aura_tui.ui.terminal.preview_image import USUAL_CELL, Unshowable, fit, read
from aura_tui.ui.theme.glyphs import ASCII, UNICODE

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from PIL.Image import Image

    from aura_tui.ui.terminal.capabilities import Blocks, Capabilities
    from aura_tui.ui.terminal.pictures import Drawn
    from aura_tui.ui.theme.glyphs import Glyphs

# A smaller picture shows nothing recognizable.
_MIN_COLUMNS, _MIN_ROWS = 8, 3
_USUAL_SHAPE = (16, 9)  # until there is a picture

_Key = tuple[object, ...]


class PreviewView(Widget):
    """Draws its own cells, so it must have no border or padding; the style sets its size.

    ``write`` sends a sequence to the terminal ahead of the next frame, for Kitty pictures.
    """

    def __init__(
        self,
        environ: Mapping[str, str],
        capabilities: Capabilities,
        write: Callable[[str], None],
        glyphs: Glyphs = UNICODE,
        *,
        blocks: Blocks | None = None,
        id: str | None = None,
    ) -> None:
        """``blocks``: characters for pictures of cells; None: what the terminal is known to
        draw."""
        super().__init__(id=id)
        self._wanted_blocks = blocks
        self._blocks = blocks or capabilities.blocks
        self._write = write
        self._glyphs = glyphs
        self._plain = glyphs is ASCII or bool(environ.get("NO_COLOR"))
        self._pictures = Pictures.NONE if self._plain else capabilities.pictures
        self._key: _Key | None = None
        self._asked: object = None
        self._image: Image | None = None
        self._said = ""  # why there is no picture
        self._caption = ""
        self._drawn: Drawn | None = None
        self._drawing: object = None

    async def show_picture(
        self, path: Path | None, caption: str, *, none: str = "No picture yet"
    ) -> None:
        """Show the picture at ``path``, or for None the text ``none``.

        The old picture stays until the new one is drawn. Showing the same one again costs a
        ``stat``; of two overlapping calls the later one wins.
        """
        asked = self._asked = object()
        key = await asyncio.to_thread(_identity, path)
        if self._asked is not asked:
            return
        if key == self._key:
            self._say(self._said if path is not None else none, caption)
            return
        image, said = None, "" if path is not None else none
        if path is not None and self._pictures is not Pictures.NONE:
            try:
                image = await asyncio.to_thread(read, path)
            except Unshowable as e:
                said = str(e)
            if self._asked is not asked:
                return
        self._key, self._image = key, image
        await self._redraw()
        self._say(said, caption)

    def capable(self, capabilities: Capabilities) -> None:
        """Set what the terminal supports; the picture is drawn again if that is another way."""
        pictures = Pictures.NONE if self._plain else capabilities.pictures
        blocks = self._wanted_blocks or capabilities.blocks
        if (pictures, blocks) == (self._pictures, self._blocks):
            return
        self._pictures, self._blocks = pictures, blocks
        if self._image is not None:
            self.run_worker(self._redraw(), group="redraw", exclusive=True)

    async def _redraw(self) -> None:
        """Draw the image for the widget's size."""
        drawing = self._drawing = object()
        image, (columns, rows) = self._image, self.size
        # A row for the caption; a column behind the picture, which Sixel needs.
        columns, rows = columns - 1, rows - 1
        drawn: Drawn | None = None
        if image is not None and columns >= _MIN_COLUMNS and rows >= _MIN_ROWS:
            drawn = await asyncio.to_thread(self._draw, image, columns, rows)
            if self._drawing is not drawing or not self.is_attached:
                return
        self._put(drawn)

    def _draw(self, image: Image, columns: int, rows: int) -> Drawn:
        from aura_tui.ui.terminal.pictures import cell_size, draw

        cell, how = cell_size(), self._pictures
        if how is Pictures.SIXEL and cell is None:  # it must fit its cells exactly
            how = Pictures.CELLS
        cell = cell or USUAL_CELL
        return draw(image, *fit(image.size, (columns, rows), cell), cell, how, self._blocks)

    def _put(self, drawn: Drawn | None) -> None:
        old, self._drawn = self._drawn, drawn
        if drawn is not None and drawn.before:
            self._write(drawn.before)
        old_rows = old.rows if old is not None else ()
        new_rows = drawn.rows if drawn is not None else ()
        if len(old_rows) != len(new_rows):
            self.refresh()
        else:
            for y, (was, now) in enumerate(zip(old_rows, new_rows, strict=True)):
                if was != now:
                    self.refresh(Region(0, y, self.size.width, 1))
        if old is not None and old.after:
            self.call_after_refresh(self._write, old.after)

    def _say(self, said: str, caption: str) -> None:
        caption = self._glyphs.spell(clean_line(caption, 200))
        if (said, caption) != (self._said, self._caption):
            self._said, self._caption = said, caption
            self.refresh(Region(0, self._caption_row, self.size.width, 1))

    def rows_of(self, columns: int) -> int:
        """Rows that the picture fills at most in ``columns``, with its caption."""
        return max(_MIN_ROWS, fit(self._shape, (columns - 1, 1000), USUAL_CELL)[1]) + 1

    def columns_of(self, rows: int) -> int:
        """Columns that the picture fills at most in ``rows``, with the blank one behind it."""
        return max(_MIN_COLUMNS, fit(self._shape, (1000, rows - 1), USUAL_CELL)[0]) + 1

    @property
    def _shape(self) -> tuple[int, int]:
        return self._image.size if self._image is not None else _USUAL_SHAPE

    @property
    def has_picture(self) -> bool:
        """Whether it shows a picture."""
        return self._drawn is not None

    @property
    def was_asked(self) -> bool:
        """Whether a picture was ever requested."""
        return self._asked is not None

    @property
    def _caption_row(self) -> int:
        return len(self._drawn.rows) if self._drawn is not None else 0

    @property
    def line(self) -> str:
        """The line below the picture, or in its place."""
        parts = [self._said, self._caption]
        if self._drawn is None and not self._said:
            parts = ["Preview hidden", self._caption]
        return ", ".join(part for part in parts if part)

    def on_resize(self) -> None:
        if self._image is not None:
            self.run_worker(self._redraw(), group="redraw", exclusive=True)

    def on_unmount(self) -> None:
        # At the end of the app the main screen is back by now; the protocol has the pictures of the
        # alternate one cleared when that is entered again.
        if self._drawn is not None and self._drawn.after:
            self._write(self._drawn.after)
        self._drawn = None

    def render_lines(self, crop: Region) -> list[Strip]:
        # Past the cache of styles and its filters: they would change a Kitty picture's colour,
        # which is its number, and take a Sixel for text.
        return [self._strip(y).crop(crop.x, crop.right) for y in range(crop.y, crop.bottom)]

    def _strip(self, y: int) -> Strip:
        style = self.visual_style.rich_style
        width = self.size.width
        drawn = self._drawn
        if drawn is not None and y < len(drawn.rows) and drawn.columns <= width:
            # Under a dialog the screen is tinted as text.
            if drawn.how is not Pictures.CELLS and not self.screen.is_active:
                return Strip.blank(width, style)
            pad = Segment(" " * (width - drawn.columns), style)
            return Strip([*drawn.rows[y], pad], width)
        if y == self._caption_row:
            return Strip([Segment(self.line, style)]).adjust_cell_length(width, style)
        return Strip.blank(width, style)


def _identity(path: Path | None) -> _Key | None:
    """The identity of a picture file; it changes if the file is replaced."""
    if path is None:
        return ("none",)
    try:
        stat = path.stat()
    except OSError:
        return (path, "gone")
    return (path, stat.st_ino, stat.st_mtime_ns, stat.st_size)
