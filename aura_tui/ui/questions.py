"""Conversations with the person: each asks, and does what the answer says.

They run as workers of the application, so that a screen's answer can be waited for.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from aura_tui.errors import AuraError
from aura_tui.ui.draft import Draft
from aura_tui.ui.screens.leave import Leave
from aura_tui.ui.state import Asked

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from aura_tui.model.events import Artifact
    from aura_tui.model.job import Job
    from aura_tui.ui.app import BoardApp
    from aura_tui.ui.asking import Asking
    from aura_tui.ui.draft import Order
    from aura_tui.ui.ordering import Ordering
    from aura_tui.ui.screens.new_job import NewJobScreen


class Questions:
    """Asks on the screens of ``app``, then through ``asking``."""

    def __init__(self, app: BoardApp, asking: Asking) -> None:
        self._app = app
        self._asking = asking

    async def cancel(self, jobs: Sequence[Job]) -> bool:
        """Cancel ``jobs`` where the person is sure; whether that was so."""
        from aura_tui.ui.screens.confirm import ConfirmCancel, ConfirmCancelAll

        asked = len(jobs)
        jobs = [job for job in jobs if self._asking.may(Asked.CANCEL, job)]
        if not jobs:
            return False
        if asked == 1:
            elapsed_s, age_s = self._app.at_work_s(jobs[0])
            screen = ConfirmCancel(jobs[0], elapsed_s, self._app.glyphs, age_s=age_s)
            sure = await self._app.sure_to_cancel(screen, jobs[0].id)
        else:
            others = asked - len(jobs)
            all_of = ConfirmCancelAll(jobs, self._app.glyphs, others=others)
            sure = await self._app.answer(all_of) is True
        if sure:
            await self._asking.change(Asked.CANCEL, jobs)
        return sure

    async def retry(self, jobs: Sequence[Job]) -> Job | None:
        """Retry ``jobs`` after their plan was seen; the last of the new ones."""
        from aura_tui.service import RetryPlan
        from aura_tui.ui.screens.retry import ConfirmRetry, ConfirmRetryAll

        asked = len(jobs)
        jobs = [job for job in jobs if self._asking.may_retry(job)]
        if not jobs:
            return None
        if asked == 1:
            plan = await self._asking.plan(jobs[0]) or RetryPlan((), None)
            sure = await self._app.answer(ConfirmRetry(jobs[0], plan, self._app.glyphs))
        else:
            plan = await self._asking.plan_all(jobs)
            others = asked - len(jobs)
            sure = await self._app.answer(
                ConfirmRetryAll(jobs, plan, self._app.glyphs, others=others)
            )
        return await self._asking.retry(jobs) if sure else None

    async def leave(self, jobs: Sequence[Job], *, can_background: bool) -> Leave:
        """What becomes of ``jobs``, which are not over; cancels them where that is the answer."""
        from aura_tui.ui.screens.leave import LeaveScreen

        screen = LeaveScreen(jobs, can_background, self._app.glyphs)
        answer = await self._app.how_to_leave(screen)
        if answer is Leave.CANCEL:
            await self._asking.change(Asked.CANCEL, screen.jobs)
        return answer

    async def new_job(self, ordering: Ordering) -> Job | None:
        """A new job from the form."""
        refusal: AuraError | None = None
        while True:
            order = await self._order(ordering, refusal)
            if order is None:
                return None
            try:
                job = await self._asking.submit(order.request, order.folder)
            except AuraError as e:  # the form comes back with what was typed, and says why
                refusal = e
            else:
                ordering.draft = Draft(voice=ordering.draft.voice, folder="")
                return job

    async def _order(self, ordering: Ordering, refusal: AuraError | None) -> Order | None:
        """What the form gives; nothing that was typed is lost."""
        from aura_tui.ui.screens.new_job import NewJobScreen

        screen = NewJobScreen(
            ordering.draft,
            self._app.glyphs,
            ordering.check,
            themes=ordering.themes(),
            refusal=refusal,
        )
        suggesting = self._app.run_worker(self._suggest(screen, ordering))
        try:
            return await self._app.answer(screen)
        finally:
            suggesting.cancel()
            ordering.draft = screen.draft

    @staticmethod
    async def _suggest(screen: NewJobScreen, ordering: Ordering) -> None:
        screen.set_voices(await ordering.voices())

    async def save(self, artifact: Artifact) -> None:
        """A copy of a file, where the person wants it."""
        from aura_tui.ui.handing import save_copy
        from aura_tui.ui.screens.save_as import SaveAs

        folder = (
            str(Path.home() / "Videos") if (Path.home() / "Videos").is_dir() else str(Path.cwd())
        )

        async def save(target: str) -> Path:
            return await save_copy(await self._asking.file(artifact), target)

        screen = SaveAs(artifact.name, folder, self._app.glyphs, save)
        if (saved := await self._app.answer(screen)) is not None:
            self._app.say(f"Saved as {saved}")

    async def open(self, artifact: Artifact, environ: Mapping[str, str]) -> None:
        """Show a file with the desktop's program."""
        from aura_tui.ui.handing import open_file

        await open_file(await self._asking.file(artifact), environ)
