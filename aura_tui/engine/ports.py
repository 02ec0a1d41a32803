"""What the runner needs of a queue and an event log. SQLite is one home of them.

An append names the run it belongs to: a log shared by several machines refuses the words of one
that lost its job meanwhile. Here there is one engine, and the fence holds all the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Sequence

    from aura_tui.model.events import AnyJobEvent


class Fenced(Exception):
    """An append by a run that is no longer the job's."""


class EventSink(Protocol):
    """Where events go."""

    def append(self, job_id: str, run: int, events: Sequence[AnyJobEvent]) -> asyncio.Future[int]:
        """Store ``events`` in order. The future has the last one's id once they are durable and
        readers see them. Raises :class:`Fenced` if ``run`` isn't the job's current run."""
        ...


class JobQueue(Protocol):
    """Which job is next: higher priority first, first come first within one."""

    def put(self, job_id: str, priority: int) -> None: ...
    def put_back(self, job_id: str, priority: int) -> None:
        """Add a job that had started before: in front of those of its priority."""
        ...

    def remove(self, job_id: str) -> bool:
        """Whether it was waiting."""
        ...

    def take(self) -> str | None:
        """The next job; None where none waits."""
        ...

    def waiting(self) -> tuple[str, ...]:
        """Ids in the order they will be taken."""
        ...
