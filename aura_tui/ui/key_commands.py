"""Key commands on jobs and the board: their target jobs, whether they are enabled, and the dialogs
that confirm them."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from aura_tui.errors import AuraError
from aura_tui.model.status import JobStatus
from aura_tui.service import Connected, Seekable
from aura_tui.ui.actions.commands import JobCommands, refusal
from aura_tui.ui.actions.job_form import JobForm
from aura_tui.ui.actions.summary_details import SummaryLookups
from aura_tui.ui.keys import disabled
from aura_tui.ui.state.quit import QuitState
from aura_tui.ui.state.run import Asked
from aura_tui.ui.state.summary import main_file

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence

    from aura_tui.model.events import Artifact
    from aura_tui.model.job import Job
    from aura_tui.ui.keys.names import KeyNames
    from aura_tui.ui.prompts import Prompts
    from aura_tui.ui.screens.board import BoardScreen
    from aura_tui.ui.state.jobs import JobsState
    from aura_tui.ui.state.options import BoardOptions
    from aura_tui.ui.state.run import RunState
    from aura_tui.ui.sync.lifecycle import Lifecycle
    from aura_tui.ui.sync.subscriptions import BoardSync
    from aura_tui.ui.terminal.diff_app import DiffApp
    from aura_tui.ui.terminal.reporter import Reporter
    from aura_tui.ui.theme.glyphs import Glyphs

_CHANGING = {"cancel_run", "retry_run", "pause_run", "resume_run", "new_job"}
_ASKED = {
    "cancel_run": Asked.CANCEL,
    "pause_run": Asked.PAUSE,
    "resume_run": Asked.RESUME,
}


class KeyCommands:
    """Carries out the keys of ``app``, with its workers and dialogs.

    ``board`` returns the board's screen, ``touch`` requests a paint. Commands that change jobs are
    disabled until :meth:`connected`.
    """

    def __init__(
        self,
        app: DiffApp,
        board: Callable[[], BoardScreen | None],
        jobs: JobsState,
        lifecycle: Lifecycle,
        reporter: Reporter,
        options: BoardOptions,
        *,
        glyphs: Glyphs,
        key_names: KeyNames,
        environ: Mapping[str, str],
        touch: Callable[[], None],
    ) -> None:
        self._app = app
        self._board = board
        self._jobs = jobs
        self._lifecycle = lifecycle
        self._reporter = reporter
        self._options = options
        self._glyphs = glyphs
        self._key_names = key_names
        self._environ = environ
        self._touch = touch
        self._commands: JobCommands | None = None
        self._prompts: Prompts | None = None
        self.quit_state = QuitState(jobs, read_only=options.read_only)
        self.job_form = JobForm(options.settings, remote=options.remote, environ=environ)
        self.summaries = SummaryLookups()

    def connected(self, sync: BoardSync) -> None:
        """Enable commands: ``sync`` is subscribed to the service."""
        self.quit_state.owns_work = not isinstance(sync.service, Connected)
        self._commands = JobCommands(sync, say=self._reporter.refuse)
        self._app.refresh_bindings()

    def work(
        self, call: Callable[[], Coroutine[None, None, None]], group: str = "", *, one: bool = False
    ) -> None:
        """Run ``call`` in a worker; with ``one``, exclusively in its ``group``. A closing board
        doesn't call it, so no coroutine is left unawaited."""
        self._app.run_worker(
            call,  # type: ignore[arg-type]  # mypy can't infer a member of the union
            group=group or "default",
            exclusive=one,
        )

    # -- targets and conditions

    @property
    def job(self) -> Job | None:
        """The job under the cursor, which is the one that is shown; None if there is none, or no
        more is heard of it."""
        cursor, run = self._jobs.cursor, self._lifecycle.run
        job = None if cursor is None else self._jobs.get(cursor)
        shown = run.job
        if job is None or shown is None or shown.id != job.id:
            return job
        if run.over and not run.ended:
            return None
        return shown if shown.last_event_id > job.last_event_id else job

    @property
    def targets(self) -> Sequence[Job]:
        """The jobs that a changing key acts on: the marked ones if the list is visible, else the
        one under the cursor."""
        board = self._board()
        if board is not None and self._jobs.marked and board.shows_jobs:
            return self._jobs.targets
        return () if self.job is None else (self.job,)

    def may(self, action: str, parameters: tuple[object, ...] = ()) -> bool:
        """Whether ``action`` has an effect now."""
        if action in _CHANGING and (self._options.read_only or self._commands is None):
            return False
        board = self._board()
        match action:
            case "cancel_run" | "pause_run" | "resume_run":
                assert self._commands is not None
                return any(self._commands.may(_ASKED[action], job) for job in self.targets)
            case "retry_run":
                return any(JobCommands.may_retry(job) for job in self.targets)
            case "open_result" | "copy_result" | "save_result":
                return self.job is not None and self.job.status is JobStatus.SUCCEEDED
            case "follow":
                if parameters == (False,):
                    return self._jobs.following
                return not self._jobs.following and self._jobs.has_running
            case "pane" if parameters != ("jobs",):
                return board is not None and board.shows_a_job
            case "next_pane":
                return board is not None and (board.shows_a_job or not board.in_jobs)
            case "replay_toggle" | "replay_step" | "replay_speed":
                sync = self._lifecycle.sync
                if sync is None or sync.seekable is None:
                    return False
                return board is not None and not board.is_typing
            case "reconnect":
                return self._lifecycle.can_reconnect
            case "to_jobs":
                return board is not None and board.can_go_back
        return True

    def idle(self, action: str) -> None:
        """Say why a key has no effect: ``action`` is disabled now."""
        sync = self._lifecycle.sync
        if sync is None or any(map(sync.pending, self.targets)):
            return  # not connected yet, or the command is pending
        why = self.reason(action)
        if why:
            self._reporter.say(why)

    def why_idle(self, action: str, parameters: tuple[object, ...]) -> str | None:
        """Why ``action`` has no effect now, "" without a particular reason; None if it has one."""
        return None if self.may(action, parameters) else self.reason(action)

    def reason(self, action: str) -> str:
        """Why ``action`` is disabled; "" without a particular reason."""
        options = self._options
        nothing = "" if self.targets else self._no_job
        return disabled.reason(
            action, looks_on=options.read_only, recorded=options.recorded, nothing=nothing
        )

    @property
    def _no_job(self) -> str:
        """Why no job is shown; "" if the reason is another one."""
        if self._jobs.cursor is not None or self._jobs.loading:
            return ""
        return "No job matches the filter" if len(self._jobs) else "There is no job yet"

    # -- commands

    def cancel(self) -> None:
        """Cancel the targets, after a confirmation."""
        targets = self.targets  # now: by the time of the dialog the cursor may have moved on
        self.ask(lambda prompts: self._then_unmark(prompts.cancel(targets)))

    def retry(self) -> None:
        """Retry the targets, after showing the plan."""
        targets = self.targets
        self.ask(lambda prompts: self._then_open(prompts.retry(targets)))

    def new_job(self) -> None:
        """Show the new-job form."""
        self.ask(lambda prompts: self._then_open(prompts.new_job(self.job_form)))

    def change(self, asked: Asked) -> None:
        """Pause or resume the targets."""
        if self._commands is not None:
            self.work(partial(self._commands.change, asked, self.targets))
            self.show_cursor()

    def replay(self, change: Callable[[Seekable, BoardSync], None]) -> None:
        """Pause, seek, or change the speed of the replay."""
        sync = self._lifecycle.sync
        if sync is not None and sync.seekable is not None:
            change(sync.seekable, sync)
            self._touch()

    def reconnect(self) -> None:
        """Retry the connection now."""
        sync = self._lifecycle.sync
        if sync is not None and sync.connected is not None:
            sync.connected.reconnect()

    def ask(self, question: Callable[[Prompts], Awaitable[object]]) -> None:
        """Open a dialog in a worker; one at a time. The job that it means shows behind it."""
        if self._commands is None or self._asking:
            return
        self.show_cursor()
        if self._prompts is None:
            from aura_tui.ui.prompts import Prompts

            self._prompts = Prompts(
                self._app,
                self._commands,
                jobs=self._jobs,
                quit_state=self.quit_state,
                glyphs=self._glyphs,
                key_names=self._key_names,
                environ=self._environ,
                at_work_s=self._lifecycle.at_work_s,
                say=self._reporter.say,
            )
        self.work(partial(self._asked, question, self._prompts), "question", one=True)

    @property
    def _asking(self) -> bool:
        """Whether a dialog, the help or the palette is open."""
        return len(self._app.screen_stack) > 1

    async def _asked(
        self, question: Callable[[Prompts], Awaitable[object]], prompts: Prompts
    ) -> None:
        try:
            await question(prompts)
        except AuraError as e:
            self._reporter.refuse(refusal(e))

    async def _then_unmark(self, cancelling: Awaitable[bool]) -> None:
        if await cancelling:
            self._jobs.clear_marks()
            self._touch()

    async def _then_open(self, making: Awaitable[Job | None]) -> None:
        job = await making
        if job is not None:
            self._jobs.clear_marks()
            self.open(job.id)

    def follow_question(self) -> None:
        """Update the jobs in an open dialog."""
        if self._prompts is not None:
            self._prompts.follow()

    # -- the shown job

    def show_cursor(self) -> None:
        """Show the job under the cursor now, wherever that was going."""
        if self._lifecycle.sync is not None:
            self._lifecycle.sync.follow_cursor(at_once=True)
        self._touch()

    def open(self, job_id: str) -> None:
        """Show a job and give it the keys."""
        self._jobs.place(job_id)
        self._jobs.seen(job_id)
        self.show_cursor()
        board = self._board()
        if board is not None:
            board.go(to_jobs=False)

    def follow(self, following: bool) -> None:
        """Have the shown job be the running one, or end that."""
        self._jobs.follow(following)
        self.show_cursor()

    def to_failed(self, by: int) -> None:
        """Show the next failed job (1) or the previous one (-1)."""
        if self._jobs.to_failed(by):
            self.show_cursor()
        else:
            self._reporter.say(f"No failed job {'below' if by > 0 else 'above'}")

    # -- files

    def with_result(self, use: Callable[[Prompts, Job, Artifact], Awaitable[object]]) -> None:
        """Call ``use`` with the video of the job under the cursor."""
        job = self.job
        if job is not None:
            self.ask(lambda prompts: self._with_result(prompts, job, use))

    async def _with_result(
        self,
        prompts: Prompts,
        job: Job,
        use: Callable[[Prompts, Job, Artifact], Awaitable[object]],
    ) -> None:
        assert self._commands is not None
        file = main_file(await self._commands.whole(job))
        if file is None:
            self._reporter.say("The engine reported no file")
        else:
            await use(prompts, job, file)

    # -- the board's own job

    @property
    def own_job(self) -> Job | None:
        """The job the board was opened for, as last seen."""
        own, shown = self._lifecycle.own, self._lifecycle.run.job
        if own is None:
            return None
        job = self._jobs.get(own)
        return shown if job is None or (shown is not None and shown.id == own) else job

    def ended(self, run: RunState) -> None:
        """Handle the end of a followed job."""
        assert run.job is not None
        if self.quit_state.interrupted and run.job.id == self._lifecycle.own:
            self._app.exit()
        elif not self.quit_state.may_go:
            self.work(partial(self._look_up_end, run.job))

    async def _look_up_end(self, job: Job) -> None:
        if self._commands is not None:
            remote, plan = self._options.remote, not self._options.read_only
            await self.summaries.look_up(job, self._commands, remote=remote, plan=plan)
            self._touch()

    # -- quitting

    def quit(self) -> None:
        """Close the board; if jobs run in this process, ask what to do with them."""
        if self._lifecycle.finding:
            self.quit_state.interrupted = True  # before the job was submitted
            self._app.exit()
        elif not self.quit_state.ending():
            self._app.exit()
        else:
            self.ask(self._leave)

    async def _leave(self, prompts: Prompts) -> None:
        ending, background = self.quit_state.ending(), self._options.background
        self.quit_state.leave = await prompts.leave(ending, can_background=background)
        self.quit_if_decided()

    def quit_if_decided(self) -> None:
        """Close the board once the decision on quitting has taken effect."""
        if self.quit_state.may_go:
            self._app.exit()

    def interrupt(self) -> None:
        """Cancel the board's own job without asking, and wait for that; the second time, quit at
        once. Without such a job, close the open dialog, if any; else quit, asking as
        :meth:`quit` does."""
        quit_state, own = self.quit_state, self.own_job
        ours = own is not None and not own.status.ended and self._options.owns
        if ours and own is not None and self._commands is not None and not quit_state.interrupted:
            quit_state.interrupted = True
            self.work(partial(self._commands.change, Asked.CANCEL, (own,)))
        elif self._asking and not quit_state.interrupted:
            self._app.screen.dismiss(None)  # closing a dialog isn't quitting
        elif self._lifecycle.at_jobs and quit_state.ending():
            self.ask(self._leave)
        else:
            quit_state.interrupted = quit_state.interrupted or own is None or not own.status.ended
            self._app.exit()
