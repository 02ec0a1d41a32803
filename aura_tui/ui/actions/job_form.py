"""Validation and suggestions for the new-job form. Calls providers and reads the disk, so only
workers of the app use it, never a widget."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from aura_tui.connect.preflight import Preflight
from aura_tui.errors import Faults
from aura_tui.ui.state.job_draft import Draft, Submission, build, typed_folder

if TYPE_CHECKING:
    from aura_tui.settings import Settings


class JobForm:
    """Checks drafts. ``remote``: the engine is on another machine and validates the rest itself."""

    def __init__(self, settings: Settings, *, remote: bool) -> None:
        self._preflight = Preflight(settings, remote=remote)
        self.draft = Draft(voice=settings.speech.voice)  # the last draft, for the next time

    async def check(self, draft: Draft) -> Submission:
        """The submission of ``draft``. Raises InputError."""
        order = await asyncio.to_thread(self._settle, draft)
        await self._preflight.check_tools()
        return order

    def _settle(self, draft: Draft) -> Submission:
        """Build the submission and check its folder, which is on this machine wherever the engine
        is; a typed folder is checked even while the brief is empty."""
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
        """Theme names, the one from the settings first."""
        return self._preflight.themes()

    async def voices(self) -> tuple[str, ...]:
        """Voice names on this machine; () for a remote engine."""
        return await self._preflight.voices()
