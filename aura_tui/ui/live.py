"""The board, live: a service is watched, its states are drawn, the terminal is told.

No key and no question here; see ``app.py``.
"""

from __future__ import annotations

import asyncio
import os
import sys
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Literal

import msgspec
from textual.app import App
from textual.screen import ModalScreen
from textual.worker import WorkerFailed

from aura_tui.errors import AuraError
from aura_tui.format import words
from aura_tui.model.job import Job
from aura_tui.model.sanitize import clean_line
from aura_tui.service import Connected, Delivering, Timed
from aura_tui.settings import Settings
from aura_tui.system.tasks import Supervisor
from aura_tui.ui.actions.commands import JobCommands
from aura_tui.ui.actions.job_form import JobForm
from aura_tui.ui.actions.summary_details import SummaryLookups
from aura_tui.ui.screens.board import BoardScreen
from aura_tui.ui.state.jobs import JobsState
from aura_tui.ui.state.quit import Leave, QuitState
from aura_tui.ui.state.run import RunState
from aura_tui.ui.sync.frame_limiter import FrameLimiter
from aura_tui.ui.sync.preview_updates import PreviewUpdates
from aura_tui.ui.sync.subscriptions import BoardSync
from aura_tui.ui.terminal.diff_app import DiffApp
from aura_tui.ui.terminal.driver import BoardDriver
from aura_tui.ui.terminal.notifications import Notifications
from aura_tui.ui.terminal.preview_image import preview_wanted
from aura_tui.ui.theme.colours import AURA
from aura_tui.ui.theme.glyphs import ASCII, UNICODE, is_ascii
from aura_tui.ui.widgets.preview import PreviewView

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping

    from textual.screen import Screen

    from aura_tui.service import JobService
    from aura_tui.settings import BoardSettings
    from aura_tui.ui.prompts import Prompts

# A change is drawn at once; the next one this soon after it at the earliest.
DRAWS_PER_SECOND = 30.0
WATCHING = "board feed"
FINDING = "job look-up"
_NOTICE_S = 20.0  # of how the engine was opened: a sentence or two


class BoardOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How the board is to behave.

    ``owns``: the job it is opened for is ours, so that ctrl+c cancels it. ``read_only``: no key
    changes anything, and leaving doesn't ask. ``remote``: the engine's files are on another
    machine. ``mode`` is said in the head ("recorded"). ``background``: whether work may be left
    to a background engine.
    """

    settings: Settings
    owns: bool = True
    read_only: bool = False
    remote: bool = False
    mode: str = ""
    background: bool = False


class Outcome(msgspec.Struct, frozen=True):
    """What the board leaves behind: the job it was opened for, as it was last seen, whether the
    person broke it off (by ctrl+c, or by leaving before there was a job), what becomes of work
    that isn't over, and what the service had to say for itself."""

    job: Job | None
    interrupted: bool
    leave: Leave = Leave.STAY
    notices: tuple[str, ...] = ()  # of how the engine was found, and what broke


