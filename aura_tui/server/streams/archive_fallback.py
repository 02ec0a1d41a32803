"""An Archive for a JobService that isn't one: reads the service's events and encodes them."""

from __future__ import annotations

from contextlib import aclosing
from typing import TYPE_CHECKING, cast

from aura_tui.errors import NotFound
from aura_tui.model.events import TERMINAL_EVENTS
from aura_tui.service import Recorded
from aura_tui.wire import sse

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from aura_tui.model.events import Envelope
    from aura_tui.service import JobService


class FallbackArchive:
    """An :class:`~aura_tui.service.Archive` that uses the service's event iterator."""

    def __init__(self, service: JobService, published: int) -> None:
        self._service = service
        self.published = published

    @classmethod
    async def create(cls, service: JobService) -> FallbackArchive:
        """The archive of ``service`` up to its newest event."""
        return cls(service, await _newest(service))

    async def recorded(self, job_id: str | None, *, after: int, limit: int) -> Recorded:
        """See :meth:`aura_tui.service.Archive.recorded`."""
        frames: list[bytes] = []
        jobs: list[str] = []
        ended = False
        # The iterator would continue with live events: stop at the newest one now.
        try:
            newest = (
                await _newest(self._service)
                if job_id is None
                else (await self._service.get(job_id)).last_event_id
            )
        except NotFound:
            newest = after
        if after < newest:
            events = cast("AsyncGenerator[Envelope]", self._service.events(job_id, after=after))
            async with aclosing(events):
                async for envelope in events:
                    frames.append(sse.envelope_frame(envelope))
                    jobs.append(envelope.event.job_id)
                    after = envelope.id
                    ended = isinstance(envelope.event, TERMINAL_EVENTS)
                    if after >= newest or len(frames) == limit:
                        break
        return Recorded(frames, jobs if job_id is None else None, after, ended)

    async def probe(self) -> None:
        """Request the queue: only that the engine answers can be checked here."""
        await self._service.queue()


async def _newest(service: JobService) -> int:
    newest, cursor = 0, None
    while True:
        page = await service.list(limit=500, cursor=cursor)
        newest = max([newest, *(job.last_event_id for job in page.jobs)])
        cursor = page.cursor
        if cursor is None:
            return newest
