"""The board: the job list beside the selected job, or one of them on a narrow screen."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

from textual._styles_cache import StylesCache
from textual.actions import parse
from textual.containers import Horizontal, Vertical
from textual.errors import NoWidget
from textual.screen import Screen
from textual.widgets import Input

from aura_tui.model.connection import ConnectionStatus
from aura_tui.model.status import JobStatus
from aura_tui.ui.screens.modal import hide_toasts
from aura_tui.ui.state.row_budget import (
    HIGH,
    SHORT,
    STAGES,
    RowBudget,
    Wanted,
    row_budget,
)
from aura_tui.ui.state.summary import JOB_S_LOG
from aura_tui.ui.widgets.context_line import ContextLine
from aura_tui.ui.widgets.header import RunHeader
from aura_tui.ui.widgets.jobs import JobsPane
from aura_tui.ui.widgets.key_bar import KeyBar
from aura_tui.ui.widgets.log import LogView
from aura_tui.ui.widgets.replay_line import ReplayLine
from aura_tui.ui.widgets.result import ResultPanel
from aura_tui.ui.widgets.settings_fold import SettingsFold
from aura_tui.ui.widgets.stage_lines import wanted_rows
from aura_tui.ui.widgets.stages import StageList, StageRow
from aura_tui.ui.widgets.timeline import TimelineView

if TYPE_CHECKING:
    from datetime import datetime

    from textual.app import ComposeResult
    from textual.events import Resize

    from aura_tui.model.job import Job
    from aura_tui.service import Playback
    from aura_tui.ui.keys.names import KeyNames
    from aura_tui.ui.state.context import Context
    from aura_tui.ui.state.jobs import JobsState
    from aura_tui.ui.state.run import RunState
    from aura_tui.ui.state.summary import SummaryDetails
    from aura_tui.ui.theme.glyphs import Glyphs
    from aura_tui.ui.widgets.preview import PreviewView

WIDE = 110  # columns from which list and job are side by side
_LOG_ROWS = 3  # with fewer, the log shows alone once it gets the keys
_BESIDE_SETTINGS = 14  # rows around the settings: head and footer, the stages and blank ones
_STAGES_WIDTH = 78  # columns that the stages keep beside the preview
_BESIDE = 170  # columns from which the preview fits beside the stages


class Pane(Enum):
    """The panes in their order, from left to right and down."""

    JOBS = "jobs"
    JOB = "job"
    LOG = "log"


class BoardScreen(Screen[None]):
    """Passes states to the widgets; its own state is only the layout and the person's choices.

    Classes: ``-at-jobs``: the keys go to the list, which shows alone on a narrow screen; ``-log``:
    the log has the job's whole room; ``-ended``, ``-failed``: the job has; ``-nothing``: there is
    no job; ``-timeline``, ``-preview``: these are open. The preview is ``-beside`` the stages or
    ``-beneath`` them; without room for either it can have the job's whole room, ``-picture``.
    """

    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (WIDE, "-wide")]  # noqa: RUF012 - Textual's own
    VERTICAL_BREAKPOINTS = [(0, "-short"), (SHORT, "-tall"), (HIGH, "-high")]  # noqa: RUF012
    AUTO_FOCUS = ""  # the focus follows the layout; else a hidden field would get the keys

    def __init__(
        self,
        preview: PreviewView,
        *,
        at_jobs: bool,
        previewing: bool,
        read_only: bool,
        key_names: KeyNames,
        timeline: bool | None = None,
        recorded: bool = False,
    ) -> None:
        """``timeline``: whether it shows; None: the screen's height decides. ``recorded``: the
        board plays a recording."""
        super().__init__()
        self._retry_key = "" if read_only else key_names.of("run.retry")
        # Stored instead of queried: the last draw may come while the board is being removed.
        self.jobs = JobsPane(can_make=not read_only, key_names=key_names)
        self.context = ContextLine(key_names.of("link.reconnect"))
        self.head = RunHeader(key_names)
        self.settings = SettingsFold(id="settings")
        self.work = Horizontal(id="work")
        self.stages = StageList(key_names)
        self.timeline = TimelineView()
        self.preview = preview
        self.result = ResultPanel()
        self.log_view = LogView(key_names)
        self.replay = ReplayLine(id="replay") if recorded else None
        self._ended: tuple[Job, SummaryDetails] | None = None
        self._run: RunState | None = None  # the one that shows
        self._shared: tuple[RowBudget, bool] | None = None
        self.set_class(at_jobs, "-at-jobs")
        self.set_class(previewing, "-preview")
        self.set_class(timeline is True, "-timeline")
        self.set_class(timeline is False, "-no-timeline")

    def compose(self) -> ComposeResult:
        yield self.context
        with Horizontal(id="board"):
            yield self.jobs
            with Vertical(id="run"):
                yield self.head
                yield self.settings
                with Vertical(id="body"):
                    with self.work:
                        with Vertical(id="stages"):
                            yield self.stages
                            yield self.timeline
                        yield self.preview
                    yield self.result
                    yield self.log_view
        if self.replay is not None:
            yield self.replay
        yield KeyBar()

    def on_mount(self) -> None:
        self.focus_main()

    def on_screen_suspend(self) -> None:
        hide_toasts(self)

    def on_screen_resume(self) -> None:
        """What was over the board has gone, and with it what it drew: Textual's cache of two
        colours a widget keeps the widget's lines, too, of up to 1,024 widgets that are no more."""
        forget = getattr(StylesCache.get_inner_outer, "cache_clear", None)
        if forget is not None:
            forget()

    def on_resize(self, event: Resize) -> None:
        """Where the preview fits."""
        width, height = event.size
        self.set_class(width >= _BESIDE, "-beside")
        self.set_class(width < _BESIDE and height >= HIGH, "-beneath")
        if self.has_class("-picture") and self._preview_has_room:
            self.remove_class("-picture")
            self.add_class("-preview")
            self.focus_main()
        self._share_rows()

    def on_descendant_focus(self) -> None:
        """Also by tab or the mouse."""
        self.set_class(self.in_jobs, "-at-jobs")

    # -- layout

    @property
    def in_jobs(self) -> bool:
        """Whether the keys go to the job list."""
        return self.focused is not None and self.jobs in self.focused.ancestors

    @property
    def at_jobs(self) -> bool:
        """Whether the job list has the whole screen."""
        return self.has_class("-at-jobs") and not self.has_class("-wide")

    def go(self, *, to_jobs: bool) -> None:
        """Show the list or the job; if both are visible, move the focus."""
        self.set_class(to_jobs, "-at-jobs")
        self.focus_main()

    def focus_main(self) -> None:
        """Focus the widget that gets the keys now."""
        if self.has_class("-at-jobs"):
            self.jobs.focus()
        elif self.has_class("-picture"):
            self.set_focus(None)
        elif self.has_class("-log"):
            self.log_view.focus()
        elif self.has_class("-ended"):
            self.result.focus()
        else:
            self.stages.action_move(0)

    @property
    def shows_jobs(self) -> bool:
        """Whether the list is visible."""
        return self.at_jobs or self.has_class("-wide")

    @property
    def can_go_back(self) -> bool:
        """Whether escape has an effect."""
        return self._one_thing_alone or not self.has_class("-at-jobs")

    @property
    def _one_thing_alone(self) -> bool:
        return self.has_class("-log") or self.has_class("-picture")

    def go_back(self) -> None:
        """Go back: from the log or the picture to the job, from the job to the list."""
        if self.has_class("-picture"):
            self.toggle_preview()
        elif self.has_class("-log"):
            self.toggle_log()
        else:
            self.go(to_jobs=True)

    def toggle_log(self) -> None:
        """Give the log the job's whole room, or restore the layout."""
        self.remove_class("-at-jobs", "-picture")
        self.toggle_class("-log")
        self._share_rows()
        self.focus_main()

    def toggle_timeline(self) -> None:
        """Toggle the timeline; by default the screen's height decides."""
        showing = self._shows_timeline and not self._one_thing_alone
        self.remove_class("-log", "-picture")
        self.set_class(not showing, "-timeline")
        self.set_class(showing, "-no-timeline")
        self._share_rows()
        if self.focused is None:  # the picture had the whole room
            self.focus_main()

    @property
    def timeline_choice(self) -> bool | None:
        """Whether the person wants the timeline; None: the screen's height decides."""
        if self.has_class("-timeline") or self.has_class("-no-timeline"):
            return self.has_class("-timeline")
        return None

    @property
    def _shows_timeline(self) -> bool:
        if self.timeline_choice is not None:
            return self.timeline_choice
        return self.size.height >= HIGH and not self._preview_beneath

    @property
    def _preview_beneath(self) -> bool:
        return self.has_class("-preview") and self.has_class("-beneath")

    def _share_rows(self) -> None:
        run = self._run
        fold = self._fold_rows
        preview = self._preview_rows if self.shows_preview and not self.has_class("-picture") else 0
        budget = row_budget(
            self.size.height - self.shows_context - (self.replay is not None),
            Wanted(
                wanted_rows(run) if run is not None else STAGES,
                self.result.row_count,
                len(run.log) if run is not None else 0,
                preview,
            ),
            ended=self.has_class("-ended"),
            failed=self.has_class("-failed"),
            timeline=self._shows_timeline,
            beside=self.has_class("-beside"),
            fold=fold,
        )
        alone = self.has_class("-picture")
        if (budget, alone) == self._shared:
            return
        self._shared = (budget, alone)
        self.set_class(not budget.log, "-no-log")
        self.work.styles.max_height = None if alone else budget.work
        self.stages.room = budget.stages
        self.stages.styles.max_height = budget.stages
        # Before its first layout it has no rows, and without any it would never get one.
        self.result.styles.max_height = budget.result or None
        self.preview.styles.height = budget.preview or None
        beside = budget.preview and self.has_class("-beside")
        self.preview.styles.width = self.preview.columns_of(budget.preview) if beside else None

    @property
    def _fold_rows(self) -> int:
        """Rows of the settings that show, with the blank one below them."""
        if not self.has_class("-settings"):
            return 0
        return len(self.settings.lines) + (self.size.height >= SHORT)

    @property
    def _most_settings(self) -> int:
        """Rows for the settings: where rows are few they have the whole room."""
        height = self.size.height
        return height - 4 if height < SHORT else height - _BESIDE_SETTINGS

    def toggle_settings(self) -> None:
        """Show or hide the job's own settings."""
        self.remove_class("-at-jobs", "-picture", "-log")
        self.toggle_class("-settings")
        self.focus_main()

    @property
    def _preview_rows(self) -> int:
        """Rows that the picture can fill: with the width that the stages leave, or all of it."""
        width = self.size.width - (self.jobs.size.width if self.has_class("-wide") else 0)
        return self.preview.rows_of(width - (_STAGES_WIDTH if self.has_class("-beside") else 4))

    @property
    def _preview_has_room(self) -> bool:
        return self.has_class("-beside") or self.has_class("-beneath")

    @property
    def shows_preview(self) -> bool:
        """Whether the preview is visible."""
        if self.at_jobs or self.has_class("-log"):
            return False
        wanted = self.has_class("-preview") and self._preview_has_room
        return wanted or self.has_class("-picture")

    def toggle_preview(self) -> None:
        """Toggle the newest picture for it beside the run."""
        name = "-preview" if self._preview_has_room else "-picture"
        self.set_class(not self.shows_preview, name)
        self.remove_class("-log")
        if not self.shows_jobs or self.at_jobs:
            self.remove_class("-at-jobs")
        self._share_rows()
        self.focus_main()

    # -- panes

    @property
    def shows_a_job(self) -> bool:
        """Whether there is a job, so that its panes can be gone to."""
        return not self.has_class("-nothing")

    @property
    def pane(self) -> Pane:
        """The pane that has the keys."""
        if self.has_class("-at-jobs"):
            return Pane.JOBS
        return Pane.LOG if self.has_class("-log") or self.log_view.has_focus_within else Pane.JOB

    def to_pane(self, pane: Pane) -> None:
        """Give the keys to ``pane``. A log that the layout has no room for shows alone."""
        if pane is Pane.JOBS:
            self.go(to_jobs=True)
            return
        self.remove_class("-at-jobs", "-picture", "-log")
        self._share_rows()
        if pane is Pane.LOG:
            self.log_view.focus()
            self.call_after_refresh(self._make_room_for_log)
        else:
            self.focus_main()

    def _make_room_for_log(self) -> None:
        if not self.has_class("-at-jobs") and self.visible_log_rows < _LOG_ROWS:
            self.add_class("-log")
            self._share_rows()
            # Once its style shows it: a hidden widget takes no focus.
            self.call_after_refresh(self._focus_log)

    def _focus_log(self) -> None:
        if self.has_class("-log") and not self.has_class("-at-jobs"):
            self.log_view.focus()

    @property
    def visible_log_rows(self) -> int:
        """How many rows of the log the layout shows."""
        try:
            return self.find_widget(self.log_view.rows).visible_region.height
        except NoWidget:
            return 0

    def to_next_pane(self, by: int) -> None:
        """Give the keys to the next pane (1) or the previous one (-1), if there is one."""
        panes = list(Pane)
        at = panes.index(self.pane) + by
        if 0 <= at < len(panes):
            self.to_pane(panes[at])

    # -- commands of the panes

    @property
    def is_typing(self) -> bool:
        """Whether letters are typed into a search or a filter."""
        return isinstance(self.focused, Input)

    def why_not(self, where: str, action: str) -> str:
        """Why ``action`` of the pane named ``where`` has no effect now; "" if it has one."""
        if where != "Jobs" and not self.shows_a_job:
            return "No job is shown"
        ended = self.has_class("-ended")
        if where == "Stages" and ended:
            return "The job has ended"
        if where == "Finished job" and not ended:
            return "The job hasn't ended"
        widget = {"Jobs": self.jobs.rows, "Log": self.log_view, "Finished job": self.result}
        if where in widget and not widget[where].check_action(action, (1,)):
            return "There is nothing to clear or to go through"
        return ""

    def run_in(self, pane: Pane, action: str) -> None:
        """Go to ``pane`` and run an action of its own."""
        self.to_pane(pane)
        self.app.call_later(self._run_focused, action)  # after the focus, which is as late

    async def _run_focused(self, action: str) -> None:
        for widget in self.focused.ancestors_with_self if self.focused is not None else ():
            if hasattr(widget, f"action_{parse(action)[1]}"):
                await self.app.run_action(action, widget)
                return

    # -- drawing

    @property
    def shows_context(self) -> bool:
        """Whether the context line is visible."""
        return self.size.height >= SHORT

    def show(
        self, jobs: JobsState, run: RunState, now: datetime, glyphs: Glyphs, context: Context
    ) -> None:
        """Draw context, list and job as of ``now``; unchanged parts cost nothing."""
        above = self.shows_context
        if above:
            self.context.show(context, run, now, glyphs)
        self._run = run
        # Behind no other waiting job: as soon as a running one ends.
        is_next = run.queue_ahead == jobs.counts.get(JobStatus.RUNNING, 0)
        run.starts = jobs.first_end() if is_next and run.queue_ahead else None
        self._share_rows()
        if not self.at_jobs:
            self.head.show(run, now, glyphs, connection_above=above)
            self.settings.show(run.job, glyphs, self._most_settings)
            self.stages.show(run, now, glyphs)
            self.timeline.show(run, now, glyphs)
            self.log_view.show(run, glyphs)
        if self._shows_jobs:
            connection = run.connection
            absent = connection is not None and connection.status is ConnectionStatus.NO_ENGINE
            # Ages, too, stop where nothing is heard.
            self.jobs.show(jobs, run.seen(now), glyphs, absent=absent, context_above=above)
        nothing = run.job is None and not jobs.loading
        self.set_class(nothing, "-nothing")
        if nothing and not self.has_class("-at-jobs"):  # its panes are gone
            self.go(to_jobs=True)

    @property
    def _shows_jobs(self) -> bool:
        return self.has_class("-at-jobs") or self.has_class("-wide")

    def show_replay(self, playback: Playback | None, glyphs: Glyphs) -> None:
        """Draw where the replay is; None: nothing is open yet."""
        if self.replay is not None and playback is not None:
            self.replay.show(playback, glyphs)

    def due_s(self, now: datetime) -> float | None:
        """Seconds until time alone changes the list; None: never."""
        return self.jobs.next_change_s(now) if self._shows_jobs else None

    def _leave_result(self) -> None:
        """Move the focus away from a hidden panel."""
        if self.focused is self.result and not self.has_class("-ended"):
            self.focus_main()

    def show_end(
        self, run: RunState, glyphs: Glyphs, ending: SummaryDetails, *, remote: bool
    ) -> None:
        """Show the result of ``run``; hide the panel if it hasn't ended, or its files aren't known
        yet."""
        job = run.job if run.ended and not run.partial else None
        if ending.log_tail and ending.log_of == JOB_S_LOG and self.size.height >= HIGH:
            logged = {line.text for line in run.log}
            if logged.issuperset(ending.log_tail):  # the log pane shows it
                ending = ending._replace(log_tail=())
        state = (job, ending) if job is not None else None
        if state == self._ended:
            return
        before, self._ended = self._ended, state
        self.set_class(job is not None, "-ended")
        self.set_class(job is not None and job.status is JobStatus.FAILED, "-failed")
        self._share_rows()
        if job is None:
            self.app.call_later(self._leave_result)  # after a pending focus change
            return
        self.result.show(
            job,
            glyphs,
            plan=ending.plan,
            log_tail=ending.log_tail,
            log_of=ending.log_of,
            remote=remote,
            retry_key=self._retry_key,
        )
        self._share_rows()
        same = before is not None and before[0].id == job.id
        if not same and self.has_class("-picture"):  # the result matters more now
            self.toggle_preview()
        if not same and isinstance(self.focused, StageRow):  # don't interrupt a reader of the log
            self.result.focus()
