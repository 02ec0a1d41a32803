"""Puts the parts together: which JobService a command gets.

One engine at a time works on one AURA_HOME, and listens on a socket there. Whoever needs one is
its client where one runs, and starts one in its own process where none does; ``--server`` names
one elsewhere instead.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import time
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from aura_tui import settings as settings_
from aura_tui.engine import home as home_
from aura_tui.engine import lock as lock_
from aura_tui.errors import AuraError, Code, EngineError
from aura_tui.model.status import JobStatus
from aura_tui.system.tasks import Supervisor, TaskFailure, report
from aura_tui.wire import unix_socket

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
    from contextlib import AbstractAsyncContextManager
    from pathlib import Path

    from aura_tui.client.peer import Peer
    from aura_tui.service import JobService
    from aura_tui.settings import Settings

# An engine that has just begun answers on its socket soon after; a command that would change
# something waits that long for it.
_ANSWERS_S = 5.0
_LOOK_S = 0.02
# Engines may come and go while one is looked for, but not for as long as this.
_FIND_S = 30.0
# From one engine's end until the next one, in the background, takes calls: 1 to 2 s.
_SUCCESSION_S = 20.0
# How long a command tries again while a server elsewhere is away: about as long as a restart takes.
_OUTAGE_S = 5.0
_PROBE_S = 3.0  # to learn whether a server wants a token
# What an engine listens with takes a moment to import; its first job goes first.
_LISTEN_AFTER_S = 0.5
LISTENER = "socket listener"


def load_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """Settings from the file and the environment. Raises InputError."""
    return settings_.load(environ)


class EngineLocator:
    """The ways to an engine for one command. Each gives a context that yields the service.

    ``server``: an engine elsewhere, with ``token``; "" is the one of this user's AURA_HOME.
    """

    def __init__(self, settings: Settings, *, server: str = "", token: str = "") -> None:
        self.settings = settings
        self.server = server
        self._token = token
        self._home = home_.Home(settings.home)
        self._left_over = 0
        self._peer: Peer | None = None  # what is known of the server that is named
        self.gives_work = True  # what is begun here is made by that engine, and by its settings

    @property
    def socket(self) -> Path:
        """Where this home's engine listens."""
        return self._home.root / unix_socket.NAME

    @property
    def remote(self) -> bool:
        """Whether the engine is on another machine, and so are its files."""
        return bool(self.server)

    @property
    def has_token(self) -> bool:
        """Whether requests to the engine that is named carry a token."""
        return bool(self._token)

    def set_token(self, token: str) -> None:
        """Know the engine that is named by ``token`` from here on."""
        self._token = token.strip()

    async def needs_token(self) -> bool:
        """Whether the engine that is named refuses requests without a token; False as well where it
        can't be asked now: what is asked of it next says why."""
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
        """Whether some process holds the engine of this home."""
        return lock_.holder(self._home) is not None

    def answers(self) -> bool:
        """Whether the engine of this home takes calls."""
        return unix_socket.answers(self.socket)

    @property
    def embeds(self) -> bool:
        """Whether :meth:`engine` would start one in this process."""
        return not self.remote and not self.runs_here()

    def shared(self) -> AbstractAsyncContextManager[JobService]:
        """One that works: the one named, the one that runs, else one of our own."""
        return self._elsewhere() if self.remote else self._here(self.embedded)

    def resumable(self) -> AbstractAsyncContextManager[JobService]:
        """As :meth:`shared`, for jobs of ours: they continue when the running engine ends."""
        return self._elsewhere() if self.remote else self._here(self.embedded, succeed=True)

    def background(self) -> AbstractAsyncContextManager[JobService]:
        """One that stays when we leave: the one named or that runs, else a background engine."""
        return self._elsewhere() if self.remote else self._here(None, succeed=True)

    def read_only(self) -> AbstractAsyncContextManager[JobService]:
        """To read alone: no engine is started for it."""
        return self._elsewhere() if self.remote else self._reader()

    def one_shot(self) -> AbstractAsyncContextManager[JobService]:
        """To change a job and leave: an engine of our own takes no work up."""
        self.gives_work = False
        if self.remote:
            return self._elsewhere()
        return self._here(lambda: self.embedded(work=False))

    @asynccontextmanager
    async def _here(
        self,
        begin: Callable[[], AbstractAsyncContextManager[JobService]] | None,
        *,
        succeed: bool = False,
    ) -> AsyncIterator[JobService]:
        """The engine that runs; where none does, what ``begin`` opens (None: a background one).
        ``succeed``: when the process of the one that runs ends, a background engine goes on,
        unasked."""
        async with contextlib.AsyncExitStack() as opened:
            yield await self._found(opened, begin, succeed=succeed)

    async def _found(
        self,
        opened: contextlib.AsyncExitStack,
        begin: Callable[[], AbstractAsyncContextManager[JobService]] | None,
        *,
        succeed: bool,
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
                    return await opened.enter_async_context(self._client(succeed=succeed))
                if self.runs_here():  # it takes no calls: its store can be read
                    return await opened.enter_async_context(self._reader())
            except EngineError as e:
                # Another one began, or the one that answered ended, since we looked.
                passing = e.code in (Code.ENGINE_BUSY, Code.ENGINE_UNREACHABLE)
                if not passing or time.monotonic() > until:
                    raise
            await asyncio.sleep(_LOOK_S)

    async def _answering(self) -> bool:
        """Whether the engine that runs takes calls; one that has just begun soon does."""
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
    ) -> AsyncIterator[JobService]:
        """An engine in this process, which this user's other terminals reach over its socket
        (unless whoever opens it ``listens`` by himself). What they gave it to do and it has not
        done when it ends is what :meth:`go_on` is for.

        Entering raises EngineError where another one holds the home.
        """
        from aura_tui.engine.service import EmbeddedService

        async with EmbeddedService(self.settings, work=work) as service:
            # The home is ours now: a socket that is still there was left by a process that died.
            self.socket.unlink(missing_ok=True)
            if not (work and listens):
                yield service
                return
            given: set[str] = set()
            left = asyncio.Event()
            supervisor = Supervisor()

            def listen() -> Awaitable[None]:
                return self._listen(service, left, listen_after_s, given.add)

            supervisor.keep(LISTENER, listen, may_end=True)
            try:
                yield service
            finally:
                left.set()
                if (listening := supervisor.tasks.get(LISTENER)) is not None:
                    await asyncio.wait((listening,))
                await supervisor.aclose()
                self._left_over = await _under_way(service, given)

    async def _listen(
        self,
        service: JobService,
        left: asyncio.Event,
        after_s: float,
        on_work: Callable[[str], None],
    ) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(left.wait(), after_s)
        if left.is_set():
            return
        server = await asyncio.to_thread(importlib.import_module, "aura_tui.server.serve")
        try:
            async with server.listening(service, self.settings, self.socket, on_work=on_work):
                await left.wait()
        except AuraError as e:
            # Without a socket (a disk that has none, say) others still read along. Trying again
            # would not help; the person learns it once.
            report(TaskFailure(name=LISTENER, error=e, at=datetime.now(UTC)))

    def go_on(self) -> int:
        """Have what other terminals gave to our own engine, which has ended, go on in the
        background: they were told that it would. How many jobs that is. Raises EngineError.
        Blocks."""
        count, self._left_over = self._left_over, 0
        if count:
            self.start_background()
        return count

    @asynccontextmanager
    async def _elsewhere(self) -> AsyncIterator[JobService]:
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
    async def _client(self, *, succeed: bool) -> AsyncIterator[JobService]:
        from aura_tui.client.service import RemoteService
        from aura_tui.connect.supervisor import NAME, EngineSupervisor

        patience_s = _SUCCESSION_S if succeed else 0.0
        async with RemoteService(uds=self.socket, patience_s=patience_s) as service:
            if self.gives_work:
                service.notices += await asyncio.to_thread(self._other_terms)
            supervisor = Supervisor()
            engine = EngineSupervisor(
                service,
                self._home,
                answers=self.answers,
                start=self.start_background,
                succeed=succeed,
            )
            supervisor.keep(NAME, engine.watch)
            try:
                yield service
            finally:
                await supervisor.aclose()

    def _other_terms(self) -> list[str]:
        from aura_tui.engine import settings_drift

        return [said] if (said := settings_drift.differences(self._home, self.settings)) else []

    def start_background(self) -> None:
        """Have a background engine work on this home. Raises EngineError. Blocks."""
        from aura_tui.connect.background import start

        start(self.settings.home)

    @asynccontextmanager
    async def _reader(self) -> AsyncIterator[JobService]:
        from aura_tui.engine.read_only import ReadOnlyService

        self._home.check_access(reading=True)
        async with ReadOnlyService(self._home, self.settings) as service:
            yield service


async def _under_way(service: JobService, job_ids: Iterable[str]) -> int:
    """How many of the jobs wait or run."""
    count = 0
    for job_id in job_ids:
        with contextlib.suppress(AuraError):  # one that retention has taken
            status = (await service.get(job_id)).status
            count += status in (JobStatus.QUEUED, JobStatus.RUNNING)
    return count
