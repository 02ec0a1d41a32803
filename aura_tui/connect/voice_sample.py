"""Speaks a sample of a voice on this machine."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote

from aura_tui.errors import Code, InputError
from aura_tui.system.files import replacing
from aura_tui.system.processes import ProcessGroup

if TYPE_CHECKING:
    from aura_tui.providers.protocols import Severity
    from aura_tui.settings import Settings

FOLDER = "samples"  # in the home
MAX_SAMPLES = 20  # files; each is about 300 KB
_MAX_NAME = 150  # characters
_ENGLISH = "This is how I sound. I can tell your story from its first word to its last."
_ANY = "1, 2, 3, 4, 5, 6, 7, 8, 9, 10."  # voices read figures in their own language


class _Context(NamedTuple):
    """What a speech provider needs. Implements
    :class:`aura_tui.providers.protocols.ProviderContext`."""

    children: ProcessGroup
    scratch: Path
    settings: Settings

    def log(self, message: str, severity: Severity = "info") -> None:
        """No job has a log here."""

    def warn(self, message: str) -> None:
        """As :meth:`log`."""


async def speak_sample(
    settings: Settings, *, provider: str, voice: str, language: str, rate: float = 1.0
) -> Path:
    """The WAV of a sample, in the home's folder for samples; spoken before, it is used again.

    Raises AuraError.
    """
    from aura_tui.providers.protocols import SceneText
    from aura_tui.providers.speech import choose

    folder = settings.home / FOLDER
    out = folder / f"{quote(f'{provider}-{voice}-{rate:g}', safe='+')[:_MAX_NAME]}.wav"
    if await asyncio.to_thread(out.is_file):
        return out
    speaker = choose(provider, settings)
    text = _ENGLISH if language.lower().partition("-")[0] == "en" else _ANY
    name = speaker.resolve(voice, language)
    scene = SceneText(text=text, voice=name, language=language, rate=rate, pitch=1.0)
    children = ProcessGroup()
    try:
        await asyncio.to_thread(folder.mkdir, mode=0o700, parents=True, exist_ok=True)
        with (
            tempfile.TemporaryDirectory(prefix=".", dir=folder) as scratch,
            replacing(out, synced=False) as spoken,
        ):
            await speaker.speak(scene, spoken, _Context(children, Path(scratch), settings))
        await asyncio.to_thread(_delete_oldest, folder)
    except OSError as e:
        raise InputError(
            Code.OUTPUT_UNWRITABLE,
            f"Can't write a sample to {folder}: {e.strerror or e}",
            "Free some space there, or make the folder writable.",
        ) from None
    finally:
        await children.kill()
    return out


def _delete_oldest(folder: Path) -> None:
    """Delete all but the newest samples."""
    old = sorted(folder.glob("*.wav"), key=lambda path: path.stat().st_mtime)
    for path in old[:-MAX_SAMPLES]:
        path.unlink(missing_ok=True)
