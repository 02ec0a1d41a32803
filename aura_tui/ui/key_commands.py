"""Key commands on jobs and the board: their target jobs, whether they are enabled, and the dialogs
that confirm them."""

from __future__ import annotations

from functools import partial
from time import monotonic
from typing import TYPE_CHECKING

from aura_tui.errors import AuraError
from aura_tui.format.impact import states
from aura_tui.model.status import JobStatus
from aura_tui.model.text.sanitize import clean_line
from aura_tui.service import Connected, Seekable
from aura_tui.ui.actions.commands import JobCommands, refusal
from aura_tui.ui.actions.job_form import JobForm
from aura_tui.ui.actions.summary_details import SummaryLookups
from aura_tui.ui.actions.undo import CancelUndo
from aura_tui.ui.keys import disabled
from aura_tui.ui.state.quit import Leave, QuitState
from aura_tui.ui.state.run import Asked
from aura_tui.ui.state.summary import main_file
from aura_tui.ui.state.undo import UNDO_S

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

_CHANGING = {"cancel_run", "undo_cancel", "retry_run", "pause_run", "resume_run", "new_job"}
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
        self.clock_s: Callable[[], float] = monotonic
        self._own_retry: str | None = None
        self._commands: JobCommands | None = None
        self._prompts: Prompts | None = None
        self.quit_state = QuitState(jobs, read_only=options.read_only)
        self.job_form = JobForm(options.settings, remote=options.remote, environ=environ)
        self.summaries = SummaryLookups()
        self._undo = CancelUndo(
            jobs,
            clock_s=lambda: self.clock_s(),
            retry=self._undo_by_retry,
            say=reporter.say,
            available=self._undo_changed,
            keys=(key_names.of("run.undo"), key_names.of("run.retry")),
        )

    def connected(self, sync: BoardSync) -> None:
        """Enable commands: ``sync`` is subscribed to the service."""
        self.quit_state.owns_work = not isinstance(sync.service, Connected)
        self._commands = JobCommands(sync, say=self._reporter.refuse, retried=self._retried)
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
            case "undo_cancel":
                return self._undo.possible
            case "open_result" | "copy_result" | "save_result":
                return self.job is not None and self.job.status is JobStatus.SUCCEEDED
            case "follow":
                if parameters == (False,):
                    return self._jobs.following
                return not self._jobs.following and self._jobs.has_running
            case "ffmpeg_log":
                return self.job is not None
            case "part" if parameters == ("settings",):
                return board is not None and board.shows_a_job
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
        sync, options = self._lifecycle.sync, self._options
        if action == "undo_cancel" and not options.read_only:
            self._reporter.say(self._undo.reason)
            return
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

    def undo(self) -> None:
        """Undo the newest cancel."""
        self._undo.undo()

    def _undo_by_retry(self, jobs: Sequence[Job], done: str) -> None:
        """Retry cancelled jobs, then say ``done``."""

        async def retry(commands: JobCommands) -> None:
            if new := await commands.retry(jobs):
                self._reporter.say(done)
                self.open(new[-1].id)

        if self._commands is not None:
            self.work(partial(retry, self._commands))

    def _undo_changed(self) -> None:
        """A cancel can be undone now, or not any more: that shows in the key bar."""
        board = self._board()
        if board is not None:  # it has its timers end with it
            board.refresh_bindings()
            board.set_timer(UNDO_S + 0.1, board.refresh_bindings)

    def new_job(self) -> None:
        """Show the new-job form."""
        self.ask(lambda prompts: self._then_open(prompts.new_job(self.job_form)))

    def change(self, asked: Asked) -> None:
        """Pause or resume the targets."""
        if self._commands is not None:
            jobs = [job for job in self.targets if self._commands.may(asked, job)]
            self.work(partial(self._change, self._commands, asked, jobs))
            self.show_cursor()

    def replay(self, change: Callable[[Seekable, BoardSync], None]) -> None:
        """Pause, seek, or change the speed of the replay."""
        sync = self._lifecycle.sync
        if sync is not None and sync.seekable is not None:
            change(sync.seekable, sync)
            self._touch()

    @staticmethod
    async def _change(commands: JobCommands, asked: Asked, jobs: Sequence[Job]) -> None:
        await commands.change(asked, jobs)

    def reconnect(self) -> None:
        """Retry the connection now."""
        sync = self._lifecycle.sync
        if sync is not None and sync.connected is not None:
            sync.connected.reconnect()

    def ask(self, question: Callable[[Prompts], Awaitable[object]]) -> None:
        """Open a dialog in a worker; one at a time. The job that it means shows behind it."""
        if not self._asking and (prompts := self._get_prompts()) is not None:
            self.show_cursor()
            self.work(partial(self._asked, question, prompts), "question", one=True)

    def _get_prompts(self) -> Prompts | None:
        """The dialogs; None until connected."""
        if self._prompts is None and self._commands is not None:
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
                undo=self._undo,
                check_folder=self.job_form.check_folder,
            )
        return self._prompts

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

    def open_ffmpeg_log(self) -> None:
        """Show FFmpeg's log of the job under the cursor in the pager."""
        job = self.job
        if job is not None:
            self.ask(lambda prompts: self._page_ffmpeg_log(prompts, job))

    async def _page_ffmpeg_log(self, prompts: Prompts, job: Job) -> None:
        from aura_tui.ui.actions.open_and_save import ffmpeg_log

        options = self._options
        home = options.settings.home
        await prompts.page(ffmpeg_log(job, home, remote=options.remote, recorded=options.recorded))

    # -- the board's own job

    @property
    def own_job(self) -> Job | None:
        """The job the board was opened for, as last seen; after a retry of it here, the new one."""
        own, shown = self._own_retry or self._lifecycle.own, self._lifecycle.run.job
        if own is None:
            return None
        job = self._jobs.get(own)
        return shown if job is None or (shown is not None and shown.id == own) else job

    def _retried(self, old: Job, new: Job) -> None:
        if old.id == (self._own_retry or self._lifecycle.own):
            self._own_retry = new.id

    def ended(self, run: RunState) -> None:
        """Handle the end of a followed job."""
        assert run.job is not None
        if not self.quit_state.may_go:
            self.work(partial(self._look_up_end, run.job))

    async def _look_up_end(self, job: Job) -> None:
        if self._commands is not None:
            remote, plan = self._options.remote, not self._options.read_only
            await self.summaries.look_up(job, self._commands, remote=remote, plan=plan)
            self._touch()

    # -- quitting

    def changed(self, job: Job) -> None:
        """Handle an event of any job."""
        self._undo.changed(job)
        self._quit_if_decided()

    def _quit_if_decided(self) -> None:
        """Close the board once the decision on quitting has taken effect."""
        if self.quit_state.may_go:
            self._app.exit()

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
        quit_state, jobs = self.quit_state, self.quit_state.ending()
        theirs = not jobs  # our job is in another process's engine, or paused
        leave, open_ = await prompts.leave(
            jobs or self._own_open,
            can_background=self._options.background or theirs,
            theirs=theirs,
            again=self._again(),
        )
        if quit_state.interrupted:
            return
        quit_state.leave = leave
        if leave is Leave.CANCEL:
            await self._cancel_and_quit(open_)
        self._quit_if_decided()

    async def _cancel_and_quit(self, jobs: Sequence[Job]) -> None:
        """Cancel ``jobs``; the board closes when they have ended. If the engine refuses, it stays:
        a toast says why."""
        assert self._commands is not None
        self.quit_state.cancelling = tuple(job.id for job in jobs)
        await self._commands.change(Asked.CANCEL, jobs)
        now = (self._jobs.get(job.id) for job in jobs)
        if any(job is not None and self._commands.may(Asked.CANCEL, job) for job in now):
            self.quit_state.leave, self.quit_state.interrupted = Leave.STAY, False
        self._quit_if_decided()

    @property
    def _own_open(self) -> Sequence[Job]:
        """The board's own job while it hasn't ended, if ctrl+c may cancel it."""
        own = self.own_job
        ours = self._commands is not None and self._options.owns and not self._options.read_only
        return () if own is None or own.status.ended or not ours else (own,)

    @property
    def _meant(self) -> Sequence[Job]:
        """The jobs that ctrl+c cancels: the board's own; of a board without one, those that run in
        this process."""
        return self.quit_state.ending() if self._lifecycle.at_jobs else self._own_open

    def interrupt(self) -> None:
        """Ask whether to quit. The second time in a row, cancel our jobs and wait for that, or quit
        if there are none; once more, quit at once. Where a dialog is open, close it instead."""
        quit_state, now_s = self.quit_state, self.clock_s()
        asks = not self._asking or getattr(self._app.screen, "quits", False)
        if quit_state.interrupted:
            self._app.exit()
        elif asks and quit_state.is_second(now_s):
            self._interrupted()
        elif self._asking:
            self._app.screen.dismiss(None)
        else:
            quit_state.asked_at_s = now_s
            self.work(self._ask_to_quit, "question", one=True)

    def _interrupted(self) -> None:
        own = self.own_job
        self.quit_state.interrupted = own is None or not own.status.ended
        if not (jobs := self._meant):
            self._app.exit()
            return
        self.quit_state.leave = Leave.CANCEL
        if self._asking:
            self._app.screen.dismiss(None)
        self.work(partial(self._cancel_and_quit, jobs))

    async def _ask_to_quit(self) -> None:
        from aura_tui.ui.screens.leave import ConfirmQuit

        try:
            if self.quit_state.interrupted:  # the second key came before this task
                return
            if (self._meant or self.quit_state.ending()) and (prompts := self._get_prompts()):
                await self._leave(prompts)
                return
            note = ""
            if self._lifecycle.connection is not None and (open_ := states(self._jobs)):
                note = f"{', '.join(open_)}; unaffected by quitting"
            screen = ConfirmQuit(self._glyphs, note=note, again=self._again())
            if await self._app.push_screen_wait(screen) is Leave.STOP:
                self.quit()
        finally:
            self.quit_state.asked_at_s = None

    def _again(self) -> str:
        """What ctrl+c does now if it asked the question; "" if another key did."""
        if self.quit_state.asked_at_s is None:
            return ""
        key, meant = self._key_names.of("app.interrupt"), self._meant
        if not meant:
            return f"{key} again: quit"
        title = clean_line(meant[0].title, 30) or meant[0].id
        named = title if len(meant) == 1 else f"all {len(meant)}"
        return f"{key} again: cancel {named} and quit"
