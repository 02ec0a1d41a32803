"""``--progress json``: the events, one JSON object per line, and nothing else."""

from __future__ import annotations

from contextlib import aclosing
from typing import TYPE_CHECKING

from aura_tui.system.output import StreamWriter
from aura_tui.views.fold import follow
from aura_tui.wire.event_json import encode_line

if TYPE_CHECKING:
    from typing import BinaryIO

    from aura_tui.model.job import Job
    from aura_tui.service import JobService


async def follow_json(
    service: JobService, job_id: str, out: BinaryIO, *, after: int | None = None
) -> Job:
    """Write each event with an id above ``after`` as it arrives, up to the terminal event.

    Returns the job after the last event. Raises OutputError if ``out`` can't be written.
    """
    writer = StreamWriter(out)
    job = await service.get(job_id)
    async with aclosing(follow(service, job_id)) as followed:
        async for after_event, envelope in followed:
            job = after_event
            if envelope.id <= (after or 0):
                continue
            await writer.write(encode_line(envelope))
    return job
