"""Puts the parts together: which JobService a command gets.

One engine at a time works on one AURA_HOME. Whoever needs one is its client where one runs, and
starts one in its own process where none does; ``--server`` names one elsewhere instead.
"""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from aura_tui import settings as settings_
from aura_tui.engine import home as home_

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from contextlib import AbstractAsyncContextManager

    from aura_tui.service import JobService
    from aura_tui.settings import Settings


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
    def remote(self) -> bool:
        """Whether the engine is on another machine, and so are its files."""
        return bool(self.server)

    def runs_here(self) -> bool:
        """Whether some process holds the engine of this home."""
        return home_.holder(self._home) is not None

    @property
    def embeds(self) -> bool:
        """Whether :meth:`engine` would start one in this process."""
        return not self.remote and not self.runs_here()

    def engine(self) -> AbstractAsyncContextManager[JobService]:
        """One that works: the one named, the one that runs, else one of our own."""
        if self.runs_here():
            return self._reader()
        return self.embedded()

    def look(self) -> AbstractAsyncContextManager[JobService]:
        """To read alone: no engine is started for it."""
        return self._reader()

    def change(self) -> AbstractAsyncContextManager[JobService]:
        """To change a job and leave: an engine of our own takes no work up."""
        return self.embedded(work=False)

    @asynccontextmanager
    async def embedded(self, *, work: bool = True) -> AsyncIterator[JobService]:
        """An engine in this process, which others of this user reach over its socket.

        Entering raises EngineError where another one holds the home.
        """
        from aura_tui.engine.service import EmbeddedService

        async with EmbeddedService(self.settings, work=work) as service:
            yield service

    @asynccontextmanager
    async def _reader(self) -> AsyncIterator[JobService]:
        from aura_tui.engine.reading import ReadOnlyService

        async with ReadOnlyService(self._home, self.settings) as service:
            yield service
