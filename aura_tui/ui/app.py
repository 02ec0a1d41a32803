"""The application: wires the board's parts to Textual. Each part is a class of its own:

- :class:`~aura_tui.ui.sync.lifecycle.Lifecycle` opens the service, finds the job, and watches;
- :class:`~aura_tui.ui.sync.painter.Painter` brings states to the screen;
- :class:`~aura_tui.ui.key_commands.KeyCommands` does what keys ask for;
- :class:`~aura_tui.ui.terminal.reporter.Reporter` reports to the person.
"""

from __future__ import annotations

import asyncio
import os
import sys
from datetime import UTC, datetime
from functools import partial
from inspect import isawaitable
from typing import TYPE_CHECKING, ClassVar

from textual.app import App
from textual.worker import WorkerFailed

from aura_tui.model.text.plural import counted
from aura_tui.model.text.sanitize import clean_line
from aura_tui.ui.actions import kept_choices, playback
from aura_tui.ui.key_commands import KeyCommands
from aura_tui.ui.keys import bindings, disabled
from aura_tui.ui.keys.names import KeyNames
from aura_tui.ui.screens.board import BoardScreen, Pane
from aura_tui.ui.state.choices import MAX_FILTER, Choices, choices_file, configured, in_force
from aura_tui.ui.state.jobs import JobsState
from aura_tui.ui.state.options import Outcome
from aura_tui.ui.state.run import Asked
from aura_tui.ui.sync.lifecycle import Lifecycle
from aura_tui.ui.sync.painter import Painter
from aura_tui.ui.sync.subscriptions import BoardSync
from aura_tui.ui.terminal.diff_app import DiffApp
from aura_tui.ui.terminal.driver import BoardDriver
from aura_tui.ui.terminal.notifications import Notifications
from aura_tui.ui.terminal.preview_image import preview_blocks, preview_wanted
from aura_tui.ui.terminal.reporter import Reporter
from aura_tui.ui.theme.colours import AURA
from aura_tui.ui.theme.contrast import legible
from aura_tui.ui.theme.glyphs import ASCII, UNICODE, is_ascii
from aura_tui.ui.widgets.preview import PreviewView

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from textual.binding import Binding, BindingType
    from textual.screen import Screen
    from textual.theme import Theme

    from aura_tui.model.events import Artifact
    from aura_tui.model.job import Job
    from aura_tui.service import JobService
    from aura_tui.ui.prompts import Prompts
    from aura_tui.ui.screens.palette import Command
    from aura_tui.ui.state.options import BoardOptions
    from aura_tui.ui.widgets.job_list import JobList
    from aura_tui.ui.widgets.log import LogView
    from aura_tui.ui.widgets.result import ResultPanel
    from aura_tui.ui.widgets.stages import StageRow

_SIGNS = {"enter", "up", "down", "left", "right"}  # keys that Textual shows by a sign


