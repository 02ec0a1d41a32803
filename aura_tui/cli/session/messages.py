"""Messages on stderr: errors and notices, one line at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aura_tui.errors import InvalidRequest
from aura_tui.model.text.sanitize import clean, one_line
from aura_tui.system import output

if TYPE_CHECKING:
    from aura_tui.errors import AuraError
    from aura_tui.service import JobService

_MAX_CHARS = 20_000  # of one message: enough for several paths


def print_error(text: str) -> None:
    """Print a line on stderr. Ignores a closed stderr, and never waits long for a stuck one, since
    an engine may run in this process. Control characters from paths or settings are removed."""
    output.ERRORS.say(clean(text, _MAX_CHARS))


def print_notices(service: JobService) -> None:
    """Print the notices from opening the engine."""
    for notice in service.notices:
        print_error(f"Warning: {notice}")


def report_error(error: AuraError) -> None:
    print_error(explain(error))


def explain(error: AuraError) -> str:
    """The text of an error: what failed, its code, what to do next; for an invalid request, each of
    its faults."""
    faults = error.faults if isinstance(error, InvalidRequest) else (error,)
    return "\n".join(
        f"Error: {one_line(each.message)} [{each.code}]\n  {one_line(each.remediation)}"
        for each in faults
    )
