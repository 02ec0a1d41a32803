"""A job's log as text, one line per event. Shared by all implementations of JobService.

Times are local to the machine that writes the text, with their offset from UTC.
"""

from __future__ import annotations

from aura_tui.model import events as ev
from aura_tui.model.text.local_time import local_iso


def log_line(event: ev.AnyJobEvent) -> str:
    """The line of an event, without a newline; "" for events that the log leaves out (progress)."""
    at = local_iso(event.timestamp)
    match event:
        case ev.JobLogged():
            where = event.stage.title if event.stage else "Job"
            return f"{at} {event.severity:7} {where}: {event.message}"
        case ev.Warned():
            where = event.step.title if event.step else "Job"
            return f"{at} warning {where}: {event.message}"
        case ev.StepErred():
            return f"{at} error   {event.step.title}: {event.message} [{event.code}]"
        case ev.StepStatusChanged():
            took = f" after {event.duration_ms / 1000:.2f} s" if event.duration_ms else ""
            return f"{at} info    {event.step.title}: {event.status.value}{took}"
        case ev.JobCompleted():
            return f"{at} info    Job: succeeded: {event.output_path}"
        case ev.JobFailed():
            return f"{at} error   Job: failed: {event.error_message}"
        case ev.JobCancelled():
            return f"{at} info    Job: {event.message}"
        case _:
            return ""
