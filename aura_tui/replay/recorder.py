"""``--record``: writes a job's events to a file while any view follows the job."""

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
_LAST_EVENTS_S = 1.0  # how long to wait for the recording to catch up with the view


class Recorded(Protocol):
    """The job to follow: how to open its service, how to begin it, and where to record it."""

    @property
    def open(self) -> Callable[[], AbstractAsyncContextManager[JobService]]: ...
    @property
    def settings(self) -> Settings: ...
    @property
    def begin(self) -> Callable[[JobService], Awaitable[str]] | None: ...
    @property
    def record(self) -> Path | None: ...


class Recorder:
    """Wraps ``what``'s ``open`` and ``begin``, and records the job's events to ``what.record``."""

    def __init__(self, what: Recorded) -> None:
        self._what = what
        self._file: BinaryIO | None = None
        self._supervisor = Supervisor()
        self._last: int | None = None  # id of the last written event; 0: only the header
        self._over = asyncio.Event()
        self._failure: AuraError | OSError | None = None
        self.job_id = ""  # once it has begun

    @asynccontextmanager
    async def open(self) -> AsyncIterator[JobService]:
        """Open the service. Raises InputError if the recording can't be written."""
        path = self._what.record
        with contextlib.ExitStack() as files:
            if path is not None:
                try:
                    # "x": never overwrite an earlier recording.
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
        """Begin the job, start to record it, and return its id."""
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
        except (AuraError, OSError) as e:  # a full disk, a stopped engine: don't try again
            self._failure = e
            report(
                TaskFailure(name=NAME, error=_as_error(self._what.record, e), at=datetime.now(UTC))
            )
        self._over.set()

    async def _end(self) -> None:
        # If the view has seen the job's end, the recording has it, too, or is about to. If the user
        # stopped watching before, the file has the events up to then.
        if NAME in self._supervisor.tasks:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._over.wait(), _LAST_EVENTS_S)
        await self._supervisor.aclose()
        if self._failure is not None:
            raise self._failure


def _as_error(path: Path | None, error: AuraError | OSError) -> AuraError:
    if isinstance(error, AuraError):
        return error
    return InputError(
        Code.OUTPUT_UNWRITABLE,
        f"Can't write {path}: {error.strerror or error}",
        "The job continues; the file holds the events up to here.",
        field="record",
    )
