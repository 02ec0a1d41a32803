"""The five stages: their wire names, phases, and share of the whole. The only list of them."""

from __future__ import annotations

from enum import Enum


class Stage(Enum):
    """A stage of a job, in order. ``value`` is the wire name."""

    SCRIPT = "Script"
    VOICE = "TTS"
    VISUALS = "Visuals"
    COMPOSITION = "Composition"
    RENDERING = "Rendering"

    @property
    def title(self) -> str:
        """The name people read; differs from the wire name for Voice alone."""
        return "Voice" if self is Stage.VOICE else self.value

    @property
    def phase(self) -> str:
        """The wire's ``phase``: plan, tts, visuals, compose, render."""
        return _PHASE[self]

    @property
    def start_percent(self) -> float:
        """Where the stage begins in the whole job, 0-100."""
        return _SHARE[self][0]

    @property
    def end_percent(self) -> float:
        """Where the stage ends in the whole job, 0-100."""
        return _SHARE[self][1]

    @property
    def position(self) -> int:
        """0 for Script to 4 for Rendering."""
        return _ORDER[self]

    def overall_percent(self, progress_percent: float) -> float:
        """Percent of the whole job (0-100) at ``progress_percent`` (0-100) within this stage."""
        start, end = _SHARE[self]
        return start + (end - start) * min(100.0, max(0.0, progress_percent)) / 100.0


_PHASE = {
    Stage.SCRIPT: "plan",
    Stage.VOICE: "tts",
    Stage.VISUALS: "visuals",
    Stage.COMPOSITION: "compose",
    Stage.RENDERING: "render",
}
_SHARE = {
    Stage.SCRIPT: (0.0, 15.0),
    Stage.VOICE: (15.0, 35.0),
    Stage.VISUALS: (35.0, 65.0),
    Stage.COMPOSITION: (65.0, 85.0),
    Stage.RENDERING: (85.0, 100.0),
}
_ORDER = {stage: i for i, stage in enumerate(Stage)}

# Other engines of the field spell stages their own way; all spellings fold to ours.
_SYNONYMS = {
    "script": Stage.SCRIPT,
    "initialization": Stage.SCRIPT,
    "queued": Stage.SCRIPT,
    "planning": Stage.SCRIPT,
    "plan": Stage.SCRIPT,
    "brief": Stage.SCRIPT,
    "tts": Stage.VOICE,
    "voice": Stage.VOICE,
    "audio": Stage.VOICE,
    "visuals": Stage.VISUALS,
    "images": Stage.VISUALS,
    "assets": Stage.VISUALS,
    "composition": Stage.COMPOSITION,
    "timeline": Stage.COMPOSITION,
    "compose": Stage.COMPOSITION,
    "rendering": Stage.RENDERING,
    "render": Stage.RENDERING,
    "encode": Stage.RENDERING,
    "complete": Stage.RENDERING,
}


def parse_stage(text: str) -> Stage | None:
    """The stage a wire text means, whatever its case or dialect; None if it means none."""
    return _SYNONYMS.get(text.strip().lower())
