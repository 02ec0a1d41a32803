"""The board: wiring. A service feeds the state, the pacer draws it, keys ask the service.

:func:`board` runs it to its end; cancelling that task closes it in an orderly way, which is how a
signal handler ends it.
"""

from __future__ import annotations

import asyncio
import os
import sys
from contextlib import aclosing, suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, ClassVar

import msgspec
from textual.app import App, SystemCommand

from aura_tui.errors import AuraError, Code, EngineError
from aura_tui.model.job import Job
from aura_tui.model.status import JobStatus
from aura_tui.ui import bindings
from aura_tui.ui.follow import as_created, follow
from aura_tui.ui.glyphs import ASCII, UNICODE, is_ascii
from aura_tui.ui.opening import Opening
from aura_tui.ui.pacer import Pacer
from aura_tui.ui.screens.confirm import ConfirmCancel
from aura_tui.ui.screens.run import RunScreen
from aura_tui.ui.state import Asked, RunState
from aura_tui.ui.theme import AURA

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Mapping
    from contextlib import AbstractAsyncContextManager

    from textual.binding import Binding, BindingType
    from textual.screen import Screen

    from aura_tui.service import JobService
    from aura_tui.ui.widgets.stages import StageRow

DRAWS_PER_SECOND = 15.0


class Outcome(msgspec.Struct, frozen=True):
    """What the board leaves behind: the job as it was last seen, and whether the person broke it
    off: by ctrl+c, or by leaving before there was a job (then ``job`` is None)."""

    job: Job | None
    interrupted: bool


def run_board(
    make_service: Callable[[], AbstractAsyncContextManager[JobService]],
    find_job: Callable[[JobService], Awaitable[str]],
    *,
    read_only: bool = False,
    mouse: bool = True,
) -> Outcome:
    """:func:`board` in a loop of its own. KeyboardInterrupt where a SIGINT came from outside."""
    return asyncio.run(board(make_service, find_job, read_only=read_only, mouse=mouse))


async def board(
    make_service: Callable[[], AbstractAsyncContextManager[JobService]],
    find_job: Callable[[JobService], Awaitable[str]],
    *,
    read_only: bool = False,
    mouse: bool = True,
) -> Outcome:
    """Show one run until the person closes it.

    Both callables are used in this loop, after the first frame is on the screen: ``make_service``
    opens the engine, ``find_job`` submits or looks up and gives the job's id. The service is
    closed when the terminal is the shell's again. Raises what opening, finding or following
    raised. ``read_only``: no key changes the run, and leaving doesn't ask.
    """
    async with Opening(make_service) as opening:
        app = BoardApp(opening.service, find_job, read_only=read_only)
        await app.run_async(mouse=mouse)
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            raise asyncio.CancelledError  # Textual takes it as the end of the app
    if app.failure is not None:
        raise app.failure
    if app.return_code:
        raise EngineError(
            Code.INTERNAL,
            "The board broke down",
            "Follow the run with --progress plain; please report what was printed above.",
        )
    return app.outcome


