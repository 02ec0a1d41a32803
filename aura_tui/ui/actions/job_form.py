"""What the form of a new job is checked against, and what it suggests. Asks providers and disks:
called by the app's workers, never by a widget."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from aura_tui.connect.preflight import Preflight
from aura_tui.errors import Faults
from aura_tui.ui.state.job_draft import Draft, Submission, build, typed_folder

if TYPE_CHECKING:
    from aura_tui.settings import Settings


class JobForm:
    """``remote``: the engine is on another machine, and knows best what it can do."""

    def __init__(self, settings: Settings, *, remote: bool) -> None:
        self._preflight = Preflight(settings, remote=remote)
        self.draft = Draft(voice=settings.speech.voice)  # as it was left, for the next time

    async def check(self, draft: Draft) -> Submission:
        """The order that ``draft`` makes. Raises InputError."""
        order = await asyncio.to_thread(self._settle, draft)
        await self._preflight.check_tools()
        return order

    def _settle(self, draft: Draft) -> Submission:
        """The folder is on this machine, wherever the engine is; one that was named is looked at
        also while there is nothing yet to put into it."""
        order, faults = None, Faults()
        with faults.collect():
            if (named := typed_folder(draft)) is not None:
                self._preflight.check_place(named)
        with faults.collect():
            order = build(draft, self._preflight.check_request)
            self._preflight.check_place(order.folder)
        faults.check()
        assert order is not None
        return order

    def themes(self) -> tuple[str, ...]:
        """Names of looks, the settings' own first."""
        return self._preflight.themes()

    async def voices(self) -> tuple[str, ...]:
        """Names of voices here; none of another machine's are known."""
        return await self._preflight.voices()
