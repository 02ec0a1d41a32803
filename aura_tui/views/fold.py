"""Follows one job: its whole history, then live events, each with the job after it.

Every view folds through here, so that all show the same job, whenever they started.
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

# During a burst of events the loop is yielded this often, so that key presses don't wait long.
_TURN_S = 0.001


_NUMBER = re.compile(r"[0-9]+")
TROUBLES_S = 1.0  # between two checks of the engine's failures


async def troubles(service: Supervised) -> AsyncGenerator[tuple[str, ...]]:
    """Yield the engine's failures whenever they change; never ends."""
    seen: tuple[str, ...] = ()
    while True:
        if (reasons := service.troubles()) != seen:
            seen = reasons
            yield reasons
        await asyncio.sleep(TROUBLES_S)


def new_among(reasons: Iterable[str], known: Iterable[str]) -> list[str]:
    """The ``reasons`` that are not ``known``, ignoring numbers: a lasting failure counts its
    seconds."""
    seen = {_NUMBER.sub("", reason) for reason in known}
    return [reason for reason in reasons if _NUMBER.sub("", reason) not in seen]


async def follow(
    service: JobService, job_id: str, fold: Callable[[Job, Envelope], Job] = reduce
) -> AsyncGenerator[tuple[Job, Envelope]]:
    """``(job after the event, event)`` from the job's first event to its last.

    Ends with the terminal event, when a person interrupts the job from now on, or when the
    service's events end. ``fold`` is ``reduce``, or gives what that would for less.
    """
    now = await service.get(job_id)
    job = as_created(now)
    turn_ends = time.monotonic() + _TURN_S
    # Every service's `events` is an async generator; the port promises the iterator alone.
    events = cast("AsyncGenerator[Envelope]", service.events(job_id))
    async with aclosing(events):
        async for envelope in events:
            job = fold(job, envelope)
            yield job, envelope
            if job.interrupted and envelope.id > now.last_event_id:
                return
            if time.monotonic() >= turn_ends:
                await asyncio.sleep(0)
                turn_ends = time.monotonic() + _TURN_S
