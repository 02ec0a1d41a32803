"""Messages on stderr: errors and notices, one line at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aura_tui.errors import InvalidRequest
from aura_tui.model.sanitize import clean, one_line
from aura_tui.system import output

if TYPE_CHECKING:
    from aura_tui.errors import AuraError
    from aura_tui.service import JobService

_MAX_CHARS = 20_000  # of what is said at once: several paths, at most


def print_error(text: str) -> None:
    """A line on stderr; a stderr that is gone (a hang-up) is no error, a stuck one no reason to
    wait while an engine is at work in here. Whatever a path or a setting in it has, only text
    gets to the terminal."""
    output.ERRORS.say(clean(text, _MAX_CHARS))


def print_notices(service: JobService) -> None:
    """Print the notices from opening the engine."""
    for notice in service.notices:
        print_error(f"Warning: {notice}")


def report_error(error: AuraError) -> None:
    print_error(explain(error))


def explain(error: AuraError) -> str:
    """An error as the terminal gets it: what failed, its code, what to do next; each fault of a
    request that has several."""
    faults = error.faults if isinstance(error, InvalidRequest) else (error,)
    return "\n".join(
        f"Error: {one_line(each.message)} [{each.code}]\n  {one_line(each.remediation)}"
        for each in faults
    )
