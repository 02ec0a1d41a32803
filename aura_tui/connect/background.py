"""The background engine: a process of this user that keeps running when the terminal closes.

It is the same engine, started without a terminal; it ends after it has been idle for a while. Other
commands find it through its socket in AURA_HOME.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import aura_tui
from aura_tui.engine import home as home_
from aura_tui.engine import lock as lock_
from aura_tui.errors import Code, EngineError
from aura_tui.model.text.sanitize import clean_line
from aura_tui.system import permissions
from aura_tui.wire import unix_socket

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractAsyncContextManager

    from aura_tui.service import JobService

IDLE_S = 30.0  # without a job to run, until it ends
_LOOK_S = 1.0
_START_S = 20.0  # until it must answer
_LOG = "background.log"
_BUSY = 3  # its exit status if another engine holds the home


async def run(
    open_engine: Callable[[], AbstractAsyncContextManager[JobService]], *, idle_s: float = IDLE_S
) -> int:
    """Run the background engine until it is idle, or SIGTERM comes; jobs stay resumable."""
    leaving = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        loop.add_signal_handler(number, leaving.set)
    async with open_engine() as service:
        for notice in service.notices:
            sys.stderr.write(f"Warning: {notice}\n")
            sys.stderr.flush()
        idle_since = loop.time()
        while not leaving.is_set() and loop.time() - idle_since < idle_s:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(leaving.wait(), _LOOK_S)
            queue = await service.queue()
            if queue.running or queue.queued:
                idle_since = loop.time()
    return 0


def start(home: Path) -> None:
    """Start the background engine on ``home``; return once an engine answers there, this one or
    another that started first. Raises EngineError if none does. Blocks."""
    command = [sys.executable, "-P", "-m", "aura_tui", "engine", "run"]
    package = str(Path(aura_tui.__file__).parent.parent)
    path = os.pathsep.join(filter(None, (package, os.environ.get("PYTHONPATH"))))
    lock_.check(home_.Home(home))  # for the same error as from an engine in a terminal
    with (home / _LOG).open("wb") as log:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env={**os.environ, "PYTHONPATH": path, "AURA_HOME": str(home)},
            start_new_session=True,  # no hang-up of our terminal reaches it
            umask=permissions.users_umask(),
        )
    until = time.monotonic() + _START_S
    while time.monotonic() < until:
        if unix_socket.answers(home / unix_socket.NAME):
            # Reap it if it ends before us.
            threading.Thread(target=process.wait, daemon=True).start()
            return
        if process.poll() is not None:
            # It exits with the same status if it can't use the home, and then nothing holds that.
            held = lock_.holder(home_.Home(home)) is not None
            if process.returncode != _BUSY or not held:
                break
        time.sleep(0.02)
    process.poll()
    if process.returncode is None:
        process.terminate()
        process.wait()
    lines = (home / _LOG).read_text(errors="replace").strip().splitlines()
    raise EngineError(
        Code.ENGINE_GONE,
        "The background engine did not start" + (f": {clean_line(lines[0], 300)}" if lines else ""),
        f"See {home / _LOG}. Run the job in this terminal with: aura-tui watch",
    )
