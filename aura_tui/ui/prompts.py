"""Prompts: each opens a dialog and carries out the answer.

They run as workers of the application, so that they can await an answer.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from aura_tui.errors import AuraError
from aura_tui.system.environment import without_secrets
from aura_tui.system.path_completion import PathCompletion, complete_path
from aura_tui.ui.state.job_draft import Draft
from aura_tui.ui.state.quit import Leave
from aura_tui.ui.state.run import Asked

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    from textual.screen import ModalScreen, Screen

    from aura_tui.model.events import Artifact
    from aura_tui.model.job import Job
    from aura_tui.ui.actions.commands import JobCommands
    from aura_tui.ui.actions.job_form import JobForm
    from aura_tui.ui.keys.names import KeyNames
    from aura_tui.ui.screens.confirm import ConfirmCancel
    from aura_tui.ui.screens.leave import LeaveScreen
    from aura_tui.ui.screens.new_job import NewJobScreen
    from aura_tui.ui.state.job_draft import Submission
    from aura_tui.ui.state.jobs import JobsState
    from aura_tui.ui.state.quit import QuitState
    from aura_tui.ui.terminal.diff_app import DiffApp
    from aura_tui.ui.theme.glyphs import Glyphs

T = TypeVar("T")


class Prompts:
    """Dialogs on the screens of ``app``; ``commands`` carries out the answers.

    ``at_work_s`` returns a job's active seconds and the age of that figure; ``say`` shows a toast.
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
        self._question: tuple[Screen[Any], Callable[[], None]] | None = None

    async def cancel(self, jobs: Sequence[Job]) -> bool:
        """Cancel ``jobs`` if the person confirms; returns whether they did."""
        from aura_tui.ui.screens.confirm import ConfirmCancel, ConfirmCancelAll

        asked = len(jobs)
        jobs = [job for job in jobs if self._job_commands.may(Asked.CANCEL, job)]
        if not jobs:
            return False
        if asked == 1:
            elapsed_s, age_s = self._at_work_s(jobs[0])
            screen = ConfirmCancel(jobs[0], elapsed_s, self._glyphs, age_s=age_s)
            sure = await self._confirm_cancel(screen, jobs[0].id)
        else:
            others = asked - len(jobs)
            all_of = ConfirmCancelAll(jobs, self._glyphs, others=others)
            sure = await self._answer(all_of) is True
        if sure:
            await self._job_commands.change(Asked.CANCEL, jobs)
        return sure

    async def retry(self, jobs: Sequence[Job]) -> Job | None:
        """Retry ``jobs`` after showing their plan; returns the last new one."""
        from aura_tui.service import RetryPlan
        from aura_tui.ui.screens.retry import ConfirmRetry, ConfirmRetryAll

        asked = len(jobs)
        jobs = [job for job in jobs if self._job_commands.may_retry(job)]
        if not jobs:
            return None
        if asked == 1:
            plan = await self._job_commands.plan(jobs[0]) or RetryPlan((), None)
            sure = await self._answer(ConfirmRetry(jobs[0], plan, self._glyphs))
        else:
            plan = await self._job_commands.plan_all(jobs)
            others = asked - len(jobs)
            sure = await self._answer(ConfirmRetryAll(jobs, plan, self._glyphs, others=others))
        return await self._job_commands.retry(jobs) if sure else None

    async def leave(self, jobs: Sequence[Job], *, can_background: bool) -> Leave:
        """Ask what to do with ``jobs``, which haven't ended; cancels them if chosen."""
        from aura_tui.ui.screens.leave import LeaveScreen

        screen = LeaveScreen(jobs, can_background, self._glyphs)
        answer = await self._choose_exit(screen)
        if answer is Leave.CANCEL:
            await self._job_commands.change(Asked.CANCEL, screen.jobs)
        return answer

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
        from aura_tui.ui.actions.open_and_save import is_text, open_file, pager

        path = await self._job_commands.file(job_id, artifact)
        if is_text(artifact):
            await self._app.run_in_terminal(
                pager(path, self._environ), without_secrets(self._environ)
            )
        else:
            await open_file(path, self._environ)

    async def _answer(
        self, screen: ModalScreen[T], follow: Callable[[], None] | None = None
    ) -> T | None:
        """The person's answer on ``screen``; None if the dialog closed by itself. ``follow``
        updates the screen for changes of its jobs."""
        self._app.clear_notifications()  # they would cover the answers
        self._question = (screen, follow) if follow is not None else None
        try:
            return await self._app.push_screen_wait(screen)
        finally:
            self._question = None

    async def _confirm_cancel(self, screen: ConfirmCancel, job_id: str) -> bool:
        """As :meth:`_answer`, for a question about one job."""

        def follow() -> None:
            job = self._jobs.get(job_id)
            if job is not None and job.status.ended:
                screen.dismiss(None)
            elif job is not None:
                screen.show(job, *self._at_work_s(job))

        return await self._answer(screen, follow) is True

    async def _choose_exit(self, screen: LeaveScreen) -> Leave:
        """As :meth:`_answer`, for the question on quitting; STAY once all its jobs have ended."""

        def follow() -> None:
            if jobs := self._quit_state.ending():
                screen.show(jobs)
            else:
                screen.dismiss(Leave.STAY)

        return await self._answer(screen, follow) or Leave.STAY

    def follow(self) -> None:
        """Update a question about an unfinished job; close it once the job has ended."""
        if self._question is not None:
            screen, follow = self._question
            if screen is self._app.screen:
                follow()