class BoardApp(DiffApp):
    """The board: all jobs of a service, and the commands for them."""

    TITLE = "aura-tui"
    ENABLE_COMMAND_PALETTE = False  # ours has the keys, and works in ASCII
    CSS_PATH = [  # noqa: RUF012 - Textual's own spelling
        "styles/board.tcss",
        "styles/jobs.tcss",
        "styles/run.tcss",
        "styles/log.tcss",
        "styles/preview.tcss",
        "styles/dialogs.tcss",
    ]
    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings.APP,
        *bindings.REPLAY,
        *bindings.PALETTE,
        *disabled.BINDINGS,
    ]

    def __init__(
        self,
        open_service: Callable[[], Awaitable[JobService]],
        find_job: Callable[[JobService], Awaitable[str]] | None,
        options: BoardOptions,
        *,
        environ: Mapping[str, str] | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._environ = os.environ if environ is None else environ
        self._legible: dict[str, Theme] = {}
        # For NO_COLOR Textual sends greys; with the terminal's own colours it sends none.
        plain = True if self._environ.get("NO_COLOR") else None
        super().__init__(self._environ, driver_class=BoardDriver, ansi_color=plain)
        self._options = options
        self.home = options.settings.home
        self._choices_file = choices_file(self.home)
        self._kept = kept_choices.read(self._choices_file)
        self._choices = in_force(self._kept, options.board)
        encoding = getattr(sys.__stdout__, "encoding", None)
        self._ascii = options.board.ascii or is_ascii(self._environ, encoding)
        self.glyphs = ASCII if self._ascii else UNICODE
        self.key_names = KeyNames(options.board.keys, ascii=self._ascii)
        self._own_screen: BoardScreen | None = None
        self.jobs = JobsState()
        if not options.recorded:
            self.jobs.set_sort(self._choices.sort)
            self.jobs.set_filter(self._choices.filter)
        self.reporter = Reporter(self, self._environ)
        self.notifications = Notifications(options.board, self.capabilities)
        self.lifecycle = Lifecycle(
            open_service, find_job, connect=self._connect, failed=self.exit, now=now
        )
        self.commands = KeyCommands(
            self,
            lambda: self.board,
            self.jobs,
            self.lifecycle,
            self.reporter,
            options,
            glyphs=self.glyphs,
            key_names=self.key_names,
            environ=self._environ,
            touch=lambda: self.painter.touch(),
        )
        self.painter = Painter(
            self,
            lambda: self.board,
            self.jobs,
            self.lifecycle,
            self.notifications,
            glyphs=self.glyphs,
            remote=options.remote,
            place=options.place,
            details=self.commands.summaries.of,
            painted=self.commands.follow_question,
        )
        self._dress()

    @property
    def board(self) -> BoardScreen | None:
        """The screen below all dialogs; None before the start."""
        screen = self.screen_stack[0] if self.screen_stack else None
        return screen if isinstance(screen, BoardScreen) else None

    @property
    def failure(self) -> Exception | None:
        """The error that ended the board, if any."""
        return self.lifecycle.failure

    @property
    def outcome(self) -> Outcome:
        """The board's result so far."""
        quit_state, job = self.commands.quit_state, self.commands.own_job
        return Outcome(job, quit_state.interrupted, quit_state.outcome, self.reporter.notices)

    # -- start and end

    def get_default_screen(self) -> Screen[None]:
        preview = PreviewView(
            self._environ,
            self.capabilities,
            lambda code: self.write_codes((code,)),
            self.glyphs,
            blocks=preview_blocks(self._options.board),
        )
        self._own_screen = BoardScreen(
            preview,
            at_jobs=self.lifecycle.at_jobs,
            previewing=preview_wanted(self._options.board, self._environ)
            if self._choices.preview is None
            else self._choices.preview,
            timeline=self._choices.timeline,
            read_only=self._options.read_only,
            key_names=self.key_names,
            recorded=self._options.recorded,
        )
        return self._own_screen

    def _dress(self) -> None:
        """Apply settings before the first frame; later, all styles would be computed twice."""
        self.set_class(self._ascii, "-ascii")
        self.register_theme(AURA)
        known = self.available_themes
        wanted = (self._choices.theme, self._options.board.theme, AURA.name)
        self.set_reactive(App.theme, next(name for name in wanted if name in known))
        self.stylesheet.set_variables(self.get_css_variables())

    def on_mount(self) -> None:
        settings = self._options.board
        if settings.theme not in self.available_themes:
            wanted, names = clean_line(settings.theme, 80), ", ".join(self.available_themes)
            self.reporter.refuse(f"Unknown theme {wanted}. Themes: {names}")
        if settings.reduced_motion:
            self.animation_level = "none"
        self.set_keymap(settings.keys)
        # The first frame comes when the widgets know their sizes. Then the engine, whose imports
        # take a moment.
        self.call_after_refresh(self.lifecycle.start)

    async def on_unmount(self) -> None:
        await self.lifecycle.aclose()
        self.painter.stop()
        self._keep_choices()
        self.write_codes(self.notifications.close())

    def capabilities_changed(self) -> None:
        self.notifications.capable(self.capabilities)
        if self.board is not None:
            self.board.preview.capable(self.capabilities)
        self.painter.touch()

    def _keep_choices(self) -> None:
        """Keep the person's choices for the next start, if they changed here: another board may
        have kept others meanwhile."""
        board, recorded = self._own_screen, self._options.recorded
        if board is None:
            return
        theme = self.theme if self.theme != self._options.board.theme else None
        started = preview_wanted(self._options.board, self._environ)
        preview = board.has_class("-preview")
        choices = Choices(
            sort=self._kept.sort if recorded else self.jobs.sort,
            filter=self._kept.filter if recorded else self.jobs.filter.text[:MAX_FILTER],
            theme=theme if theme in self.available_themes else None,
            timeline=board.timeline_choice,
            preview=preview if preview is not started else None,
            settings=configured(self._options.board),
        )
        if choices != self._choices:
            kept_choices.write(self._choices_file, choices)

    def last_words(self) -> list[str]:
        """Restore the title and the taskbar."""
        return self.notifications.close()

    def _connect(self, service: JobService) -> BoardSync:
        self.reporter.opened(service.notices)
        sync = BoardSync(
            service,
            self.jobs,
            mode=self._options.mark,
            now=self.lifecycle.now,
            known=self.notifications.known,
            touch=self.painter.touch,
            told=self._changed,
            ended=self.commands.ended,
            gone=self._deleted,
            say=self.reporter.warn,
        )
        self.commands.connected(sync)
        return sync

    def _changed(self, before: Job | None, after: Job) -> None:
        """Handle an event of any job."""
        self.notifications.changed(before, after)
        self.commands.changed(after)

    def _deleted(self, job: Job) -> None:
        """Handle the deletion of the shown job by retention."""
        self.reporter.say(f"{clean_line(job.title, 80) or job.id} was deleted by retention")

    def _handle_exception(self, error: Exception) -> None:
        """Handle an exception of a handler or a callback: it ends the board, and the caller reports
        it. Textual would print it with all local values.

        The failure of a worker is reported, and the board continues."""
        if isinstance(error, WorkerFailed):
            asyncio.get_running_loop().call_exception_handler(
                {"message": "A worker of the board failed", "exception": error.error}
            )
            return
        self._return_code = 1
        if self._exception is None:  # for a test's pilot
            self._exception = error
            self._exception_event.set()
        if self.lifecycle.failure is None:
            self.lifecycle.failure = error
        self._close_messages_no_wait()

    # -- messages of the widgets

    def on_line_widget_repaint_requested(self) -> None:
        """A widget was resized, gained or lost the focus, or a key changed its view."""
        self.painter.touch()

    on_job_list_repaint_requested = on_line_widget_repaint_requested

    def on_stage_row_toggled(self, message: StageRow.Toggled) -> None:
        run = self.lifecycle.run
        if run.job is not None:
            run.toggle(run.job.step(message.stage))
            self.painter.touch()

    def on_job_list_opened(self, message: JobList.Opened) -> None:
        self.commands.open(message.job_id)

    def on_log_view_copy_asked(self, message: LogView.CopyAsked) -> None:
        line = "matching line" if message.searched else "line"
        self.copy_to_clipboard(message.text, counted(message.lines, line))

    def on_result_panel_copy_asked(self, message: ResultPanel.CopyAsked) -> None:
        self.copy_to_clipboard(message.path, "Path")

    def on_result_panel_open_asked(self, message: ResultPanel.OpenAsked) -> None:
        self.commands.ask(lambda prompts: prompts.open(message.job_id, message.artifact))

    def on_result_panel_save_asked(self, message: ResultPanel.SaveAsked) -> None:
        self.commands.ask(lambda prompts: prompts.save(message.job_id, message.artifact))

    # -- keys

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action.startswith("replay_") and len(self.screen_stack) > 1:
            return False  # its keys come before those of a dialog
        return self.commands.may(action, parameters)

    def action_idle(self, action: str) -> None:
        self.commands.idle(action)

    def action_cancel_run(self) -> None:
        self.commands.cancel()

    def action_undo_cancel(self) -> None:
        self.commands.undo()

    def action_retry_run(self) -> None:
        self.commands.retry()

    def action_new_job(self) -> None:
        self.commands.new_job()

    def action_pause_run(self) -> None:
        self.commands.change(Asked.PAUSE)

    def action_resume_run(self) -> None:
        self.commands.change(Asked.RESUME)

    def action_reconnect(self) -> None:
        self.commands.reconnect()

    def action_open_result(self) -> None:
        self.commands.with_result(lambda prompts, job, file: prompts.open(job.id, file))

    def action_copy_result(self) -> None:
        async def copy(_prompts: Prompts, _job: Job, file: Artifact) -> None:
            self.copy_to_clipboard(file.path, "Path")

        self.commands.with_result(copy)

    def action_save_result(self) -> None:
        self.commands.with_result(lambda prompts, job, file: prompts.save(job.id, file))

    def action_follow(self, following: bool) -> None:
        self.commands.follow(following)

    def action_failed(self, by: int) -> None:
        self.commands.to_failed(by)

    def action_pane(self, name: str) -> None:
        self._view(lambda board: board.to_pane(Pane(name)))

    def action_next_pane(self, by: int) -> None:
        self._view(lambda board: board.to_next_pane(by))

    def action_show_log(self) -> None:
        self._view(BoardScreen.toggle_log)

    def action_ffmpeg_log(self) -> None:
        self.commands.open_ffmpeg_log()

    def action_part(self, name: str) -> None:
        toggles = {
            "settings": BoardScreen.toggle_settings,
            "preview": BoardScreen.toggle_preview,
            "timeline": BoardScreen.toggle_timeline,
        }
        self._view(toggles[name])

    def action_to_jobs(self) -> None:
        self._view(BoardScreen.go_back)

    def _view(self, change: Callable[[BoardScreen], None]) -> None:
        if self.board is not None:
            change(self.board)
            self.painter.touch()

    def action_replay_toggle(self) -> None:
        self.commands.replay(playback.toggle)

    def action_replay_step(self, seconds: int) -> None:
        self.commands.replay(lambda service, sync: playback.step(service, sync, seconds))

    def action_replay_speed(self, by: int) -> None:
        self.commands.replay(lambda service, _: playback.change_speed(service, by))

    def action_help(self) -> None:
        """Cached: it is read often and doesn't change."""
        if not self.is_screen_installed("help"):
            from aura_tui.ui.screens.help import HelpScreen

            options = self._options
            screen = HelpScreen(options.read_only, self.key_names, recorded=options.recorded)
            self.install_screen(screen, "help")
        self.push_screen("help")

    def action_command_palette(self) -> None:
        if self.board is None or len(self.screen_stack) > 1:
            return
        from aura_tui.ui.screens.command_list import commands
        from aura_tui.ui.screens.palette import Palette

        recorded, why_idle = self._options.recorded, self.commands.why_idle
        found = commands(self, self.board, self.key_names, recorded=recorded, why_idle=why_idle)
        self.push_screen(Palette(tuple(found), self.glyphs, self.key_names), self._run_command)

    def action_change_theme(self) -> None:
        """Textual's own list draws signs that ASCII hasn't."""
        from aura_tui.ui.screens.themes import ThemesScreen

        def take(name: str | None) -> None:
            if name is not None:
                self.theme = name

        names = sorted(self.available_themes)
        self.push_screen(ThemesScreen(names, self.theme, self.glyphs, self.key_names), take)

    async def _run_command(self, command: Command | None) -> None:
        if command is not None:
            done = command.run()
            if isawaitable(done):
                await done

    async def action_quit(self) -> None:
        self.commands.quit()

    def action_interrupt(self) -> None:
        """Handle ctrl+c. It copies selected text, as in most programs; that does no harm, and the
        next one asks."""
        selected = self.screen.get_selected_text()
        if selected:
            self.copy_to_clipboard(selected)
            self.screen.clear_selection()
        else:
            self.commands.interrupt()

    # -- overrides of Textual

    def get_theme(self, theme_name: str) -> Theme | None:
        """A theme with enough contrast for all text of the board."""
        theme = super().get_theme(theme_name)
        if theme is None:
            return None
        if theme.name not in self._legible:
            self._legible[theme.name] = legible(theme)
        return self._legible[theme.name]

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return {"track": "ansi_bright_black"}  # in a theme of the terminal's own colours

    def copy_to_clipboard(self, text: str, what: str = "Selection") -> None:
        """Copy ``text``; the toast names ``what``."""
        self._clipboard = text  # Textual's paste reads it
        self.commands.work(partial(self.reporter.copy, text, what))

    def get_key_display(self, binding: Binding) -> str:
        """Name keys in ASCII if needed: Textual's signs for enter and the arrows aren't."""
        if self._ascii and binding.key in _SIGNS:
            return self.key_names.sign(binding.key)
        return super().get_key_display(binding)
