"""A JobService that a test plays by hand: it tells what its tape has been told so far."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from aura_tui.model import events as ev
from aura_tui.model.reduce import fold
from aura_tui.replay import Recording, ReplayService

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from aura_tui.errors import AuraError
    from aura_tui.model.job import Job
    from aura_tui.model.status import JobStatus
    from tests.ui.recordings import Tape


class ScriptedService(ReplayService):
    """As a recording, but of a tape that still grows (:meth:`told` says it did), and that takes
    note of what is asked of it. ``refusal`` is raised instead, where one is set."""

    def __init__(self, tape: Tape) -> None:
        super().__init__(Recording((tape.job,), (), 0))
        self.tape = tape
        self.asked: list[str] = []
        self.refusal: AuraError | None = None
        self.closed = False
        self._news = asyncio.Condition()

    async def told(self) -> None:
        """Wake whoever follows."""
        async with self._news:
            self._news.notify_all()

    async def get(self, job_id: str) -> Job:
        return fold(self.tape.job, self.tape.envelopes)

    async def events(
        self, job_id: str | None = None, *, after: int | None = None
    ) -> AsyncIterator[ev.Envelope]:
        at = 0
        while True:
            async with self._news:
                while at == len(self.tape.envelopes):
                    await self._news.wait()
            envelope = self.tape.envelopes[at]
            at += 1
            yield envelope
            if isinstance(envelope.event, ev.TERMINAL_EVENTS):
                return

    async def _note(self, what: str) -> Job:
        self.asked.append(what)
        if self.refusal is not None:
            raise self.refusal
        return await self.get(self.tape.job.id)

    async def cancel(self, job_id: str) -> Job:
        return await self._note("cancel")

    async def pause(self, job_id: str) -> Job:
        return await self._note("pause")

    async def resume(self, job_id: str) -> Job:
        return await self._note("resume")

    async def aclose(self) -> None:
        self.closed = True

    # What an engine would tell next.

    async def tell_status(self, status: JobStatus) -> None:
        self.tape.status(status)
        await self.told()

    async def tell_cancelled(self) -> None:
        self.tape.tell(ev.JobCancelled, message="Cancelled by the user")
        await self.told()
