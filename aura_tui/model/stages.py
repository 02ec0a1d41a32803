"""The five stages: their wire names, phases and shares of a job. Defined only here."""

from __future__ import annotations

from enum import Enum


class Stage(Enum):
    """A stage of a job, in order. ``value`` is the wire name.

    ``title``: the display name (differs from the wire name only for Voice). ``phase``: on the wire:
    plan, tts, visuals, compose, render. ``start_percent`` and ``end_percent``: its nominal range in
    the job, 0-100, which the protocol documents and readers use for engines that report no percent
    of the job; our own percent is proportional to time (:mod:`aura_tui.model.prior`).
    ``position``: 0 for Script to 4 for Rendering.
    """

    SCRIPT = "Script"
    VOICE = "TTS"
    VISUALS = "Visuals"
    COMPOSITION = "Composition"
    RENDERING = "Rendering"

    # Plain attributes, set below, for speed: folding reads them for every event.
    title: str
    phase: str
    start_percent: float
    end_percent: float
    position: int

    def overall_percent(self, progress_percent: float) -> float:
        """Percent of the job (0-100) at ``progress_percent`` (0-100) of this stage."""
        start, end = self.start_percent, self.end_percent
        return start + (end - start) * min(100.0, max(0.0, progress_percent)) / 100.0


# Title, phase, and nominal range.
_TABLE = {
    Stage.SCRIPT: ("Script", "plan", 0.0, 15.0),
    Stage.VOICE: ("Voice", "tts", 15.0, 35.0),
    Stage.VISUALS: ("Visuals", "visuals", 35.0, 65.0),
    Stage.COMPOSITION: ("Composition", "compose", 65.0, 85.0),
    Stage.RENDERING: ("Rendering", "render", 85.0, 100.0),
}
for _position, (_stage, _row) in enumerate(_TABLE.items()):
    _stage.title, _stage.phase, _stage.start_percent, _stage.end_percent = _row
    _stage.position = _position

# Other engines name stages differently; every name maps to one of ours.
_SYNONYMS = {
    "script": Stage.SCRIPT,
    "initialization": Stage.SCRIPT,
    "queued": Stage.SCRIPT,
    "planning": Stage.SCRIPT,
    "plan": Stage.SCRIPT,
    "brief": Stage.SCRIPT,
    "preflight": Stage.SCRIPT,
    "tts": Stage.VOICE,
    "voice": Stage.VOICE,
    "audio": Stage.VOICE,
    "narration": Stage.VOICE,
    "visuals": Stage.VISUALS,
    "images": Stage.VISUALS,
    "assets": Stage.VISUALS,
    "broll": Stage.VISUALS,
    "composition": Stage.COMPOSITION,
    "timeline": Stage.COMPOSITION,
    "compose": Stage.COMPOSITION,
    "subtitles": Stage.COMPOSITION,
    "rendering": Stage.RENDERING,
    "render": Stage.RENDERING,
    "encode": Stage.RENDERING,
    "mux": Stage.RENDERING,
    "finalize": Stage.RENDERING,
    "postprocess": Stage.RENDERING,
    "complete": Stage.RENDERING,
}


def parse_stage(text: str) -> Stage | None:
    """The stage for a wire name in any case or dialect; None if unknown."""
    return _SYNONYMS.get(text.strip().lower())
