"""Turns any exception into a problem for people: a code, what failed, what to do next."""

from __future__ import annotations

import contextlib
import errno
import traceback
from typing import TYPE_CHECKING

from aura_tui.errors import AuraError, Code, StageError
from aura_tui.model.events import Problem
from aura_tui.model.text.sanitize import clean
from aura_tui.pipeline.context import storage_error

if TYPE_CHECKING:
    from pathlib import Path


def to_problem(error: Exception, folder: Path) -> Problem:
    """The problem to show. The traceback of an unexpected error goes to ``folder``/crash.log."""
    if isinstance(error, ExceptionGroup):
        return to_problem(error.exceptions[0], folder)
    if isinstance(error, RuntimeError) and "new thread" in str(error):  # its only sign
        error = BlockingIOError(errno.EAGAIN, "can't start another thread")
    if isinstance(error, OSError):
        error = storage_error(error)
    if isinstance(error, MemoryError):
        error = StageError(
            Code.OUT_OF_MEMORY, "Out of memory", "Lower the resolution or [render] lanes."
        )
    if isinstance(error, AuraError):
        return Problem(code=error.code.value, message=error.message, remediation=error.remediation)
    with contextlib.suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "crash.log").write_text("".join(traceback.format_exception(error)))
    return Problem(
        code=Code.INTERNAL.value,
        message=f"Internal error: {clean(repr(error), 300)}",
        remediation=f"Please report it with {folder / 'crash.log'}; a retry may help.",
    )


def further_actions(job_id: str, problem: Problem) -> tuple[str, ...]:
    """The commands that may follow the ``problem``'s own remedy, without repeating it."""
    said = "finished work" in problem.remediation or "finished pieces" in problem.remediation
    reuses = "" if said else "  (reuses finished work)"
    return f"aura-tui retry {job_id}{reuses}", f"aura-tui logs {job_id}  (the whole log)"
