"""Checks a new job on this machine before it is queued, and lists themes and voices.

It queries providers and disks: call it from a worker or a thread, never from a widget.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from aura_tui.model.request import JobRequest
    from aura_tui.providers.protocols import Voice
    from aura_tui.settings import Settings


class Preflight:
    """``remote``: the engine is on another machine and checks most things itself; only bounds and
    folders are checked here."""

    def __init__(self, settings: Settings, *, remote: bool) -> None:
        self._settings = settings
        self._remote = remote

    def check_place(self, folder: Path) -> None:
        """Raise InputError if files can't be delivered to ``folder``, which need not exist."""
        from aura_tui.engine.delivery import check_place

        check_place(folder)

    def check_folder(self, folder: Path) -> None:
        """As :meth:`check_place`, and creates a file there for a moment."""
        from aura_tui.engine.delivery import check_folder

        check_folder(folder)

    def check_request(self, request: JobRequest) -> None:
        """Raise InvalidRequest with all faults: values out of bounds, or (if the engine is on this
        machine) a provider, voice, theme or folder that is unavailable."""
        if self._remote:
            from aura_tui.model.request_check import check

            check(request)
        else:
            from aura_tui.pipeline.preflight import check_request

            check_request(request, self._settings)

    async def check_tools(self) -> None:
        """Raise InputError if a program that every job needs is unavailable."""
        if not self._remote:
            from aura_tui.pipeline.preflight import check_tools

            await check_tools(self._settings)

    def themes(self) -> tuple[str, ...]:
        """Names of card themes, the configured one first."""
        from aura_tui.providers.visuals.card_layouts.themes import THEMES

        own = self._settings.visuals.theme.strip().lower()
        return tuple(dict.fromkeys((own, *THEMES) if own in THEMES else THEMES))

    async def voices(self) -> tuple[Voice, ...]:
        """The voices on this machine, each name once; empty for a remote engine."""
        if self._remote:
            return ()
        from aura_tui.providers.speech import all_voices

        found = await all_voices(self._settings)
        return tuple({voice.name: voice for voice in reversed(found)}.values())[::-1]
