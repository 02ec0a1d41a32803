"""Locates the engine for a command, and opens a JobService to it.

One engine at a time runs on one AURA_HOME, and listens on a socket there. A command becomes its
client if one is running, else it starts one in its own process; ``--server`` selects a remote
engine instead.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import os
import time
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from aura_tui import settings as settings_
from aura_tui.engine import home as home_
from aura_tui.engine import lock as lock_
from aura_tui.errors import AuraError, Code, EngineError
from aura_tui.system.tasks import Supervisor, TaskFailure, report
from aura_tui.wire import unix_socket

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
    from contextlib import AbstractAsyncContextManager
    from pathlib import Path

    from aura_tui.client.peer import Peer
    from aura_tui.engine.service import EmbeddedService
    from aura_tui.engine.settings_drift import EngineKind
    from aura_tui.service import JobService
    from aura_tui.settings import Settings

# How long to wait for a new engine to answer on its socket.
_ANSWERS_S = 5.0
_LOOK_S = 0.02
# How long to look for an engine while engines start and stop.
_FIND_S = 30.0
# From one engine's end until a background one answers takes 1 to 2 s.
_SUCCESSION_S = 20.0
# How long to retry while a remote server is unavailable: about as long as a restart takes.
_OUTAGE_S = 5.0
_PROBE_S = 3.0  # to find out whether a server requires a token
# The server takes a moment to import; the engine's first job goes first.
_LISTEN_AFTER_S = 0.5
LISTENER = "socket listener"


def load_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """Settings from the file and the environment. Raises InputError."""
    return settings_.load(environ)


class EngineLocator:
    """Opens the engine for one command. Each method returns a context manager of a service.

    ``server`` is the URL of a remote engine, used with ``token``; "" is the engine of this user's
    AURA_HOME.
    """

    def __init__(self, settings: Settings, *, server: str = "", token: str = "") -> None:
        self.settings = settings
        self.server = server
        self._token = token
        self._home = home_.Home(settings.home)
        self._unfinished = 0
        self._service: EmbeddedService | None = None  # the engine in this process
        self._others: set[str] = set()  # jobs that other terminals submitted to it
        self._peer: Peer | None = None  # what is known of the remote server
        self.submits_jobs = True  # warn if the running engine uses other settings

    @property
    def socket(self) -> Path:
        """The socket on which this home's engine listens."""
        return self._home.root / unix_socket.NAME

    @property
    def remote(self) -> bool:
        """Whether the engine is on another machine, with its files."""
        return bool(self.server)

    @property
    def place(self) -> str:
        """Where the engine is, for people: the host of a remote one, else the home."""
        if self.remote:
            from aura_tui.client.address import of_url

            with contextlib.suppress(AuraError):  # reported when it is opened
                return of_url(self.server).shown
            return ""
        home, folder = str(self.settings.home), os.path.expanduser("~")
        return f"~{home[len(folder) :]}" if home.startswith(f"{folder}/") else home

    @property
    def has_token(self) -> bool:
        """Whether requests to the remote engine carry a token."""
        return bool(self._token)

    def set_token(self, token: str) -> None:
        """Use ``token`` for the remote engine from now on."""
        self._token = token.strip()

    async def needs_token(self) -> bool:
        """Whether the remote engine requires a token. False if it can't be reached: the next
        request reports that."""
        from aura_tui.client.service import RemoteService

        try:
            async with asyncio.timeout(_PROBE_S), RemoteService(self.server, "") as service:
                await service.list(limit=1)
        except AuraError as e:
            return e.code is Code.TOKEN_REFUSED
        except TimeoutError:
            pass
        return False

    def runs_here(self) -> bool:
        """Whether a process holds the engine's lock on this home."""
        return lock_.holder(self._home) is not None

    def answers(self) -> bool:
        """Whether the engine of this home answers on its socket."""
        return unix_socket.answers(self.socket)

    @property
    def embeds(self) -> bool:
        """Whether :meth:`shared` would start an engine in this process."""
        return not self.remote and not self.runs_here()

    def shared(self) -> AbstractAsyncContextManager[JobService]:
        """The remote engine, the running one, or else a new one in this process."""
        return self._remote_service() if self.remote else self._local(self.embedded)

    def resumable(self) -> AbstractAsyncContextManager[JobService]:
        """As :meth:`shared`; if the running engine stops, a background engine continues the
        jobs."""
        return self._remote_service() if self.remote else self._local(self.embedded, restart=True)

    def background(self) -> AbstractAsyncContextManager[JobService]:
        """An engine that outlives this process: the remote one, the running one, or else a
        background engine."""
        return self._remote_service() if self.remote else self._local(None, restart=True)

    def read_only(self) -> AbstractAsyncContextManager[JobService]:
        """A service for reading only; starts no engine."""
        return self._remote_service() if self.remote else self._reader()

    def one_shot(self) -> AbstractAsyncContextManager[JobService]:
        """A service to change one job: an engine in this process starts no jobs."""
        self.submits_jobs = False
        if self.remote:
            return self._remote_service()
        return self._local(lambda: self.embedded(work=False))

    @asynccontextmanager
    async def _local(
        self,
        begin: Callable[[], AbstractAsyncContextManager[JobService]] | None,
        *,
        restart: bool = False,
    ) -> AsyncIterator[JobService]:
        """The running engine, or else what ``begin`` opens (None: a background engine).
        ``restart``: if the running engine stops, start a background one, unless a person
        stopped it."""
        async with contextlib.AsyncExitStack() as opened:
            yield await self._find(opened, begin, restart=restart)

    async def _find(
        self,
        opened: contextlib.AsyncExitStack,
        begin: Callable[[], AbstractAsyncContextManager[JobService]] | None,
        *,
        restart: bool,
    ) -> JobService:
        self._home.check_access()  # before anything is sent to an engine there
        until = time.monotonic() + _FIND_S
        while True:
            try:
                if not self.runs_here():
                    if begin is not None:
                        return await opened.enter_async_context(begin())
                    await asyncio.to_thread(self.start_background)
                if await self._answering():
                    return await opened.enter_async_context(self._client(restart=restart))
                if self.runs_here():  # it doesn't answer, but its database can be read
                    return await opened.enter_async_context(self._reader())
            except EngineError as e:
                # Another engine has started, or the one that answered has stopped, meanwhile.
                passing = e.code in (Code.ENGINE_BUSY, Code.ENGINE_UNREACHABLE)
                if not passing or time.monotonic() > until:
                    raise
            await asyncio.sleep(_LOOK_S)

    async def _answering(self) -> bool:
        """Whether the running engine answers; waits for one that has just started."""
        until = time.monotonic() + _ANSWERS_S
        while not await asyncio.to_thread(self.answers):
            if time.monotonic() > until or not self.runs_here():
                return False
            await asyncio.sleep(_LOOK_S)
        return True

    @asynccontextmanager
    async def embedded(
        self,
        *,
        work: bool = True,
        listens: bool = True,
        listen_after_s: float = _LISTEN_AFTER_S,
        kind: EngineKind = "foreground",
    ) -> AsyncIterator[JobService]:
        """An engine in this process, which this user's other terminals reach over its socket
        (``listens=False``: the caller listens itself). :meth:`continue_jobs` continues the jobs
        that they submitted and that are unfinished when it stops.

        Entering raises EngineError if another engine holds the home.
        """
        from aura_tui.engine.service import EmbeddedService

        async with EmbeddedService(self.settings, work=work, kind=kind) as service:
            # The home is ours now: a socket there was left by a process that died.
            self.socket.unlink(missing_ok=True)
            if not (work and listens):
                yield service
                return
            self._service, self._others = service, set()
            closing = asyncio.Event()
            supervisor = Supervisor()

            def listen() -> Awaitable[None]:
                return self._listen(service, closing, listen_after_s, self._others.add)

            supervisor.keep(LISTENER, listen, may_end=True)
            try:
                yield service
            finally:
                await service.interrupt_jobs()
                closing.set()
                if (listening := supervisor.tasks.get(LISTENER)) is not None:
                    await asyncio.wait((listening,))
                await supervisor.aclose()
                self._unfinished = await _count_active(service, self._others)
                self._service = None

    def interrupt_jobs(self, *, everything: bool) -> None:
        """Let the jobs of our engine wait for a person once it has stopped; without
        ``everything``, not those that other terminals submitted."""
        if self._service is None:
            return
        self._service.interrupt_on_close(but=() if everything else self._others)
        if everything:
            from aura_tui.engine import stop_request

            with contextlib.suppress(OSError):  # on a full disk our clients start another engine
                stop_request.write(self._home, os.getpid())

    def log_hang_up(self, error: Exception) -> None:
        """Write to the engine's log that no background engine continues the jobs of a terminal
        that has closed."""
        from aura_tui.engine import engine_log

        name = "Hand-over to the background after a hang-up"
        failure = TaskFailure(name=name, error=error, at=datetime.now(UTC))
        engine_log.write(self._home, failure)

    def has_active(self) -> bool:
        """Whether a job of this home is queued or running, or may be: a damaged database is
        recovered by the next engine. Blocks."""
        from aura_tui.engine.store.damage import DAMAGE
        from aura_tui.engine.store.open import open_reader

        try:
            store = open_reader(self._home.store)
            if store is None:
                return False
            with contextlib.closing(store):
                return any(record.job.active for record in store.open_records())
        except (AuraError, OSError, *DAMAGE):
            return True

    async def _listen(
        self,
        service: JobService,
        closing: asyncio.Event,
        after_s: float,
        on_work: Callable[[str], None],
    ) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(closing.wait(), after_s)
        if closing.is_set():
            return
        server = await asyncio.to_thread(importlib.import_module, "aura_tui.server.serve")
        try:
            async with server.listening(service, self.settings, self.socket, on_work=on_work):
                await closing.wait()
        except AuraError as e:
            # Without a socket (on a disk that doesn't support them) other terminals can still read
            # the database. A retry would not help; report it once.
            report(TaskFailure(name=LISTENER, error=e, at=datetime.now(UTC)))

    def continue_jobs(self) -> int:
        """Continue, in the background, the unfinished jobs that other terminals submitted to our
        engine, which has stopped; returns their number. Raises EngineError. Blocks."""
        count, self._unfinished = self._unfinished, 0
        if count:
            self.start_background()
        return count

    @asynccontextmanager
    async def _remote_service(self) -> AsyncIterator[JobService]:
        from aura_tui.client.delivery import Delivery
        from aura_tui.client.service import RemoteService
        from aura_tui.engine import delivery

        service = RemoteService(
            self.server,
            self._token,
            delivery=Delivery(delivery.check_folder, delivery.deliver),
            patience_s=_OUTAGE_S,
            peer=self._peer,
        )
        self._peer = service.peer
        async with service:
            yield service

    @asynccontextmanager
    async def _client(self, *, restart: bool) -> AsyncIterator[JobService]:
        from aura_tui.client.service import RemoteService
        from aura_tui.connect.engine_monitor import NAME, EngineSupervisor
        from aura_tui.engine import stop_request

        patience_s = _SUCCESSION_S if restart else 0.0
        async with RemoteService(uds=self.socket, patience_s=patience_s) as service:
            if self.submits_jobs:
                service.notices += await asyncio.to_thread(self._settings_warning)
            supervisor = Supervisor()
            engine = EngineSupervisor(
                service,
                self._home,
                answers=self.answers,
                start=self.start_background,
                needed=lambda: restart and not stop_request.exists(self._home),
            )
            supervisor.keep(NAME, engine.watch)
            try:
                yield service
            finally:
                await supervisor.aclose()

    def _settings_warning(self) -> list[str]:
        from aura_tui.engine import settings_drift

        return (
            [warning] if (warning := settings_drift.differences(self._home, self.settings)) else []
        )

    def publish_urls(self, urls: tuple[str, ...]) -> None:
        """Publish where our engine serves."""
        from aura_tui.engine import settings_drift

        settings_drift.publish(self._home, self.settings, "serve", urls)

    def start_background(self) -> None:
        """Start a background engine on this home. Raises EngineError. Blocks."""
        from aura_tui.connect.background import start

        start(self.settings.home)

    @asynccontextmanager
    async def _reader(self) -> AsyncIterator[JobService]:
        from aura_tui.engine.read_only import ReadOnlyService

        self._home.check_access(reading=True)
        async with ReadOnlyService(self._home, self.settings) as service:
            yield service


async def _count_active(service: EmbeddedService, job_ids: Iterable[str]) -> int:
    """How many of the jobs the next engine would resume."""
    count = 0
    for job_id in job_ids:
        with contextlib.suppress(AuraError):  # deleted by retention
            job = await service.get(job_id)
            count += job.active and not service.will_interrupt(job)
    return count
