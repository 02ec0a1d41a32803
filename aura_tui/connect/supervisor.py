"""Watches the engine of this home while a client of it is open: is its process running, suspended,
gone, or followed by another one? The client's connection learns it from here, and where the work
is to continue, a background engine is started in place of one that is gone.

A held lock says that a process is there, its state in the process table whether it is suspended,
its socket whether it answers. Nothing is asked of the engine itself.
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
# Looks in a row that find no process: one may fall between one engine and the next.
_LOOKS_UNTIL_GONE: Final = 2


class EngineSupervisor:
    """Of one client. ``answers`` says whether the engine takes calls, ``start`` starts one in the
    background and raises EngineError where it can't; both block. ``succeed``: start one unasked
    when the engine is gone; else only when somebody asks to reconnect."""

    def __init__(
        self,
        service: RemoteService,
        home: Home,
        *,
        answers: Callable[[], bool],
        start: Callable[[], None],
        succeed: bool,
    ) -> None:
        self._service = service
        self._home = home
        self._answers = answers
        self._start = start
        self._succeed = succeed

    async def watch(self) -> None:
        """Look twice a second, until cancelled."""
        service, missed, wanted = self._service, 0, False
        service.engine_back()  # as far as is known yet
        loop = asyncio.get_running_loop()
        while True:
            look_at = loop.time() + _LOOK_S
            wanted = await service.reconnect_requested(_LOOK_S) or wanted
            await asyncio.sleep(look_at - loop.time())  # two looks are that far apart
            try:
                holder = await asyncio.to_thread(lock_.holder, self._home)
                gone = missed == _LOOKS_UNTIL_GONE
                answers = gone and await asyncio.to_thread(self._answers)
            except OSError:  # a home that can't be looked at now
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
                    service.engine_gone(_CONTINUES if self._succeed else _GONE)
            if gone and not runs and (self._succeed or wanted):
                wanted = False
                await self._start_one()

    async def _start_one(self) -> None:
        try:
            await asyncio.to_thread(self._start)
        except AuraError as e:  # the next look tries again
            self._service.engine_gone(f"{e.message}; {e.remediation}")
