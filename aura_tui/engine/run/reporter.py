"""Turns a stage's reports into events: cleaned, timestamped, at most ten progress events a second.

The first report of an item goes out at once; of those that follow within the interval only the
newest does. Also warns, once per silence, about a stage that reports nothing for long.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from typing import TYPE_CHECKING, Any, Protocol

from aura_tui.model import eta
from aura_tui.model import events as ev
from aura_tui.model.text import sanitize
from aura_tui.system import files

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from aura_tui.engine.run.event_factory import E
    from aura_tui.model.job import Eta
    from aura_tui.model.stages import Stage
    from aura_tui.providers.protocols import Severity
    from aura_tui.system.active_clock import ActiveClock

    class NewEvent(Protocol):
        """:meth:`aura_tui.engine.run.event_factory.EventFactory.event` of the job."""

        def __call__(self, kind: type[E], **fields: Any) -> E: ...


_INTERVAL_S = 0.1


class StageReporter:
    """The :class:`~aura_tui.pipeline.context.Reporter` of one stage of one job.

    ``new_event`` makes an event of the job and ``emit`` publishes it; ``span`` holds the job's
    percents at the stage's start and end; ``forecast(percent)`` estimates the time remaining;
    ``clock`` counts the job's active time; ``preview`` is the path to link to the newest picture;
    ``found(percent)`` is called with the percent that the stage reached by reuse alone.
    """

    def __init__(
        self,
        *,
        new_event: NewEvent,
        stage: Stage,
        span: tuple[float, float],
        clock: ActiveClock,
        emit: Callable[[ev.AnyJobEvent], None],
        forecast: Callable[[float], Eta | None],
        stall_s: float,
        preview: Path,
        found: Callable[[float], None] = lambda _: None,
    ) -> None:
        self._new_event = new_event
        self._stage = stage
        self._span = span
        self._clock = clock
        self._emit = emit
        self._forecast = forecast
        self._stall_s = stall_s
        self._preview = preview
        self._found = found
        self._heard_s = clock.seconds()
        self._warned = False
        self._sent_s = -_INTERVAL_S
        self._sent_item: int | None = -1
        self._percent = 0.0
        self._waiting: Callable[[], ev.StepProgressed] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._closed = False
        self.artifacts: list[ev.Artifact] = []

    @property
    def overall(self) -> float:
        """The job's percent, as last reported."""
        first, last = self._span
        return round(first + (last - first) * self._percent / 100.0, 2)

    def progress(
        self,
        percent: float,
        message: str,
        *,
        detail: str = "",
        item: int | None = None,
        total: int | None = None,
        done: int | None = None,
        active: tuple[int, ...] = (),
        metrics: ev.Metrics | None = None,
    ) -> None:
        """See :class:`~aura_tui.pipeline.context.Reporter`."""
        if self._closed:
            return
        self._heard()
        self._percent = max(self._percent, min(100.0, percent))
        at = self._percent
        if metrics is not None and metrics.reused and not metrics.made:
            self._found(at)

        overall = self.overall

        def event() -> ev.StepProgressed:
            forecast = self._forecast(at)
            elapsed = self._clock.seconds()
            return self._new_event(
                ev.StepProgressed,
                step=self._stage,
                phase=self._stage.phase,
                progress_pct=round(at, 2),
                percent=overall,
                message=message,
                substage_detail=detail,
                current_item=item,
                total_items=total,
                done_items=done,
                active_items=active,
                elapsed_time=eta.hms(elapsed),
                elapsed_seconds=round(elapsed, 2),
                estimated_time_remaining=eta.hms(forecast.seconds if forecast else None),
                eta_seconds=round(forecast.seconds, 1) if forecast else None,
                eta_low_seconds=round(forecast.low, 1) if forecast else None,
                eta_high_seconds=round(forecast.high, 1) if forecast else None,
                eta_runs=forecast.runs if forecast else None,
                metrics=metrics,
            )

        self._waiting = event
        elapsed = self._clock.seconds() - self._sent_s
        if elapsed >= _INTERVAL_S or item != self._sent_item:
            self._sent_item = item
            self._flush()
        elif self._timer is None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(_INTERVAL_S - elapsed, self._flush)

    def _flush(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._waiting is not None:
            event, self._waiting = self._waiting, None
            self._sent_s = self._clock.seconds()
            self._emit(event())

    def log(self, message: str, severity: Severity = "info") -> None:
        """Write to the job's log, one event per line (at most 50)."""
        self._heard()
        for line in sanitize.clean(message).splitlines()[:50]:
            if line.strip():
                self._emit(
                    self._new_event(
                        ev.JobLogged,
                        message=line.rstrip(),
                        stage=self._stage,
                        severity=severity,
                    )
                )

    def warn(self, message: str) -> None:
        """Publish a warning; it is also shown at the job's end."""
        self._heard()
        self._emit(
            self._new_event(
                ev.Warned,
                message=sanitize.clean_line(message),
                step=self._stage,
            )
        )

    def artifact(self, name: str, path: Path, type_: str) -> None:
        """Publish a finished file."""
        self._heard()
        size = os.stat(path).st_size
        self.artifacts.append(ev.Artifact(name=name, path=str(path), type=type_, size_bytes=size))
        self._emit(
            self._new_event(
                ev.ArtifactMade,
                name=name,
                path=str(path),
                type=type_,
                size_bytes=size,
            )
        )

        if type_.startswith("image/"):
            self.picture(path)

    def picture(self, path: Path) -> None:
        """Make ``path`` the job's preview, by a link, so nothing is copied."""
        self._heard()
        with (
            contextlib.suppress(OSError),  # a missing preview is no reason to fail
            files.replacing(self._preview, synced=False) as part,
        ):
            try:
                part.hardlink_to(path)
            except OSError:  # a file system without hard links
                part.symlink_to(path)

    def _heard(self) -> None:
        self._heard_s = self._clock.seconds()
        self._warned = False

    async def watch(self) -> None:
        """Warn once for each silence of ``stall_s`` active seconds; runs until cancelled."""
        while True:
            silent = self._clock.seconds() - self._heard_s
            if silent >= self._stall_s and not self._warned:
                self.warn(
                    f"{self._stage.title} has reported nothing for {silent:.0f} s; it may be stuck"
                )
                self._heard_s -= silent  # the warning itself is no news from the stage
                self._warned = True
            left = self._stall_s - silent if not self._warned else self._stall_s
            await asyncio.sleep(max(0.05, min(left, 5.0)))

    def close(self) -> None:
        """Send the pending progress event; ignore later progress."""
        self._flush()
        self._closed = True
