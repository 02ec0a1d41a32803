"""The engine of this home, as a process: its state, its stop, its restart."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections import Counter
from datetime import datetime
from typing import TYPE_CHECKING

import msgspec

from aura_tui.engine import home as home_
from aura_tui.engine import lock as lock_
from aura_tui.engine import settings_drift, stop_request
from aura_tui.engine.settings_drift import EngineKind
from aura_tui.errors import Code, Conflict, EngineError
from aura_tui.model.job import INTERRUPTED
from aura_tui.model.status import JobStatus
from aura_tui.wire import unix_socket

if TYPE_CHECKING:
    from aura_tui.service import EngineHolder
    from aura_tui.settings import Settings

# A cancelled job may still join a partial video; then the log is written.
STOPS_S = 60.0
_LOOK_S = 0.02
_COMMANDS = {"serve": "aura-tui serve", "foreground": "a board, run or watch"}


class EngineStatus(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The engine of a home; its own fields are empty if none is running.

    ``kind``: the command that runs it; None for an older version, whose ``version`` is "".
    ``answers``: whether it answers on its socket. ``urls``: where it serves. Counts are of jobs.
    ``drift``: the warning that it uses other settings than ours; "" if it doesn't.
    """

    running: bool
    suspended: bool = False
    answers: bool = False
    pid: int | None = None
    since: datetime | None = None
    kind: EngineKind | None = None
    version: str = ""
    urls: tuple[str, ...] = ()
    home: str
    socket: str
    jobs: dict[str, int]
    drift: str = ""


class EngineControl:
    """Controls the engine of the home in ``settings``. All methods block."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._home = home_.Home(settings.home)
        self._home.check_access(reading=True)

    def status(self) -> EngineStatus:
        """The current state. Raises EngineError if the database can't be read."""
        holder = lock_.holder(self._home)
        found = settings_drift.published(self._home, holder) if holder is not None else None
        socket = self._home.root / unix_socket.NAME
        suspended = holder is not None and lock_.is_stopped(holder)
        return EngineStatus(
            running=holder is not None,
            suspended=suspended,
            answers=holder is not None and not suspended and unix_socket.answers(socket),
            pid=holder.pid or None if holder is not None else None,
            since=holder.since if holder is not None else None,
            kind=found.kind if found is not None else None,
            version=found.version if found is not None else "",
            urls=found.urls if found is not None else (),
            home=str(self._home.root),
            socket=str(socket),
            jobs=self._counts(holder is not None),
            drift=settings_drift.differences(self._home, self._settings),
        )

    def _counts(self, running: bool) -> dict[str, int]:
        from aura_tui.engine.store.damage import DAMAGE
        from aura_tui.engine.store.open import open_reader

        words = (JobStatus.RUNNING.word, JobStatus.QUEUED.word, JobStatus.PAUSED.word, INTERRUPTED)
        counts = Counter(dict.fromkeys(words, 0))
        store = open_reader(self._home.store)
        if store is None:
            return dict(counts)
        with contextlib.closing(store):
            try:
                jobs = [record.job for record in store.open_records()]
            except DAMAGE as e:
                raise EngineError(
                    Code.STORE_CORRUPT,
                    f"Can't read the database {self._home.store}: {e}",
                    "Run any job: the engine then recovers the undamaged jobs.",
                ) from None
        for job in jobs:
            died = not running and job.status is JobStatus.RUNNING
            counts[INTERRUPTED if died else job.word] += not job.status.ended
        return dict(counts)

    def stop(self, *, interrupt: bool) -> bool:
        """Stop the engine and wait until it is gone; False if none was running. With ``interrupt``
        its jobs wait for a person, else the next engine resumes them.

        Raises EngineError if it is suspended, can't be signalled, or takes too long.
        """
        holder = lock_.holder(self._home)
        if holder is None:
            return False
        if lock_.is_stopped(holder):
            raise EngineError(Code.ENGINE_BUSY, *lock_.suspended_text(holder))
        self._signal(holder, interrupt=interrupt)
        until = time.monotonic() + STOPS_S
        while lock_.holder(self._home) == holder:
            if time.monotonic() > until:
                raise EngineError(
                    Code.ENGINE_BUSY,
                    f"The engine (process {holder.pid}) has not stopped for {STOPS_S:.0f} s",
                    f"Wait, or end it: kill -9 {holder.pid}. Its jobs stay resumable.",
                )
            time.sleep(_LOOK_S)
        return True

    def _signal(self, holder: EngineHolder, *, interrupt: bool) -> None:
        try:
            if not holder.pid:  # a full disk: the lock names nobody
                raise ProcessLookupError
            if interrupt:
                stop_request.write(self._home, holder.pid)
            os.kill(holder.pid, signal.SIGTERM)
        except OSError as e:
            raise EngineError(
                Code.ENGINE_BUSY,
                f"Can't stop the engine: {e.strerror or 'its process is unknown'}",
                "Quit the command that runs it.",
            ) from None

    def restart(self) -> None:
        """Start a background engine with our settings, in place of the one that is running, which
        must be one, too; its jobs continue. Raises Conflict for another kind, and EngineError."""
        from aura_tui.connect import background

        state = self.status()
        if state.running and state.kind != "background":
            command = _COMMANDS.get(state.kind or "", "another command")
            raise Conflict(
                Code.ENGINE_BUSY,
                f"The engine runs in {command} (process {state.pid}), not in the background",
                "Restart that command; or stop the engine with: aura-tui engine stop",
            )
        self.stop(interrupt=False)
        background.start(self._settings.home)
