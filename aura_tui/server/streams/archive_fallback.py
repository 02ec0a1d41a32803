"""An Archive over a JobService that is none: its events, told by the service and encoded anew."""

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
    """What the engine's own archive does by reading rows, this does by asking."""

    def __init__(self, service: JobService, published: int) -> None:
        self._service = service
        self.published = published

    @classmethod
    async def over(cls, service: JobService) -> FallbackArchive:
        """The archive as of now."""
        return cls(service, await _newest(service))

    async def recorded(self, job_id: str | None, *, after: int, limit: int) -> Recorded:
        """See :meth:`aura_tui.service.Archive.recorded`."""
        frames: list[bytes] = []
        jobs: list[str] = []
        ended = False
        # The iterator goes on into what is still to come; the newest event now is the end.
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
        """Ask for something: an engine that answers is all that can be known."""
        await self._service.queue()


async def _newest(service: JobService) -> int:
    newest, cursor = 0, None
    while True:
        page = await service.list(limit=500, cursor=cursor)
        newest = max([newest, *(job.last_event_id for job in page.jobs)])
        cursor = page.cursor
        if cursor is None:
            return newest
