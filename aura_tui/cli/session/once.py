"""Open a service, do one thing, close it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aura_tui.cli.session.messages import print_notices, report_error
from aura_tui.system import crash_report

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from contextlib import AbstractAsyncContextManager

    from aura_tui.service import JobService


def run_once(
    open_: Callable[[], AbstractAsyncContextManager[JobService]],
    act: Callable[[JobService], Awaitable[int]],
) -> int:
    """Open a service, run ``act``, close it; returns the exit status from ``act``."""

    async def main() -> int:
        async with open_() as service:
            print_notices(service)
            return await act(service)

    return crash_report.run_reporting(main(), report_error)
