"""The background engine: a process of this user's own that goes on when the terminal is gone.

It is the same engine, started apart from any terminal; it ends when it has had nothing to do for
a while. Others find it through its socket in AURA_HOME.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import aura_tui
from aura_tui.errors import Code, EngineError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from aura_tui.bootstrap import Doors
    from aura_tui.service import JobService

IDLE_S = 30.0  # without a job to run, until it ends
_LOOK_S = 1.0
_START_S = 20.0  # until it must answer
_LOG = "background.log"


async def keep(ways: Doors, *, idle_s: float = IDLE_S) -> int:
    """Be the background engine until there is nothing to do, or SIGTERM; jobs stay resumable."""
    leaving = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        loop.add_signal_handler(number, leaving.set)
    async with ways.embedded() as service:
        idle_since = loop.time()
        while not leaving.is_set() and loop.time() - idle_since < idle_s:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(leaving.wait(), _LOOK_S)
            queue = await service.queue()
            if queue.running or queue.queued:
                idle_since = loop.time()
    return 0


def start(ways: Doors) -> int:
    """Start it, and return its pid once it answers. Raises EngineError where it doesn't."""
    home = ways.settings.home
    command = [sys.executable, "-P", "-m", "aura_tui", "engine"]
    package = str(Path(aura_tui.__file__).parent.parent)
    path = os.pathsep.join(filter(None, (package, os.environ.get("PYTHONPATH"))))
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (home / _LOG).open("wb") as log:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env={**os.environ, "PYTHONPATH": path, "AURA_HOME": str(home)},
            start_new_session=True,  # no hang-up of our terminal reaches it
        )
    until = time.monotonic() + _START_S
    while time.monotonic() < until:
        if ways.runs_here():
            return process.pid
        if process.poll() is not None:
            break
        time.sleep(0.02)
    process.terminate()
    said = (home / _LOG).read_text(errors="replace").strip().splitlines()
    raise EngineError(
        Code.ENGINE_GONE,
        "The background engine did not start" + (f": {said[0][:300]}" if said else ""),
        f"See {home / _LOG}; aura-tui watch goes on with the job in this terminal.",
    )


def hand_over(ways: Doors) -> None:
    """Leave the jobs of an engine that has just ended to the background. Raises EngineError."""
    if not ways.runs_here():  # another terminal may have taken them up already
        start(ways)


def submit_detached(ways: Doors, begin: Callable[[JobService], Awaitable[str]]) -> tuple[str, bool]:
    """Submit to the engine that runs, or to a background one; the job's id, and whether an engine
    was started for it."""
    started = ways.embeds
    if started:
        start(ways)

    async def submit() -> str:
        async with ways.engine() as service:
            return await begin(service)

    return asyncio.run(submit()), started
