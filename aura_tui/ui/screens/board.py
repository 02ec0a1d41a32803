"""The board: the jobs beside the run that is selected, or one of them where there is no room."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual._styles_cache import StylesCache
from textual.containers import Horizontal, Vertical
from textual.screen import Screen

from aura_tui.model.status import JobStatus
from aura_tui.ui.widgets.header import RunHeader
from aura_tui.ui.widgets.jobs import JobsPane
from aura_tui.ui.widgets.key_bar import KeyBar
from aura_tui.ui.widgets.log import LogView
from aura_tui.ui.widgets.result import ResultPanel
from aura_tui.ui.widgets.stages import StageList, StageRow
from aura_tui.ui.widgets.timeline import TimelineView

if TYPE_CHECKING:
    from datetime import datetime

    from textual.app import ComposeResult

    from aura_tui.model.job import Job
    from aura_tui.ui.endings import Ending
    from aura_tui.ui.glyphs import Glyphs
    from aura_tui.ui.jobs import JobsState
    from aura_tui.ui.state import RunState
    from aura_tui.ui.widgets.preview import PreviewView

WIDE = 110  # columns from which jobs and run stand side by side


class BoardScreen(Screen[None]):
    """Hands states down; holds nothing but the layout and what of it the person chose.

    Classes: ``-at-jobs`` where the keys go to the jobs, which then show alone where there is no
    room for more; ``-log`` where the log has the run's room alone; ``-ended`` where the run has,
    ``-failed`` where it did; ``-nothing`` where there is no run at all; ``-timeline`` and
    ``-preview`` where those show.
    """

    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (WIDE, "-wide")]  # noqa: RUF012 - Textual's own
    VERTICAL_BREAKPOINTS = [(0, "-short"), (18, "-tall"), (40, "-high")]  # noqa: RUF012
    AUTO_FOCUS = None

    def __init__(
        self, preview: PreviewView, *, at_jobs: bool, previewing: bool, can_make: bool
    ) -> None:
        super().__init__()
        # Held, not queried for: a last draw may come while the board is being taken down.
        self.jobs = JobsPane(can_make=can_make)
        self.head = RunHeader()
        self.stages = StageList()
        self.timeline = TimelineView()
        self.preview = preview
        self.result = ResultPanel()
        self.log_view = LogView()
        self._ended: tuple[Job, Ending] | None = None
        self.set_class(at_jobs, "-at-jobs")
        self.set_class(previewing, "-preview")

    def compose(self) -> ComposeResult:
        with Horizontal(id="board"):
            yield self.jobs
            with Vertical(id="run"):
                yield self.head
                with Vertical(id="body"):
                    with Horizontal(id="work"):
                        with Vertical(id="stages"):
                            yield self.stages
                            yield self.timeline
                        yield self.preview
                    yield self.result
                    yield self.log_view
        yield KeyBar()

    def on_mount(self) -> None:
        self.focus_main()

    def on_screen_resume(self) -> None:
        """What was over the board has gone, and with it what it drew: Textual's cache of two
        colours a widget keeps the widget's lines, too, of up to 1,024 widgets that are no more."""
        forget = getattr(StylesCache.get_inner_outer, "cache_clear", None)
        if forget is not None:
            forget()

    def on_descendant_focus(self) -> None:
        """By tab, or the mouse, as well."""
        self.set_class(self.in_jobs, "-at-jobs")

    # -- what shows

    @property
    def in_jobs(self) -> bool:
        """Whether the keys go to the jobs."""
        return self.focused is not None and self.jobs in self.focused.ancestors

    @property
    def at_jobs(self) -> bool:
        """Whether the jobs have the screen alone."""
        return self.has_class("-at-jobs") and not self.has_class("-wide")

    def go(self, *, to_jobs: bool) -> None:
        """Show the jobs, or the run; where both show, go there with the focus."""
        self.set_class(to_jobs, "-at-jobs")
        self.focus_main()

    def focus_main(self) -> None:
        """Focus what the keys are for now."""
        if self.has_class("-at-jobs"):
            self.jobs.focus()
        elif self.has_class("-log"):
            self.log_view.focus()
        elif self.has_class("-ended"):
            self.result.focus()
        else:
            self.stages.action_move(0)

    @property
    def shows_jobs(self) -> bool:
        """Whether the list is in sight."""
        return self.at_jobs or self.has_class("-wide")

    @property
    def can_go_back(self) -> bool:
        """Whether escape leads anywhere."""
        return self.has_class("-log") or not self.has_class("-at-jobs")

    def go_back(self) -> None:
        """From the log alone to the run, from the run to the jobs."""
        if self.has_class("-log"):
            self.toggle_log()
        else:
            self.go(to_jobs=True)

    def toggle_log(self) -> None:
        """Give the log the run's room, or take it back."""
        self.remove_class("-at-jobs")
        self.toggle_class("-log")
        self.focus_main()

    def toggle_timeline(self) -> None:
        """Show or hide the timeline; where nobody chose, the screen's height decides."""
        showing = self.timeline.display and self.timeline.size.height > 0
        self.set_class(not showing, "-timeline")
        self.set_class(showing, "-no-timeline")

    @property
    def shows_preview(self) -> bool:
        """Whether the preview has room and is wanted."""
        return self.has_class("-preview") and not self.at_jobs

    def toggle_preview(self) -> None:
        """Show or hide the newest picture."""
        self.toggle_class("-preview")

    # -- drawing

    def show(self, jobs: JobsState, run: RunState, now: datetime, glyphs: Glyphs) -> None:
        """Draw both as of ``now``; what hasn't changed costs nothing."""
        if not self.at_jobs:
            self.head.show(run, now, glyphs)
            self.stages.show(run, now, glyphs)
            self.timeline.show(run, now, glyphs)
            self.log_view.show(run, glyphs)
        if self._shows_jobs:
            self.jobs.show(jobs, now, glyphs)
        self.set_class(run.job is None and not jobs.loading, "-nothing")

    @property
    def _shows_jobs(self) -> bool:
        return self.has_class("-at-jobs") or self.has_class("-wide")

    def due_s(self, now: datetime) -> float | None:
        """In how many seconds time alone changes what shows of the jobs; None: never."""
        return self.jobs.next_change_s(now) if self._shows_jobs else None

    def show_end(self, run: RunState, glyphs: Glyphs, ending: Ending, *, remote: bool) -> None:
        """Show how ``run`` ended; a run that hasn't takes the panel away."""
        job = run.job if run.ended else None
        state = (job, ending) if job is not None else None
        if state == self._ended:
            return
        before, self._ended = self._ended, state
        self.set_class(job is not None, "-ended")
        self.set_class(job is not None and job.status is JobStatus.FAILED, "-failed")
        if job is None:
            if self.result.has_focus:
                self.focus_main()
            return
        self.result.show(job, glyphs, plan=ending.plan, log_tail=ending.log_tail, remote=remote)
        same = before is not None and before[0].id == job.id
        if not same and isinstance(self.focused, StageRow):  # the log's reader goes on reading
            self.result.focus()
