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
from typing import TYPE_CHECKING

from aura_tui import settings as settings_
from aura_tui.engine import home as home_
from aura_tui.errors import AuraError, Code, EngineError
from aura_tui.wire import unix

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from contextlib import AbstractAsyncContextManager
    from pathlib import Path

    from aura_tui.client.service import RemoteService
    from aura_tui.service import JobService
    from aura_tui.settings import Settings

# An engine that has just begun answers on its socket soon after; a command that would change
# something waits that long for it.
_ANSWERS_S = 5.0
_LOOK_S = 0.02
# What an engine listens with takes a moment to import; its first job goes first.
_LISTEN_AFTER_S = 0.5
_ATTEND_S = 0.5
_GONE = "The engine has gone; what is unfinished goes on with: aura-tui watch"


def load_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """Settings from the file and the environment. Raises InputError."""
    return settings_.load(environ)


class Doors:
    """The ways to an engine for one command. Each gives a context that yields the service.

    ``server``: an engine elsewhere, with ``token``; "" is the one of this user's AURA_HOME.
    """

    def __init__(self, settings: Settings, *, server: str = "", token: str = "") -> None:
        self.settings = settings
        self.server = server
        self._token = token
        self._home = home_.Home(settings.home)

    @property
    def socket(self) -> Path:
        """Where this home's engine listens."""
        return self._home.root / unix.NAME

    @property
    def remote(self) -> bool:
        """Whether the engine is on another machine, and so are its files."""
        return bool(self.server)

    def runs_here(self) -> bool:
        """Whether some process holds the engine of this home."""
        return home_.holder(self._home) is not None

    def answers(self) -> bool:
        """Whether the engine of this home takes calls."""
        return unix.answers(self.socket)

    @property
    def embeds(self) -> bool:
        """Whether :meth:`engine` would start one in this process."""
        return not self.remote and not self.runs_here()

    def engine(self) -> AbstractAsyncContextManager[JobService]:
        """One that works: the one named, the one that runs, else one of our own."""
        if self.remote:
            return self._elsewhere()
        return self._running() if self.runs_here() else self._begin()

    def worker(self) -> AbstractAsyncContextManager[JobService]:
        """As :meth:`engine`, for work of ours: it goes on when the one that runs ends."""
        if self.remote:
            return self._elsewhere()
        return self._running(succeed=True) if self.runs_here() else self._begin(succeed=True)

    @asynccontextmanager
    async def _begin(self, *, succeed: bool = False) -> AsyncIterator[JobService]:
        """An engine of our own; where another process was a moment faster, that one's."""
        async with contextlib.AsyncExitStack() as opened:
            try:
                service = await opened.enter_async_context(self.embedded())
            except EngineError as e:
                if e.code is not Code.ENGINE_BUSY:
                    raise
                service = await opened.enter_async_context(self._running(succeed=succeed))
            yield service

    def look(self) -> AbstractAsyncContextManager[JobService]:
        """To read alone: no engine is started for it."""
        return self._elsewhere() if self.remote else self._reader()

    def change(self) -> AbstractAsyncContextManager[JobService]:
        """To change a job and leave: an engine of our own takes no work up."""
        if self.remote:
            return self._elsewhere()
        return self._running() if self.runs_here() else self.embedded(work=False)

    @asynccontextmanager
    async def embedded(
        self,
        *,
        work: bool = True,
        listens: bool = True,
        listen_after_s: float = _LISTEN_AFTER_S,
    ) -> AsyncIterator[JobService]:
        """An engine in this process, which this user's other terminals reach over its socket
        (unless whoever opens it ``listens`` by himself).

        Entering raises EngineError where another one holds the home.
        """
        from aura_tui.engine.service import EmbeddedService

        async with EmbeddedService(self.settings, work=work) as service:
            # The home is ours now: a socket that is still there was left by a process that died.
            self.socket.unlink(missing_ok=True)
            if not (work and listens):
                yield service
                return
            left = asyncio.Event()
            listening = asyncio.create_task(self._listen(service, left, listen_after_s))
            try:
                yield service
            finally:
                left.set()
                await asyncio.wait((listening,))

    async def _listen(self, service: JobService, left: asyncio.Event, after_s: float) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(left.wait(), after_s)
        if left.is_set():
            return
        server = await asyncio.to_thread(importlib.import_module, "aura_tui.server.run")
        # Without a socket (a disk that has none, say) others still read along.
        with contextlib.suppress(AuraError):
            async with server.listening(service, self.settings, self.socket):
                await left.wait()

    @asynccontextmanager
    async def _elsewhere(self) -> AsyncIterator[JobService]:
        from aura_tui.client.service import Delivery, RemoteService
        from aura_tui.engine import deliver

        delivery = Delivery(deliver.check_folder, deliver.deliver)
        async with RemoteService(self.server, self._token, delivery=delivery) as service:
            yield service

    @asynccontextmanager
    async def _running(self, *, succeed: bool = False) -> AsyncIterator[JobService]:
        """The engine that runs; where it takes no calls, its store to read. ``succeed``: when its
        process ends, a background engine goes on, unasked."""
        from aura_tui.client.service import RemoteService

        until = time.monotonic() + _ANSWERS_S
        while not await asyncio.to_thread(self.answers):
            if time.monotonic() > until or not self.runs_here():
                async with self._reader() as reader:
                    yield reader
                return
            await asyncio.sleep(_LOOK_S)
        async with RemoteService(uds=self.socket) as service:
            attending = asyncio.create_task(self._attend(service, succeed=succeed))
            try:
                yield service
            finally:
                attending.cancel()
                await asyncio.wait((attending,))

    async def _attend(self, service: RemoteService, *, succeed: bool) -> None:
        """The engine's process may end before the work that we wait for. Then the work goes on in
        the background, at once or when somebody asks to reconnect, and the link heals."""
        free, wanted = 0, False
        loop = asyncio.get_running_loop()
        while True:
            look_at = loop.time() + _ATTEND_S
            wanted = await service.wanted(_ATTEND_S) or wanted
            await asyncio.sleep(look_at - loop.time())  # two looks are that far apart
            try:
                runs = await asyncio.to_thread(self.runs_here)
                answers = free == 2 and await asyncio.to_thread(self.answers)
            except OSError:  # a home that can't be looked at now
                continue
            wanted = wanted and not runs
            if free < 2:  # not just between one engine and the next
                free = 0 if runs else free + 1
                if free == 2:
                    service.absent(_GONE)
            elif answers:
                free = 0
                service.absent("")
                continue
            if free == 2 and not runs and (succeed or wanted):
                wanted = False
                try:
                    await asyncio.to_thread(self.start_background)
                except AuraError as e:  # tried again
                    service.absent(f"{e.message}; {e.remediation}")

    def start_background(self) -> None:
        """Have a background engine work on this home. Raises EngineError. Blocks."""
        from aura_tui.background import start

        start(self.settings.home)

    @asynccontextmanager
    async def _reader(self) -> AsyncIterator[JobService]:
        from aura_tui.engine.reading import ReadOnlyService

        async with ReadOnlyService(self._home, self.settings) as service:
            yield service
