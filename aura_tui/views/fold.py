"""Follow one job: its whole history, then what happens, each event with the job after it.

Every view folds through here, so that all show the same job, whenever they began to look.
"""

from __future__ import annotations

import asyncio
import re
import time
from contextlib import aclosing
from typing import TYPE_CHECKING, cast

from aura_tui.model.job import as_created
from aura_tui.model.reduce import reduce

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Iterable

    from aura_tui.model.events import Envelope
    from aura_tui.model.job import Job
    from aura_tui.service import JobService, Supervised

# A burst of events leaves the loop to others this often: a key press waits no longer than that
# for each turn it needs.
_TURN_S = 0.001


_NUMBER = re.compile(r"[0-9]+")
TROUBLES_S = 1.0  # between two looks at what fails in the engine


async def troubles(service: Supervised) -> AsyncGenerator[tuple[str, ...]]:
    """What fails in the engine, whenever that has changed; never ends."""
    told: tuple[str, ...] = ()
    while True:
        if (reasons := service.troubles()) != told:
            told = reasons
            yield reasons
        await asyncio.sleep(TROUBLES_S)


def new_among(reasons: Iterable[str], known: Iterable[str]) -> list[str]:
    """Those of ``reasons`` that are not ``known``, whatever numbers are in them: one that lasts is
    counted in seconds."""
    told = {_NUMBER.sub("", reason) for reason in known}
    return [reason for reason in reasons if _NUMBER.sub("", reason) not in told]


async def follow(
    service: JobService, job_id: str, fold: Callable[[Job, Envelope], Job] = reduce
) -> AsyncGenerator[tuple[Job, Envelope]]:
    """``(job after the event, event)`` from the job's first event to its last.

    Ends with the terminal event, or where the service has no more to tell. ``fold`` is ``reduce``,
    or gives what that would for less.
    """
    job = as_created(await service.get(job_id))
    turn_ends = time.monotonic() + _TURN_S
    # Every service's `events` is an async generator; the port promises the iterator alone.
    events = cast("AsyncGenerator[Envelope]", service.events(job_id))
    async with aclosing(events):
        async for envelope in events:
            job = fold(job, envelope)
            yield job, envelope
            if time.monotonic() >= turn_ends:
                await asyncio.sleep(0)
                turn_ends = time.monotonic() + _TURN_S
