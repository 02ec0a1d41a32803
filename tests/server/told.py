"""Services for streams to read: one that hides its archive, and words for a job to say."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from aura_tui.model import events as ev

if TYPE_CHECKING:
    from aura_tui.engine.service import EmbeddedService

_ARCHIVE = ("published", "recorded", "probe")


class Plain:
    """An engine of which only the port is seen."""

    def __init__(self, service: EmbeddedService) -> None:
        self._service = service

    def __getattr__(self, name: str) -> Any:
        if name in _ARCHIVE:
            raise AttributeError(name)
        return getattr(self._service, name)


class Speaker:
    """Says things in the name of a job that waits in the queue of an engine that takes none up."""

    def __init__(self, service: EmbeddedService, job_id: str) -> None:
        self._service = service
        self.job_id = job_id
        self._said = 0

    def say(self, count: int, size: int = 10) -> Any:
        """``count`` log lines at once, each of ``size`` characters at least."""
        now = datetime.now(UTC)
        events = []
        for _ in range(count):
            self._said += 1
            text = f"line {self._said} ".ljust(size, "x")
            events.append(ev.JobLogged(job_id=self.job_id, timestamp=now, message=text))
        return self._append(events)

    def end(self) -> Any:
        """The job's end."""
        return self._append([ev.JobCancelled(job_id=self.job_id, timestamp=datetime.now(UTC))])

    def _append(self, events: list[Any]) -> Any:
        log = self._service._log
        return log.append(self.job_id, log.run(self.job_id), events)
