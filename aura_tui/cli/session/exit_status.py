"""Exit statuses (DESIGN 3), in one table."""

from __future__ import annotations

import signal

from aura_tui.errors import AuraError, Code, EngineError, OutputError, ReaderGone
from aura_tui.model.status import JobStatus

EXIT_OF_STATUS = {
    JobStatus.SUCCEEDED: 0,
    JobStatus.FAILED: 1,
    JobStatus.CANCELED: 4,
}
EXIT_INTERRUPTED = 130
EXIT_UNWRITTEN = 5
EXIT_LEFT = 3  # the engine stopped before the job ended


def exit_of(error: AuraError) -> int:
    """The exit status for an error, unless the status of a job determines it."""
    if isinstance(error, ReaderGone):
        return 128 + signal.SIGPIPE
    if isinstance(error, EngineError):
        return 3
    if isinstance(error, OutputError) or error.code is Code.DISK_FULL:
        return EXIT_UNWRITTEN
    return 2
