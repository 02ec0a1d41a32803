"""Makes a job's events: each carries the job's ids and the current time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from aura_tui.model.events import JobEvent

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

E = TypeVar("E", bound=JobEvent)


class EventFactory:
    """Makes the events of one job."""

    def __init__(self, job_id: str, correlation_id: str, now: Callable[[], datetime]) -> None:
        self.job_id = job_id
        self.correlation_id = correlation_id
        self._now = now

    def event(self, kind: type[E], **fields: Any) -> E:
        """An event of ``kind`` about this job, now."""
        return kind(
            job_id=self.job_id, correlation_id=self.correlation_id, timestamp=self._now(), **fields
        )
