"""Validation and suggestions for the new-job form. Calls providers and reads the disk, so only
workers of the app use it, never a widget."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import TYPE_CHECKING

from aura_tui.connect.preflight import Preflight
from aura_tui.errors import Faults
from aura_tui.system.path_completion import PathCompletion, complete_path
from aura_tui.ui.state.job_draft import (
    BRIEF_SUFFIXES,
    Draft,
    Submission,
    build,
    typed_folder,
    words_in_file,
)
from aura_tui.ui.state.voices import VoiceChoice

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aura_tui.settings import Settings
    from aura_tui.ui.actions.play_sound import SoundPlayer


class JobForm:
    """Checks drafts, and looks up what the form suggests. ``remote``: the engine is on another
    machine and validates the rest itself; files and folders are on this one."""

    def __init__(
        self, settings: Settings, *, remote: bool, environ: Mapping[str, str] | None = None
    ) -> None:
        self._settings = settings
        self._environ = os.environ if environ is None else environ
        self._preflight = Preflight(settings, remote=remote)
        self._player: SoundPlayer | None = None
        self.empty = Draft(voice=settings.speech.voice)
        self.draft = self.empty  # the last draft, for the next time
        self.has_samples = not remote

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

    async def check_folder(self, typed: str) -> Path:
        """The folder as typed (not empty), absolute. Raises InputError if no file can be delivered
        there; it is on this machine wherever the engine is."""
        folder = typed_folder(Draft(folder=typed)) or Path.cwd()
        await asyncio.to_thread(self._preflight.check_folder, folder)
        return folder

    def themes(self) -> tuple[str, ...]:
        """Theme names, the one from the settings first."""
        return self._preflight.themes()

    async def complete_file(self, typed: str) -> PathCompletion:
        """Completions of the path of a brief."""
        return await asyncio.to_thread(complete_path, typed, suffixes=BRIEF_SUFFIXES)

    async def complete_folder(self, typed: str) -> PathCompletion:
        """Completions of the path of a folder."""
        return await asyncio.to_thread(complete_path, typed, folders_only=True)

    async def words_in_file(self, draft: Draft) -> int | None:
        """How many words the draft's file has; None if it has none, or can't be read."""
        return await asyncio.to_thread(words_in_file, draft)

    async def voices(self) -> tuple[VoiceChoice, ...]:
        """The voices on this machine; () for a remote engine."""
        found = await self._preflight.voices()
        return tuple(VoiceChoice(v.name, v.language, v.provider, v.description) for v in found)

    async def sample(self, voice: VoiceChoice) -> str:
        """Speak a sample of ``voice``, and play it if possible; returns what became of it. Raises
        AuraError."""
        from aura_tui.connect.voice_sample import speak_sample
        from aura_tui.ui.actions.play_sound import SoundPlayer

        path = await speak_sample(
            self._settings, provider=voice.provider, voice=voice.name, language=voice.language
        )
        if self._player is None:
            self._player = SoundPlayer(self._environ)
        why = await self._player.play(path)
        return f"Not played, {why}: {path}" if why else f"Playing {voice.name}"

    async def close(self) -> None:
        """Stop a sample that is playing."""
        if self._player is not None:
            await self._player.stop()
