"""The result of a job, with a cursor over its files: open, copy the path, save elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, NamedTuple

from textual.content import Content, Span
from textual.geometry import Size
from textual.message import Message

from aura_tui.ui.keys import bindings
from aura_tui.ui.state.cells import cells, row_spans
from aura_tui.ui.state.summary import JOB_S_LOG, Fact, Tone, facts
from aura_tui.ui.theme.colours import MUTED
from aura_tui.ui.theme.glyphs import UNICODE
from aura_tui.ui.widgets.line_widget import LineWidget
from aura_tui.ui.widgets.scroll_rows import ScrollRows, SelectedRow

if TYPE_CHECKING:
    from textual import events
    from textual.binding import BindingType

    from aura_tui.model.events import Artifact
    from aura_tui.model.job import Job
    from aura_tui.service import RetryPlan
    from aura_tui.ui.theme.glyphs import Glyphs

_NARROW = 60
_LABEL = 10
_SIZE = 8
_CURSOR = 2
_STYLES = {
    Tone.PLAIN: "",
    Tone.MUTED: MUTED,
    Tone.WARNING: "$warning",
    Tone.ERROR: "$error",
    Tone.ADVICE: "",
    Tone.QUOTE: MUTED,
}


class _Row(NamedTuple):
    """A row of a fact's text, after ``lead``: its label and size, or blanks."""

    fact: int
    lead: str
    text: str
    joint: str  # the text removed by the break above this row; newline: none