class BoardApp(App[None]):
    """One run on the screen."""

    TITLE = "aura-tui"
    CSS_PATH = ["board.tcss", "jobs.tcss", "run.tcss", "log.tcss", "dialogs.tcss"]  # noqa: RUF012 - Textual's own spelling
    BINDINGS: ClassVar[list[BindingType]] = [*bindings.APP]

    def __init__(
        self,
        open_service: Callable[[], Awaitable[JobService]],
        find_job: Callable[[JobService], Awaitable[str]],
        *,
        read_only: bool = False,
        environ: Mapping[str, str] | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        environ = os.environ if environ is None else environ
        # For NO_COLOR Textual sends greys, but with the terminal's own colours it sends none.
        super().__init__(ansi_color=True if environ.get("NO_COLOR") else None)
        self.failure: Exception | None = None
        self._open_service = open_service
        self._find_job = find_job
        self._read_only = read_only
        self._now = now
        self._ascii = is_ascii(environ, getattr(sys.__stdout__, "encoding", None))
        self._glyphs = ASCII if self._ascii else UNICODE
        self.use_command_palette = not self._ascii  # it draws signs of its own
        self._state = RunState()
        self._service: JobService | None = None
        self._interrupted = False
        self._pacer = Pacer(self._draw, DRAWS_PER_SECOND)
        self._shown_keys: tuple[object, ...] = ()

    @property
    def outcome(self) -> Outcome:
        """As of now."""
        return Outcome(self._state.job, self._interrupted)

    # -- start and end

    def get_default_screen(self) -> Screen[None]:
        return RunScreen()

    def on_mount(self) -> None:
        self.set_class(self._ascii, "-ascii")
        self.register_theme(AURA)
        self.theme = AURA.name
        # The first frame comes when the widgets know their sizes. Then the engine, whose imports
        # take a moment.
        self.call_after_refresh(self._start)

    def on_unmount(self) -> None:
        self._pacer.stop()

    def _start(self) -> None:
        self.run_worker(self._follow(), exit_on_error=False)

    async def _follow(self) -> None:
        try:
            self._service = await self._open_service()
            job_id = await self._find_job(self._service)
            self._state.job = as_created(await self._service.get(job_id))
            async with aclosing(follow(self._service, job_id)) as followed:
                async for job, envelope in followed:
                    self._state.apply(job, envelope, self._now())
                    self._pacer.touch()
        except Exception as e:  # whatever it was: the caller tells it, on a terminal of its own
            self._fail(e)
            return
        self._state.finish()
        self._pacer.touch()
        if self._interrupted:
            self.exit()
        await self._let_go()

    async def _let_go(self) -> None:
        """A board that stays open on a result keeps nobody from the engine."""
        if self._service is None or not self._state.ended:
            return
        with suppress(AuraError):
            queue = await self._service.queue()
            if not queue.running and not queue.queued:
                await self._service.aclose()

    def _fail(self, error: Exception) -> None:
        self.failure = error
        self.exit()

    # -- drawing

    def _draw(self) -> None:
        if self.is_running:
            try:
                self._paint()
            except Exception as e:  # a timer's callback has nobody else to tell
                self._fail(e)

    def _paint(self) -> None:
        """Paint what changed, and come back when the clock's next second is due."""
        now = self._now()
        screen = self.screen_stack[0]
        if isinstance(screen, RunScreen):
            screen.show(self._state, now, self._glyphs)
        keys = (self._state.job and self._state.job.status, self._state.asked, self._state.over)
        if keys != self._shown_keys:
            self._shown_keys = keys
            self.refresh_bindings()
            self._close_question()
        if self._state.clock.ticking:
            self._pacer.touch(1.0 - self._state.clock.elapsed_s(now) % 1.0)

    def _close_question(self) -> None:
        if (self._state.ended or self._state.over) and isinstance(self.screen, ConfirmCancel):
            self.screen.dismiss(False)

    def on_painted_stale(self) -> None:
        """A widget was resized, or gained or lost the focus."""
        self._pacer.touch()

    def on_stage_row_toggled(self, message: StageRow.Toggled) -> None:
        if self._state.job is not None:
            self._state.toggle(self._state.job.step(message.stage))
            self._pacer.touch()

    # -- keys

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        changing = ("cancel_run", "pause_run", "resume_run")
        if action not in changing:
            return True
        job, asked = self._state.job, self._state.asked
        if job is None or self._state.over or self._read_only or job.status.ended:
            return False
        if action == "cancel_run":
            return asked is not Asked.CANCEL
        wanted = JobStatus.RUNNING if action == "pause_run" else JobStatus.PAUSED
        return job.status is wanted and asked is None

    def action_cancel_run(self) -> None:
        job = self._state.job
        if job is not None:
            elapsed_s = self._state.clock.elapsed_s(self._now())
            self.push_screen(ConfirmCancel(job, elapsed_s, self._glyphs), self._on_answer)

    def _on_answer(self, cancel: bool | None) -> None:
        if cancel:
            self._ask(Asked.CANCEL)

    def action_pause_run(self) -> None:
        self._ask(Asked.PAUSE)

    def action_resume_run(self) -> None:
        self._ask(Asked.RESUME)

    def _ask(self, asked: Asked) -> None:
        if not self._state.ended and self._state.asked is not Asked.CANCEL:
            self._state.asked = asked
            self._pacer.touch()
            self.run_worker(self._request(asked), exit_on_error=False)

    async def _request(self, asked: Asked) -> None:
        service, job = self._service, self._state.job
        if service is None or job is None:
            return
        call = {
            Asked.CANCEL: service.cancel,
            Asked.PAUSE: service.pause,
            Asked.RESUME: service.resume,
        }[asked]
        try:
            await call(job.id)
        except AuraError as e:
            if self._state.asked is asked:
                self._state.asked = None
            self._pacer.touch()
            text = f"{e.message}. {e.remediation}"
            self.notify(text, severity="error", markup=False)

    async def action_quit(self) -> None:
        """Close; while a run of ours is under way, ask what becomes of it."""
        if self._read_only or self._state.over or self._state.ended or self._state.job is None:
            self._interrupted = self._state.job is None
            self.exit()
        elif self._state.asked is not Asked.CANCEL and not isinstance(self.screen, ConfirmCancel):
            self.action_cancel_run()

    def action_interrupt(self) -> None:
        """ctrl+c: cancel without asking and wait for it; the second one leaves at once.

        Where text is selected it copies that, as in most programs: a run lost to a copy is worse.
        """
        selected = self.screen.get_selected_text()
        if selected:
            self.copy_to_clipboard(selected)
            self.screen.clear_selection()
            self.notify("Copied", timeout=2, markup=False)
            return
        if self._state.over or self._state.ended:
            self.exit()
            return
        again, self._interrupted = self._interrupted, True
        if again or self._read_only or self._state.job is None:
            self.exit()
        else:
            self._ask(Asked.CANCEL)

    def get_key_display(self, binding: Binding) -> str:
        """Textual's own sign for enter is no ASCII."""
        if self._ascii and binding.key == "enter":
            return "enter"
        return super().get_key_display(binding)

    def action_help(self) -> None:
        from aura_tui.ui.screens.help import HelpScreen

        self.push_screen(HelpScreen())

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        yield from super().get_system_commands(screen)
        for title, help_text, action in (
            ("Cancel", "Cancel the run; asks first", "cancel_run"),
            ("Pause", "Pause the run", "pause_run"),
            ("Resume", "Let the paused run go on", "resume_run"),
        ):
            if self.check_action(action, ()):
                yield SystemCommand(title, help_text, getattr(self, f"action_{action}"))
