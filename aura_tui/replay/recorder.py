"""``--record``: a run is written to a file while it is followed, whatever shows it."""

from __future__ import annotations

import asyncio
import contextlib
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, BinaryIO, Protocol

from aura_tui.errors import AuraError, Code, InputError
from aura_tui.service import waiting_out_outages
from aura_tui.system import permissions
from aura_tui.system.tasks import Supervisor, TaskFailure, report

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from contextlib import AbstractAsyncContextManager
    from pathlib import Path

    from aura_tui.service import JobService
    from aura_tui.settings import Settings

NAME = "recording"
_LAST_EVENTS_S = 1.0  # for the recording to reach the end that the view has seen


class Recorded(Protocol):
    """What is followed: how its service opens, which job it is, and where it is written to."""

    @property
    def open(self) -> Callable[[], AbstractAsyncContextManager[JobService]]: ...
    @property
    def settings(self) -> Settings: ...
    @property
    def begin(self) -> Callable[[JobService], Awaitable[str]] | None: ...
    @property
    def record(self) -> Path | None: ...


class Recorder:
    """Opens and begins as ``what`` does, and writes the run to ``what.record`` on the way."""

    def __init__(self, what: Recorded) -> None:
        self._what = what
        self._file: BinaryIO | None = None
        self._supervisor = Supervisor()
        self._last: int | None = None  # the last event that is in the file; 0: the header is
        self._over = asyncio.Event()
        self._failure: AuraError | OSError | None = None
        self.job_id = ""  # once it has begun

    @asynccontextmanager
    async def open(self) -> AsyncIterator[JobService]:
        """The service. Raises InputError where the recording can't be written."""
        path = self._what.record
        with contextlib.ExitStack() as files:
            if path is not None:
                try:
                    # Never over an earlier one: a recording is there to be kept.
                    self._file = files.enter_context(path.open("xb"))
                    if not path.resolve().is_relative_to(self._what.settings.home.resolve()):
                        permissions.apply_users_umask(path)
                except OSError as e:
                    why = e.strerror
                    if path.is_symlink() and not path.exists():
                        why = "it is a link to a file that doesn't exist"
                    raise InputError(
                        Code.OUTPUT_UNWRITABLE,
                        f"Can't write the recording {path}: {why}",
                        "Choose a new file in a folder that you can write to.",
                        field="record",
                    ) from None
            async with self._what.open() as service:
                try:
                    yield service
                finally:
                    await self._end()

    async def begin(self, service: JobService) -> str:
        """The job's id; from here on it is recorded."""
        assert self._what.begin is not None
        with waiting_out_outages():
            job_id = self.job_id = await self._what.begin(service)
        if (file := self._file) is not None:
            self._supervisor.keep(NAME, lambda: self._record(service, job_id, file), may_end=True)
        return job_id

    async def _record(self, service: JobService, job_id: str, file: BinaryIO) -> None:
        from aura_tui.replay.recording import record

        def written(event_id: int) -> None:
            self._last = event_id

        try:
            with waiting_out_outages():
                await record(service, job_id, file, after=self._last, written=written)
        except (AuraError, OSError) as e:  # a full disk, an engine that has gone: no other try
            self._failure = e
            report(
                TaskFailure(name=NAME, error=_refused(self._what.record, e), at=datetime.now(UTC))
            )
        self._over.set()

    async def _end(self) -> None:
        # Where the view has seen the end, so has the recording, or it is about to. Of a run that
        # was left before, what has been told is in the file.
        if NAME in self._supervisor.tasks:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._over.wait(), _LAST_EVENTS_S)
        await self._supervisor.aclose()
        if self._failure is not None:
            raise self._failure


def _refused(path: Path | None, error: AuraError | OSError) -> AuraError:
    if isinstance(error, AuraError):
        return error
    return InputError(
        Code.OUTPUT_UNWRITABLE,
        f"Can't write {path}: {error.strerror or error}",
        "The job continues; the file holds the events up to here.",
        field="record",
    )