class ResultPanel(ScrollRows, inherit_bindings=False):
    """Draws the facts of a summary. A path wraps instead of being cut, and is copied whole."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings.RESULT]

    class OpenAsked(Message):
        """The person asked to open ``artifact`` of a job."""

        def __init__(self, job_id: str, artifact: Artifact) -> None:
            super().__init__()
            self.job_id = job_id
            self.artifact = artifact

    class CopyAsked(Message):
        """The person asked to copy ``path``."""

        def __init__(self, path: str) -> None:
            super().__init__()
            self.path = path

    class SaveAsked(Message):
        """The person asked to save a copy of ``artifact`` of a job."""

        def __init__(self, job_id: str, artifact: Artifact) -> None:
            super().__init__()
            self.job_id = job_id
            self.artifact = artifact

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._glyphs = UNICODE
        self._job: Job | None = None
        self._facts: tuple[Fact, ...] = ()
        self._rows: list[_Row] = []
        self._laid_out_for = 0
        self._files: list[int] = []  # indices of facts with a file
        self._at = 0  # index in _files

    def show(
        self,
        job: Job,
        glyphs: Glyphs,
        *,
        plan: RetryPlan | None = None,
        log_tail: tuple[str, ...] = (),
        log_of: str = JOB_S_LOG,
        remote: bool = False,
        retry_key: str = "",
    ) -> None:
        """Draw the summary of ``job``, which has ended; again when more details are known."""
        said = facts(
            job,
            plan=plan,
            log_tail=log_tail,
            log_of=log_of,
            remote=remote,
            retry_key=retry_key,
        )
        same = self._job is not None and self._job.id == job.id
        if same and said == self._facts and glyphs is self._glyphs:
            return
        under = self.file if same else None
        self._job, self._facts, self._glyphs = job, said, glyphs
        self._files = [i for i, fact in enumerate(said) if fact.file is not None]
        self._at = next((i for i, at in enumerate(self._files) if said[at].file == under), 0)
        if not same:
            self.scroll_to(y=0, animate=False, immediate=True, force=True)
        self._lay_out(self.row_width)
        self.refresh(layout=True)
        self.refresh_bindings()

    @property
    def file(self) -> Artifact | None:
        """The file under the cursor."""
        return self._facts[self._files[self._at]].file if self._files else None

    # -- rows

    def _lay_out(self, width: int) -> None:
        self._laid_out_for = width
        self._rows = []
        if width <= 0:
            return
        for i, fact in enumerate(self._facts):
            self._rows += self._wrapped(i, fact, width)
        self.virtual_size = Size(width, len(self._rows))

    def _wrapped(self, number: int, fact: Fact, width: int) -> list[_Row]:
        lead, indent = self._lead(fact, width)
        text = self._glyphs.spell(fact.text)
        spans = row_spans(text, max(8, width - indent))
        rows: list[_Row] = []
        end = 0
        for start, stop in spans:
            joint = text[end:start] if rows else "\n"
            rows.append(_Row(number, " " * indent if rows else lead, text[start:stop], joint))
            end = stop
        return rows

    def _lead(self, fact: Fact, width: int) -> tuple[str, int]:
        """The text before a fact, with a blank for the cursor; and its width in cells."""
        glyphs = self._glyphs
        signs = {
            Tone.WARNING: glyphs.warning,
            Tone.ERROR: glyphs.failed,
            Tone.ADVICE: glyphs.arrow,
            Tone.QUOTE: f"  {glyphs.dot}",
        }
        lead = f"{signs.get(fact.tone, ''):<{_CURSOR - 1}} "
        if fact.label and width >= _NARROW:
            lead += f"{fact.label:<{_LABEL}}"
        elif fact.label and not fact.size:
            lead += f"{fact.label} "
        if fact.size:
            lead += f"{fact.size:>{_SIZE}}  "
        return lead, cells(lead)

    @property
    def row_width(self) -> int:
        """Cells of a row; always leaves room for the scrollbar, so that wrapping is stable."""
        return max(0, self.container_size.width - self.styles.scrollbar_size_vertical)

    @property
    def row_count(self) -> int:
        return len(self._rows)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """The number of rows beside the scrollbar."""
        width -= self.styles.scrollbar_size_vertical
        if width == self._laid_out_for or width <= 0:
            return len(self._rows)
        return sum(len(self._wrapped(i, fact, width)) for i, fact in enumerate(self._facts))

    def on_resize(self) -> None:
        if self.row_width != self._laid_out_for:
            rows = self.row_count
            self._lay_out(self.row_width)
            self.refresh(layout=True)
            if self.row_count != rows:  # the layout depends on it
                self.post_message(LineWidget.RepaintRequested())

    def draw_row(self, at: int) -> Content:
        row = self._rows[at]
        fact = self._facts[row.fact]
        lead = row.lead
        under = bool(self._files) and self._files[self._at] == row.fact
        first = row.joint == "\n"
        if under and first:
            lead = f"{self._glyphs.cursor}{lead[1:]}"
        plain = lead + row.text
        style = _STYLES[fact.tone]
        spans = [Span(0, len(lead), MUTED)] if fact.label or fact.size else []
        if style:
            spans.append(Span(0 if first else len(lead), len(plain), style))
        if under:
            spans.append(Span(0, 1, "bold $accent" if self.has_focus else MUTED))
            if self.has_focus:
                spans.append(Span(len(lead), len(plain), "bold"))
        return Content(plain, spans)

    def selected_row(self, at: int) -> SelectedRow:
        row = self._rows[at]
        return SelectedRow(row.lead + row.text, len(row.lead), row.joint)

    # -- keys

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action in ("open", "copy", "save"):
            return bool(self._files)
        return True

    def action_open(self) -> None:
        if self.file is not None and self._job is not None:
            self.post_message(self.OpenAsked(self._job.id, self.file))

    def action_copy(self) -> None:
        if self.file is not None:
            self.post_message(self.CopyAsked(self.file.path))

    def action_save(self) -> None:
        if self.file is not None and self._job is not None:
            self.post_message(self.SaveAsked(self._job.id, self.file))

    def action_move(self, by: int) -> None:
        """Move to the next file; without one in that direction, scroll."""
        if 0 <= self._at + by < len(self._files):
            self._point(self._at + by)
        else:
            self._go(self.scroll_offset.y + by)

    def action_page(self, by: int) -> None:
        self._go(self.scroll_offset.y + by * max(1, self.size.height - 1))

    def action_first(self) -> None:
        if self._files:
            self._point(0)
        self._go(0)

    def action_last(self) -> None:
        if self._files:
            self._point(len(self._files) - 1)
        self._go(self.row_count)

    def on_click(self, event: events.Click) -> None:
        at = event.y + self.scroll_offset.y
        if 0 <= at < self.row_count and self._rows[at].fact in self._files:
            self._point(self._files.index(self._rows[at].fact))

    def _point(self, to: int) -> None:
        self._at = to
        rows = [i for i, row in enumerate(self._rows) if row.fact == self._files[to]]
        if rows:
            lowest = rows[-1] - self.size.height + 1
            self._go(max(lowest, min(self.scroll_offset.y, rows[0])))
        self.refresh()

    def _go(self, y: int) -> None:
        self.scroll_to(y=y, animate=False, immediate=True, force=True)
