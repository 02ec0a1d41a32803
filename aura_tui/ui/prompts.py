"""Prompts: each opens a dialog and carries out the answer.

They run as workers of the application, so that they can await an answer.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from aura_tui.errors import AuraError
from aura_tui.service import RetryPlan
from aura_tui.system.environment import without_secrets
from aura_tui.system.path_completion import PathCompletion, complete_path
from aura_tui.ui.state.job_draft import Draft
from aura_tui.ui.state.quit import Leave
from aura_tui.ui.state.run import Asked

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence
    from typing import Any

    from textual.screen import ModalScreen, Screen

    from aura_tui.model.events import Artifact
    from aura_tui.model.job import Job
    from aura_tui.ui.actions.commands import JobCommands
    from aura_tui.ui.actions.job_form import JobForm
    from aura_tui.ui.actions.undo import CancelUndo
    from aura_tui.ui.keys.names import KeyNames
    from aura_tui.ui.screens.new_job import NewJobScreen
    from aura_tui.ui.state.job_draft import Submission
    from aura_tui.ui.state.jobs import JobsState
    from aura_tui.ui.state.quit import QuitState
    from aura_tui.ui.terminal.diff_app import DiffApp
    from aura_tui.ui.theme.glyphs import Glyphs

T = TypeVar("T")

_NO_PLAN = RetryPlan((), None)


class Prompts:
    """Dialogs on the screens of ``app``; ``commands`` carries out the answers.

    ``at_work_s`` returns a job's active seconds and the age of that figure; ``say`` shows a toast;
    ``undo`` gets the cancels; ``check_folder`` returns a typed folder, and raises InputError if it
    can't be used.
    """

    def __init__(
        self,
        app: DiffApp,
        commands: JobCommands,
        *,
        jobs: JobsState,
        quit_state: QuitState,
        glyphs: Glyphs,
        key_names: KeyNames,
        environ: Mapping[str, str],
        at_work_s: Callable[[Job], tuple[float, float | None]],
        say: Callable[[str], None],
        undo: CancelUndo,
        check_folder: Callable[[str], Awaitable[Path]],
    ) -> None:
        self._app = app
        self._job_commands = commands
        self._jobs = jobs
        self._quit_state = quit_state
        self._glyphs = glyphs
        self._key_names = key_names
        self._environ = environ
        self._at_work_s = at_work_s
        self._say = say
        self._undo = undo
        self._check_folder = check_folder
        self._question: tuple[Screen[Any], Callable[[], None]] | None = None

    async def cancel(self, jobs: Sequence[Job]) -> bool:
        """Cancel ``jobs`` if the person confirms; returns whether they did. Those that end
        meanwhile are left out."""
        from aura_tui.ui.screens.confirm import ConfirmCancel, ConfirmCancelAll

        asked = len(jobs)
        jobs = [job for job in jobs if self._job_commands.may(Asked.CANCEL, job)]
        if not jobs:
            return False
        if asked == 1:
            elapsed_s, age_s = self._at_work_s(jobs[0])
            one = ConfirmCancel(jobs[0], elapsed_s, self._glyphs, age_s=age_s)

            def follow_one() -> None:
                (job,) = self._now(jobs)
                one.show(job, *self._at_work_s(job))

            sure = await self._answer(one, follow_one)
        else:
            several = ConfirmCancelAll(jobs, self._glyphs, others=asked - len(jobs))
            sure = await self._answer(several, lambda: several.show(self._now(jobs)))
        if sure:
            cancel = self._undo.begin(job.id for job in jobs)
            accepted = await self._job_commands.change(Asked.CANCEL, jobs)
            self._undo.accepted(cancel, accepted)
        return sure is True

    async def retry(self, jobs: Sequence[Job]) -> Job | None:
        """Retry ``jobs`` after showing their plan; returns the last new one. A job has one open
        attempt at a time: a person who asks for another can go to that one."""
        asked = len(jobs)
        jobs = [job for job in jobs if self._job_commands.may_retry(job)]
        if not jobs:
            return None
        if asked == 1:
            return await self._retry_one(jobs[0])
        return await self._retry_all(jobs, others=asked - len(jobs))

    async def _retry_one(self, job: Job) -> Job | None:
        from aura_tui.ui.screens.retry import ConfirmRetry, RetryAnswer

        def attempt() -> Job | None:
            return self._jobs.open_attempt(job.id)

        plan = _NO_PLAN
        if attempt() is None:
            plan = await self._job_commands.plan(job) or _NO_PLAN
        screen = ConfirmRetry(job, plan, self._glyphs, attempt=attempt())
        answer = await self._answer(screen, lambda: screen.show(attempt()))
        if answer is RetryAnswer.GO:
            return attempt() or screen.attempt
        if answer is RetryAnswer.FOLDER:
            return await self._retry_into(job)
        if answer is RetryAnswer.RETRY:
            return next(iter(await self._job_commands.retry([job])), None)
        return None

    async def _retry_into(self, job: Job) -> Job | None:
        from aura_tui.ui.screens.retry import RetryFolder

        async def retry(typed: str) -> Job:
            folder = await self._check_folder(typed)
            return await self._job_commands.retry_into(job, folder)

        job = await self._job_commands.whole(job)
        folder = job.settings.output_folder if job.settings is not None else ""
        return await self._answer(RetryFolder(job, folder, self._glyphs, retry))

    async def _retry_all(self, jobs: Sequence[Job], *, others: int) -> Job | None:
        from aura_tui.ui.screens.retry import ConfirmRetryAll

        # Of several attempts at a video, the newest that is marked.
        newest: dict[str, Job] = {}
        for job in sorted(jobs, key=lambda job: job.attempt, reverse=True):
            newest.setdefault(self._jobs.first_attempt(job.id), job)
        chosen = {job.id for job in newest.values()}
        earlier, jobs = len(jobs) - len(chosen), [job for job in jobs if job.id in chosen]

        def being_retried() -> set[str]:
            return {job.id for job in jobs if self._jobs.open_attempt(job.id) is not None}

        over = being_retried()
        plan = await self._job_commands.plan_all([job for job in jobs if job.id not in over])
        screen = ConfirmRetryAll(
            jobs, plan, self._glyphs, others=others, earlier=earlier, being_retried=over
        )
        sure = await self._answer(screen, lambda: screen.show(jobs, being_retried()))
        new = await self._job_commands.retry(jobs) if sure else []
        return new[-1] if new else None

    async def leave(
        self, jobs: Sequence[Job], *, can_background: bool, theirs: bool = False, again: str = ""
    ) -> tuple[Leave, Sequence[Job]]:
        """Ask what to do with ``jobs``, which haven't ended; returns the answer, and those that
        still haven't. ``theirs``: they don't end with us. ``again``: see :class:`Quitting`."""
        from aura_tui.ui.screens.leave import LeaveScreen

        screen = LeaveScreen(jobs, can_background, self._glyphs, theirs=theirs, again=again)
        known = {job.id: job for job in jobs}

        def follow() -> None:
            if not theirs:
                known.update((job.id, job) for job in self._quit_state.ending())
            screen.show(self._now([*known.values()]))

        answer = await self._answer(screen, follow) or Leave.STAY
        return answer, [job for job in self._now(screen.jobs) if not job.status.ended]

    def _now(self, jobs: Sequence[Job]) -> list[Job]:
        """The jobs as they are now; one that was deleted is as it was."""
        return [self._jobs.get(job.id) or job for job in jobs]

    async def new_job(self, job_form: JobForm) -> Job | None:
        """Submit a new job from the form."""
        refusal: AuraError | None = None
        while True:
            order = await self._order(job_form, refusal)
            if order is None:
                return None
            try:
                job = await self._job_commands.submit(order.request, order.folder)
            except AuraError as e:  # the form reopens with the input and the reason
                refusal = e
            else:
                job_form.draft = Draft(voice=job_form.draft.voice)
                return job

    async def _order(self, job_form: JobForm, refusal: AuraError | None) -> Submission | None:
        """The form's submission; the input is kept for the next time."""
        from aura_tui.ui.screens.new_job import NewJobScreen

        screen = NewJobScreen(
            job_form.draft,
            self._glyphs,
            job_form.check,
            themes=job_form.themes(),
            refusal=refusal,
            empty=job_form.empty,
            lookups=job_form,
            key_names=self._key_names,
        )
        suggesting = self._app.run_worker(self._suggest(screen, job_form))
        try:
            return await self._answer(screen)
        finally:
            suggesting.cancel()
            job_form.draft = screen.draft
            await job_form.close()

    @staticmethod
    async def _suggest(screen: NewJobScreen, job_form: JobForm) -> None:
        screen.set_voices(await job_form.voices())

    async def save(self, job_id: str, artifact: Artifact) -> None:
        """Save a copy of a job's file where the person chooses."""
        from aura_tui.ui.actions.open_and_save import save_copy
        from aura_tui.ui.screens.save_as import SaveAs

        folder = (
            str(Path.home() / "Videos") if (Path.home() / "Videos").is_dir() else str(Path.cwd())
        )

        async def save(target: str) -> Path:
            return await save_copy(await self._job_commands.file(job_id, artifact), target)

        async def complete(typed: str) -> PathCompletion:
            return await asyncio.to_thread(complete_path, typed)

        screen = SaveAs(artifact.name, folder, self._glyphs, save, complete=complete)
        if (saved := await self._answer(screen)) is not None:
            self._say(f"Saved as {saved}")

    async def open(self, job_id: str, artifact: Artifact) -> None:
        """Open a job's file: text in the pager, in place of the board; others with the desktop's
        program."""
        from aura_tui.ui.actions.open_and_save import is_text, open_file

        path = await self._job_commands.file(job_id, artifact)
        if is_text(artifact):
            await self.page(path)
        else:
            await open_file(path, self._environ)

    async def page(self, path: Path) -> None:
        """Show a text file in the pager, in place of the board."""
        from aura_tui.ui.actions.open_and_save import pager

        await self._app.run_in_terminal(pager(path, self._environ), without_secrets(self._environ))

    async def _answer(
        self, screen: ModalScreen[T], follow: Callable[[], None] | None = None
    ) -> T | None:
        """The person's answer on ``screen``; None if the dialog closed without one. ``follow``
        updates the screen for changes of its jobs."""
        self._app.clear_notifications()  # they would cover the answers
        self._question = (screen, follow) if follow is not None else None
        try:
            return await self._app.push_screen_wait(screen)
        finally:
            self._question = None

    def follow(self) -> None:
        """Update the jobs in an open question."""
        if self._question is not None:
            screen, follow = self._question
            if screen is self._app.screen:
                follow()
