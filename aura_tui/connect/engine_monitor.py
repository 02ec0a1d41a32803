"""Watches the process of this home's engine while a client is open: running, suspended or stopped.

It reports that to the client's connection, and starts a background engine in place of one that has
stopped if the jobs must continue. A held lock shows that the process exists, the process table
whether it is suspended, and its socket whether it answers; the engine itself gets no request.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from aura_tui.engine import lock as lock_
from aura_tui.errors import AuraError

if TYPE_CHECKING:
    from collections.abc import Callable

    from aura_tui.client.service import RemoteService
    from aura_tui.engine.home import Home

NAME: Final = "engine watcher"
_LOOK_S: Final = 0.5
_GONE: Final = "The engine stopped. Resume unfinished jobs with: aura-tui watch"
_CONTINUES: Final = "The engine stopped; the job continues in the background"
# Checks in a row without a process: one may fall between one engine and the next.
_LOOKS_UNTIL_GONE: Final = 2


class EngineSupervisor:
    """Watches for one client. ``answers`` returns whether the engine answers; ``start`` starts one
    in the background, or raises EngineError. ``needed`` returns whether to start one automatically
    when the engine has stopped; else only when the user asks to reconnect. All three block."""

    def __init__(
        self,
        service: RemoteService,
        home: Home,
        *,
        answers: Callable[[], bool],
        start: Callable[[], None],
        needed: Callable[[], bool],
    ) -> None:
        self._service = service
        self._home = home
        self._answers = answers
        self._start = start
        self._needed = needed

    async def watch(self) -> None:
        """Check twice a second, until cancelled."""
        service, missed, wanted, restart = self._service, 0, False, False
        service.engine_back()  # assume that it runs until the first check
        loop = asyncio.get_running_loop()
        while True:
            look_at = loop.time() + _LOOK_S
            wanted = await service.reconnect_requested(_LOOK_S) or wanted
            await asyncio.sleep(look_at - loop.time())  # keep the interval
            try:
                holder = await asyncio.to_thread(lock_.holder, self._home)
                gone = missed == _LOOKS_UNTIL_GONE
                answers = gone and await asyncio.to_thread(self._answers)
            except OSError:  # the home can't be read now
                continue
            runs = holder is not None
            if holder is not None and lock_.is_stopped(holder):
                service.engine_suspended("; ".join(lock_.suspended_text(holder)))
            else:
                service.engine_resumed()
            wanted = wanted and not runs
            if gone and answers:
                missed = 0
                service.engine_back()
                continue
            if not gone:
                missed = 0 if runs else missed + 1
                gone = missed == _LOOKS_UNTIL_GONE
                if gone:
                    restart = await asyncio.to_thread(self._needed)
                    service.engine_gone(_CONTINUES if restart else _GONE)
            if gone and not runs and (restart or wanted):
                wanted = False
                await self._start_one()

    async def _start_one(self) -> None:
        try:
            await asyncio.to_thread(self._start)
        except AuraError as e:  # the next check tries again
            self._service.engine_gone(f"{e.message}; {e.remediation}")
