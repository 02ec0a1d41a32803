"""A workbench for the tests of voices: real children, a real folder, what was said kept."""

from __future__ import annotations

import array
import wave
from typing import TYPE_CHECKING

from aura_tui.settings import Settings, SpeechSettings
from aura_tui.system.processes import ProcessGroup

if TYPE_CHECKING:
    from pathlib import Path

    from aura_tui.providers.protocols import Severity


class Bench:
    """Satisfies :class:`aura_tui.providers.protocols.ProviderContext`."""

    def __init__(self, scratch: Path, speech: SpeechSettings | None = None) -> None:
        self.children = ProcessGroup()
        self.scratch = scratch
        self.settings = Settings(home=scratch / "home", speech=speech or SpeechSettings())
        self.said: list[str] = []

    def log(self, message: str, severity: Severity = "info") -> None:
        self.said.append(message)

    def warn(self, message: str) -> None:
        self.said.append(message)


def samples_of(path: str | Path) -> array.array[int]:
    """The samples of a WAV, after checking that it is mono, 16 bit, 48 kHz."""
    with wave.open(str(path), "rb") as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, 48_000)
        return array.array("h", file.readframes(file.getnframes()))


def level(samples: array.array[int], start_s: float, end_s: float) -> float:
    """RMS of a span, in units of one sample."""
    span = samples[int(start_s * 48_000) : int(end_s * 48_000)]
    return float((sum(s * s for s in span) / max(len(span), 1)) ** 0.5)
