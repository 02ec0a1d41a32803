"""What the form of a new job is checked against, and what it suggests. Asks providers and disks:
called by the app's workers, never by a widget."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from aura_tui.ui.draft import Draft, Order, settle, typed_folder

if TYPE_CHECKING:
    from aura_tui.model.request import JobRequest
    from aura_tui.settings import Settings


class Ordering:
    """``remote``: the engine is on another machine, and knows best what it can do."""

    def __init__(self, settings: Settings, *, remote: bool) -> None:
        self._settings = settings
        self._remote = remote
        self.draft = Draft(voice=settings.speech.voice)  # as it was left, for the next time

    async def check(self, draft: Draft) -> Order:
        """The order that ``draft`` makes. Raises InputError."""
        order = await asyncio.to_thread(self._settle, draft)
        if not self._remote:
            from aura_tui.pipeline.check import check_tools

            await check_tools(self._settings)
        return order

    def _settle(self, draft: Draft) -> Order:
        """The folder is on this machine, wherever the engine is; one that was named is looked at
        first, also while there is nothing yet to put into it."""
        from aura_tui.engine.deliver import check_place

        named = typed_folder(draft)
        if named is not None:
            check_place(named)
        order = settle(draft, self._check_choices)
        check_place(order.folder)
        return order

    def _check_choices(self, request: JobRequest) -> None:
        if not self._remote:
            from aura_tui.pipeline.check import check_choices

            check_choices(request, self._settings)

    def themes(self) -> tuple[str, ...]:
        """Names of looks, the settings' own first."""
        from aura_tui.providers.visuals.themes import THEMES

        own = self._settings.visuals.theme.strip().lower()
        return tuple(dict.fromkeys((own, *THEMES) if own in THEMES else THEMES))

    async def voices(self) -> tuple[str, ...]:
        """Names of voices here; none of another machine's are known."""
        if self._remote:
            return ()
        from aura_tui.providers.speech import all_voices

        return tuple(dict.fromkeys(voice.name for voice in await all_voices(self._settings)))
