"""The application: what keys, the mouse and the command palette ask for."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual.app import SystemCommand
from textual.screen import ModalScreen

from aura_tui.errors import AuraError
from aura_tui.model.plural import counted
from aura_tui.ui.actions.commands import JobCommands, refusal
from aura_tui.ui.keys import bindings, disabled
from aura_tui.ui.live import LiveBoard
from aura_tui.ui.state.run import RECORDED, Asked

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Sequence

    from textual.binding import Binding, BindingType
    from textual.screen import Screen

    from aura_tui.model.job import Job
    from aura_tui.ui.prompts import Prompts
    from aura_tui.ui.widgets.job_list import JobList
    from aura_tui.ui.widgets.log import LogView
    from aura_tui.ui.widgets.result import ResultPanel
    from aura_tui.ui.widgets.stages import StageRow

_SELECT_AFTER_S = 0.12  # the cursor stands on a job: running through the list shows none
_CHANGING = {"cancel_run", "retry_run", "pause_run", "resume_run", "new_job"}
_NOT_OURS = {"Keys", "Maximize", "Minimize"}  # there is a help; panes have their own ways
_NOT_OFFERED = {"quit", "help", "interrupt"}  # by the palette: it has the first two itself


class BoardApp(LiveBoard):
    """Every run of a service on the screen, and what can be done with it."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings.APP, *disabled.BINDINGS]

    # -- messages of the widgets

    def on_line_widget_repaint_requested(self) -> None:
        """A widget was resized, gained or lost the focus, or its view was changed by a key."""
        self._limiter.touch()

    on_job_list_repaint_requested = on_line_widget_repaint_requested

    def on_stage_row_toggled(self, message: StageRow.Toggled) -> None:
        run = self._run
        if run.job is not None:
            run.toggle(run.job.step(message.stage))
            self._limiter.touch()

    def on_job_list_chosen(self, message: JobList.Chosen) -> None:
        # Running through the list shows none; the one where the cursor stands is shown.
        self._selecting = message.job_id
        self.set_timer(_SELECT_AFTER_S, lambda: self._select(message.job_id))

    def _select(self, job_id: str) -> None:
        if self._board_sync is not None and self._selecting == job_id:
            self._board_sync.select(job_id)

    def on_job_list_opened(self, message: JobList.Opened) -> None:
        self._open(message.job_id)

    def _open(self, job_id: str) -> None:
        self._selecting = job_id
        self._select(job_id)
        self._jobs.seen(job_id)
        self._jobs.place(job_id)
        if self._board is not None:
            self._board.go(to_jobs=False)
        self._limiter.touch()

    def on_log_view_copy_asked(self, message: LogView.CopyAsked) -> None:
        line = "matching line" if message.searched else "line"
        self.copy_to_clipboard(message.text, counted(message.lines, line))

    def on_result_panel_copy_asked(self, message: ResultPanel.CopyAsked) -> None:
        self.copy_to_clipboard(message.path, "Path")

    def on_result_panel_open_asked(self, message: ResultPanel.OpenAsked) -> None:
        self._ask(lambda ask: ask.open(message.artifact, self._environ))

    def on_result_panel_save_asked(self, message: ResultPanel.SaveAsked) -> None:
        self._ask(lambda ask: ask.save(message.artifact))

    # -- keys

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action in _CHANGING and (self._board_options.read_only or self._job_commands is None):
            return False
        targets = self._targets
        match action:
            case "cancel_run" | "pause_run" | "resume_run":
                assert self._job_commands is not None
                may = self._job_commands.may
                return any(may(_ASKED[action], job) for job in targets)
            case "retry_run":
                return any(JobCommands.may_retry(job) for job in targets)
            case "reconnect":
                sync = self._board_sync
                connection = sync.connection if sync is not None else None
                return connection is not None and connection.can_reconnect
            case "to_jobs":
                return self._board is not None and self._board.can_go_back
        return True

    def action_idle(self, action: str) -> None:
        """A key of one that changes something, which ``action`` couldn't be done for."""
        if self._board_sync is None or any(map(self._board_sync.pending, self._targets)):
            return  # not open yet; or it has been asked for, and is about to be
        recorded = self._board_options.mode == RECORDED
        if why := disabled.reason(
            action, looks_on=self._board_options.read_only, recorded=recorded
        ):
            self.say(why)

    @property
    def _targets(self) -> Sequence[Job]:
        """What a key that changes something acts on: the marked jobs, where they are in sight;
        else the one under the cursor, or the one shown, by where the keys go."""
        board = self._board
        if board is not None and (board.in_jobs or (self._jobs.marked and board.shows_jobs)):
            return self._jobs.targets
        run = self._run
        if run.job is None or (run.over and not run.ended):
            return ()
        return (run.job,)

    def action_cancel_run(self) -> None:
        self._ask(lambda ask: self._then_unmark(ask.cancel(self._targets)))

    def action_retry_run(self) -> None:
        self._ask(lambda ask: self._then_open(ask.retry(self._targets)))

    def action_new_job(self) -> None:
        self._ask(lambda ask: self._then_open(ask.new_job(self._job_form)))

    def action_pause_run(self) -> None:
        self._change(Asked.PAUSE)

    def action_resume_run(self) -> None:
        self._change(Asked.RESUME)

    def _change(self, asked: Asked) -> None:
        if self._job_commands is not None:
            self._work(partial(self._job_commands.change, asked, self._targets))

    def _ask(self, question: Callable[[Prompts], Awaitable[object]]) -> None:
        """One question at a time."""
        if self._job_commands is None or self._asks:
            return
        if self._prompts is None:
            from aura_tui.ui.prompts import Prompts

            self._prompts = Prompts(
                self,
                self._job_commands,
                jobs=self._jobs,
                quit_state=self._quit_state,
                glyphs=self.glyphs,
                at_work_s=self.at_work_s,
                say=self.say,
            )
        prompts = self._prompts
        self._work(partial(self._asked, question, prompts), "question", one=True)

    async def _asked(
        self, question: Callable[[Prompts], Awaitable[object]], prompts: Prompts
    ) -> None:
        try:
            await question(prompts)
        except AuraError as e:
            self._refuse(refusal(e))

    async def _then_unmark(self, cancelling: Awaitable[bool]) -> None:
        if await cancelling:
            self._jobs.clear_marks()
            self._limiter.touch()

    async def _then_open(self, making: Awaitable[Job | None]) -> None:
        job = await making
        if job is not None:
            self._jobs.clear_marks()
            self._open(job.id)

    def action_show_log(self) -> None:
        if self._board is not None:
            self._board.toggle_log()
            self._limiter.touch()

    def action_timeline(self) -> None:
        if self._board is not None:
            self._board.toggle_timeline()
            self._limiter.touch()

    def action_to_jobs(self) -> None:
        if self._board is not None:
            self._board.go_back()
            self._limiter.touch()

    def action_preview(self) -> None:
        if self._board is not None:
            self._board.toggle_preview()
            self._limiter.touch()

    def action_reconnect(self) -> None:
        if self._board_sync is not None and self._board_sync.connected is not None:
            self._board_sync.connected.reconnect()

    def action_help(self) -> None:
        """Made once: it is looked at often, and tells the same each time."""
        if not self.is_screen_installed("help"):
            from aura_tui.ui.screens.help import HelpScreen

            self.install_screen(
                HelpScreen(self._board_options.read_only, self._settings.keys), "help"
            )
        self.push_screen("help")

    # -- leaving

    async def action_quit(self) -> None:
        """Leave; while runs of ours are under way, ask what becomes of them."""
        if self._own is None and self._find_job is not None:
            self._quit_state.interrupted = True  # the run is not even submitted
            self.exit()
        elif not self._quit_state.ending():
            self.exit()
        else:
            self._ask(self._leave)

    async def _leave(self, ask: Prompts) -> None:
        background = self._board_options.background
        self._quit_state.leave = await ask.leave(
            self._quit_state.ending(), can_background=background
        )
        if self._quit_state.may_go:
            self.exit()

    def action_interrupt(self) -> None:
        """ctrl+c: cancel the run we were opened for without asking, and wait for it; the second
        one leaves at once. Where there is no such run it closes what asks or is typed in, if
        anything does; else it leaves, asking as q does.

        Where text is selected it copies that, as in most programs: a run lost to a copy is worse.
        """
        selected = self.screen.get_selected_text()
        if selected:
            self.copy_to_clipboard(selected)
            self.screen.clear_selection()
            return
        quit_state, own = self._quit_state, self.outcome.job
        ours = own is not None and not own.status.ended and self._board_options.owns
        if (
            ours
            and own is not None
            and self._job_commands is not None
            and not quit_state.interrupted
        ):
            quit_state.interrupted = True
            self._work(partial(self._job_commands.change, Asked.CANCEL, (own,)))
        elif isinstance(self.screen, ModalScreen) and not quit_state.interrupted:
            self.screen.dismiss(None)  # whoever breaks off what they answer isn't leaving yet
        elif self._find_job is None and quit_state.ending():
            self._ask(self._leave)
        else:
            quit_state.interrupted = quit_state.interrupted or own is None or not own.status.ended
            self.exit()

    # -- what Textual asks

    def get_key_display(self, binding: Binding) -> str:
        """Textual's own sign for enter is no ASCII."""
        if self._ascii and binding.key == "enter":
            return "enter"
        return super().get_key_display(binding)

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        for command in super().get_system_commands(screen):
            if command.title not in _NOT_OURS:
                yield command
        for binding in bindings.APP:
            action = binding.action
            if action not in _NOT_OFFERED and self.check_action(action, ()):
                said = binding.tooltip or binding.description
                yield SystemCommand(binding.description, said, getattr(self, f"action_{action}"))


_ASKED = {
    "cancel_run": Asked.CANCEL,
    "pause_run": Asked.PAUSE,
    "resume_run": Asked.RESUME,
}
