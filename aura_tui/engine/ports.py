"""The ports between runner, queue and event log. SQLite implements the log.

An append names the run it belongs to: a log shared by several machines rejects events of a machine
that has lost the job. Here there is one engine, and the fence is checked all the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Sequence

    from aura_tui.model.events import AnyJobEvent


class Fenced(Exception):
    """An append by a run that is no longer the job's current one."""


class EventSink(Protocol):
    """Stores events."""

    def append(self, job_id: str, run: int, events: Sequence[AnyJobEvent]) -> asyncio.Future[int]:
        """Store ``events`` in order. The future resolves to the last one's id once they are
        durable and readers see them. Raises :class:`Fenced` if ``run`` isn't the job's current
        run."""
        ...


class JobQueue(Protocol):
    """The waiting jobs: higher priority first, then first in, first out."""

    def put(self, job_id: str, priority: int) -> None: ...
    def put_back(self, job_id: str, priority: int) -> None:
        """Add a job that had started before: ahead of all others of its priority."""
        ...

    def remove(self, job_id: str) -> bool:
        """Remove a job; whether it was waiting."""
        ...

    def take(self) -> str | None:
        """Remove and return the next job's id; None if none waits."""
        ...

    def waiting(self) -> tuple[str, ...]:
        """Ids in the order in which they will be taken."""
        ...