class LiveBoard(DiffApp):
    """Follows a service and draws it; what keys and widgets ask for is the subclass's."""

    TITLE = "aura-tui"
    CSS_PATH = [  # noqa: RUF012 - Textual's own spelling
        "styles/board.tcss",
        "styles/jobs.tcss",
        "styles/run.tcss",
        "styles/log.tcss",
        "styles/preview.tcss",
        "styles/dialogs.tcss",
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
        # For NO_COLOR Textual sends greys, but with the terminal's own colours it sends none.
        plain = True if self._environ.get("NO_COLOR") else None
        super().__init__(driver_class=BoardDriver, ansi_color=plain)
        self.failure: Exception | None = None
        self._board_options = options
        self._open_service = open_service
        self._find_job = find_job
        self._now = now
        self._pace = 1.0  # of its seconds to ours
        encoding = getattr(sys.__stdout__, "encoding", None)
        self._ascii = self._settings.ascii or is_ascii(self._environ, encoding)
        self.glyphs = ASCII if self._ascii else UNICODE
        self.use_command_palette = not self._ascii  # it draws signs of its own
        self._jobs = JobsState()
        self._board_sync: BoardSync | None = None
        self._job_commands: JobCommands | None = None
        self._told_at_start: tuple[str, ...] = ()
        self._own: str | None = None  # the job the board was opened for
        self._quit_state = QuitState(self._jobs, read_only=self._board_options.read_only)
        self._summaries = SummaryLookups()
        self._job_form = JobForm(options.settings, remote=options.remote)
        self._notices = Notifications(self._settings, self._environ)
        self._preview_updates: PreviewUpdates | None = None
        self._limiter = FrameLimiter(self._draw, DRAWS_PER_SECOND)
        self._shown_keys: tuple[object, ...] = ()
        self._selecting: str | None = None
        self._prompts: Prompts | None = None
        self.supervisor = Supervisor()
        self._finding: asyncio.Task[str] | None = None
        self._mishaps: list[str] = []  # what broke, and was restarted
        self._dress()

    @property
    def _mode(self) -> str:
        return self._board_options.mode or ("read only" if self._board_options.read_only else "")

    @property
    def _settings(self) -> BoardSettings:
        return self._board_options.settings.board

    @property
    def outcome(self) -> Outcome:
        """As of now."""
        job = self._jobs.get(self._own) if self._own is not None else None
        shown = self._run.job
        if job is None or (shown is not None and shown.id == job.id):
            job = shown if self._own is not None else None
        quit_state = self._quit_state
        notices = (*self._told_at_start, *self._mishaps)
        return Outcome(job, quit_state.interrupted, quit_state.outcome, notices)

    @property
    def _run(self) -> RunState:
        return self._board_sync.run if self._board_sync is not None else _NOTHING

    @property
    def _board(self) -> BoardScreen | None:
        screen = self.screen_stack[0] if self.screen_stack else None
        return screen if isinstance(screen, BoardScreen) else None

    # -- start and end

    def get_default_screen(self) -> Screen[None]:
        preview = PreviewView(self._environ, lambda code: self._write((code,)), self.glyphs)
        wanted = preview_wanted(self._settings, self._environ)
        at_jobs = self._find_job is None
        can_make = not self._board_options.read_only
        return BoardScreen(preview, at_jobs=at_jobs, previewing=wanted, can_make=can_make)

    def _dress(self) -> None:
        """Ahead of the first frame: later all styles would be made a second time."""
        self.set_class(self._ascii, "-ascii")
        self.register_theme(AURA)
        known = self._settings.theme in self.available_themes
        self.set_reactive(App.theme, self._settings.theme if known else AURA.name)
        self.stylesheet.set_variables(self.get_css_variables())

    def on_mount(self) -> None:
        if self.theme != self._settings.theme:
            wanted, names = clean_line(self._settings.theme, 80), ", ".join(self.available_themes)
            self.say(f"There is no theme {wanted}. There are: {names}", error=True)
        if self._settings.reduced_motion:
            self.animation_level = "none"
        self.set_keymap(self._settings.keys)
        # The first frame comes when the widgets know their sizes. Then the engine, whose imports
        # take a moment.
        self.call_after_refresh(self._start)

    async def on_unmount(self) -> None:
        await self.supervisor.aclose()
        if self._finding is not None:
            self._finding.cancel()
            await asyncio.gather(self._finding, return_exceptions=True)
        self._limiter.stop()
        self._write(self._notices.close())

    def last_words(self) -> list[str]:
        """The title and the taskbar as they were."""
        return self._notices.close()

    def _start(self) -> None:
        self.supervisor.keep(WATCHING, self._serve, may_end=True)

    async def _serve(self) -> None:
        """Open the service, find the job, watch. Started again, it continues where it was."""
        try:
            service = await self._open_service()
            if self._board_sync is None:
                self._board_sync = self._opened(service)
            if self._find_job is not None and self._own is None:
                if self._finding is None:  # which may submit a job: once
                    self._finding = asyncio.ensure_future(self._find_job(service))
                    self._finding.set_name(FINDING)
                await asyncio.wait((self._finding,))
                if self._finding.cancelled():
                    raise RuntimeError("finding the job was cancelled")
                self._own = self._finding.result()
        except Exception as e:  # whatever it was: the caller tells it, on a terminal of its own
            self._fail(e)
            return
        try:
            await self._board_sync.serve(self._own)
        except AuraError as e:
            self._fail(e)

    def _opened(self, service: JobService) -> BoardSync:
        self._told_at_start = (*service.notices,)
        for notice in self._told_at_start:
            self.notify(notice, severity="warning", timeout=_NOTICE_S, markup=False)
        if isinstance(service, Timed):
            self._now, self._pace = service.now, service.pace
        watching = BoardSync(
            service,
            self._jobs,
            mode=self._mode,
            now=self._now,
            known=self._notices.known,
            touch=self._limiter.touch,
            told=self._told,
            ended=self._has_ended,
            gone=self._has_gone,
            say=partial(self.notify, severity="warning", timeout=_NOTICE_S, markup=False),
        )
        self._quit_state.owns_work = not isinstance(service, Connected)
        self._job_commands = JobCommands(watching, say=self._refuse)
        self.refresh_bindings()  # what can be asked now
        return watching

    def _work(
        self, call: Callable[[], Coroutine[None, None, None]], group: str = "", *, one: bool = False
    ) -> None:
        """Run ``call`` beside the rest; ``one`` at a time in its ``group``. On a board that is
        closing it isn't called, and so makes no coroutine that nobody would await."""
        self.run_worker(
            call,  # type: ignore[arg-type]  # of the union that it takes mypy infers no member
            group=group or "default",
            exclusive=one,
        )

    def _fail(self, error: Exception) -> None:
        self.failure = error
        self.exit()

    def _handle_exception(self, error: Exception) -> None:
        """What a handler or a callback raised. Textual would print it, with the values of all that
        stood around it; whoever opened the board tells it.

        A worker is beside the rest: its failure is told, and the board goes on."""
        if isinstance(error, WorkerFailed):
            asyncio.get_running_loop().call_exception_handler(
                {"message": "A worker of the board failed", "exception": error.error}
            )
            return
        self._return_code = 1
        if self._exception is None:  # for whoever drives a test
            self._exception = error
            self._exception_event.set()
        if self.failure is None:
            self.failure = error
        self._close_messages_no_wait()

    def tell_mishap(self, error: AuraError) -> None:
        """A background task broke; the board goes on. It is said again when the board is gone."""
        text = clean_line(f"{error.message}. {error.remediation}", 600)
        self._mishaps.append(text)
        if self.is_running:
            self.say(text, error=True)

    # -- what happens

    def _told(self, before: Job | None, after: Job) -> None:
        """An event of some job came."""
        self._notices.changed(before, after)
        if self._quit_state.may_go:
            self.exit()

    def _has_ended(self, run: RunState) -> None:
        """A run that is followed is over."""
        assert run.job is not None
        if self._quit_state.interrupted and run.job.id == self._own:
            self.exit()
        elif not self._quit_state.may_go:
            self._work(partial(self._look_up_end, run.job))

    def _has_gone(self, job: Job) -> None:
        """The run that was shown is kept no more."""
        self.say(f"{clean_line(job.title, 80) or job.id} is not kept any more")

    def _elsewhere(self, job: Job) -> bool:
        """Whether the files of ``job`` lie on another machine."""
        if self._board_sync is None or not self._board_options.remote:
            return self._board_options.remote
        service = self._board_sync.service
        return not (isinstance(service, Delivering) and service.has_delivered(job.id))

    async def _look_up_end(self, job: Job) -> None:
        if self._job_commands is not None:
            options = self._board_options
            await self._summaries.look_up(
                job, self._job_commands, remote=options.remote, plan=not options.read_only
            )
            self._limiter.touch()

    # -- drawing

    def _draw(self) -> None:
        if self.is_running:
            try:
                self._paint()
            except Exception as e:  # a timer's callback has nobody else to tell
                self._fail(e)

    def _paint(self) -> None:
        """Paint what changed, and come back when the next clock's second is due."""
        now = self._now()
        board, run = self._board, self._run
        if board is None:
            return
        if self._board_sync is not None and self._board_sync.connected is not None:
            run.set_connection(self._board_sync.connected.connection, now)
        board.show(self._jobs, run, now, self.glyphs)
        job = run.job
        ending = self._summaries.of(job)
        elsewhere = job is not None and self._elsewhere(job)
        key = "" if self._board_options.read_only else self._settings.keys.get("run.retry", "r")
        board.show_end(run, self.glyphs, ending, remote=elsewhere, retry_key=key)
        marked = (len(self._jobs.marked), *self._jobs.counts.items()) if self._jobs.marked else ()
        keys = (
            job and (job.id, job.status),
            run.asked,
            run.over,
            self._connection_offers(),
            marked,
        )
        if keys != self._shown_keys:
            self._shown_keys = keys
            self.refresh_bindings()
        if self._prompts is not None:
            self._prompts.follow()
        waits = (run.due_s(now), board.due_s(now))
        clock_s = asyncio.get_running_loop().time()
        self._notices.foreground(run.job)
        self._write(self._notices.take(clock_s))
        due = [wait / self._pace for wait in waits if wait is not None]
        notice_s = self._notices.due_s(clock_s)
        if notice_s is not None:
            due.append(notice_s)
        if due:
            self._limiter.touch(min(due))
        # A board that is closing starts no more workers.
        if board.shows_preview and self._board_sync is not None and not self._exit:
            self._preview(board).follow(self._board_sync.service, run)

    def _preview(self, board: BoardScreen) -> PreviewUpdates:
        if self._preview_updates is None:
            clock = asyncio.get_running_loop().time
            self._preview_updates = PreviewUpdates(
                board.preview, self.run_worker, self._limiter.touch, clock
            )
        return self._preview_updates

    def _connection_offers(self) -> object:
        """What of the connection decides over keys."""
        connection = self._board_sync.connection if self._board_sync is not None else None
        return connection is not None and connection.can_reconnect

    def at_work_s(self, job: Job) -> tuple[float, float | None]:
        """Seconds that ``job`` has been at work as far as it was told, and how old that is (None:
        it is up to date)."""
        run, now = self._run, self._now()
        shown = run.job is not None and run.job.id == job.id
        seconds = run.clock.elapsed_s(run.seen(now)) if shown else words.active_s(job)
        return seconds, run.pulse.age_s(now)

    def say(self, text: str, *, error: bool = False) -> None:
        """A line that shows for a moment."""
        severity: Literal["error", "information"] = "error" if error else "information"
        self.notify(text, severity=severity, timeout=8 if error else 3, markup=False)

    def _refuse(self, text: str) -> None:
        self.say(text, error=True)

    # -- what the terminal is told

    @property
    def _asks(self) -> bool:
        return isinstance(self.screen, ModalScreen)

    def copy_to_clipboard(self, text: str, what: str = "Selection") -> None:
        """Through OSC 52 as this terminal wants it, and through tmux. The toast names ``what``, and
        promises no more than is known: a terminal never says whether it took an OSC 52."""
        self._clipboard = text  # Textual's own paste reads it
        self._work(partial(self._copy, text, what))

    async def _copy(self, text: str, what: str) -> None:
        from aura_tui.ui.terminal.clipboard import sequence, through_tmux

        code = sequence(text, self._environ)
        if code is not None:
            self._write((code,))
        if await through_tmux(text, self._environ):
            self.say(f"{what} copied to the tmux buffer")
        elif code is not None:
            self.say(f"{what} sent to the terminal's clipboard")
        else:
            self.say("Too much for the clipboard; select a part of it by hand", error=True)

    def _write(self, codes: Iterable[str]) -> None:
        """Send control sequences of ours to the terminal, between two frames."""
        if self._driver is not None:
            for code in codes:
                self._driver.write(code)


_NOTHING = RunState()
