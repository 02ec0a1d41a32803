"""What a job's stages are made of: the keys of their pieces, as far as the job came.

A file in the job's folder, written as each stage ends. From it one can tell, without running
anything, what of a job is still there; see ``retry_plan.py``. It promises nothing by itself: a
piece may be gone, and a setting may have changed since.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import msgspec

from aura_tui import __version__
from aura_tui.model.eta import Work
from aura_tui.model.stages import Stage
from aura_tui.pipeline.cache import content_key
from aura_tui.system import files

if TYPE_CHECKING:
    from pathlib import Path

    from aura_tui.engine.home import Home
    from aura_tui.model.job import Job
    from aura_tui.settings import Settings

# Settings that change how a piece is got, but not the piece.
_NO_MATTER = ("api_key", "timeout_s", "lanes")

# What the length of the video comes from.
_TELL_WORK = (Stage.SCRIPT, Stage.VOICE, Stage.COMPOSITION)


class StageKeys(msgspec.Struct, frozen=True):
    """A stage's pieces, in the order it asked for their keys; ``setup`` is what they were asked
    under, see :func:`setups`."""

    keys: tuple[str, ...]
    setup: str


class StageManifest(msgspec.Struct, frozen=True, kw_only=True):
    """``scenes`` and ``work`` are None until they are known."""

    stages: dict[Stage, StageKeys] = {}
    scenes: int | None = None
    work: Work | None = None

    def after(self, stage: Stage, made: StageKeys, *, same: bool) -> StageManifest:
        """With what ``stage`` asked for now. Unless it is all ``same`` as it was, what later
        stages made of it before tells nothing any more."""
        if not made.keys:  # it didn't come so far as to know
            return self
        keep = same and self.stages.get(stage) == made
        kept = {s: m for s, m in self.stages.items() if keep or s.position < stage.position}
        return msgspec.structs.replace(
            self,
            stages={**kept, stage: made},
            scenes=self.scenes if keep or stage is not Stage.SCRIPT else None,
            work=self.work if keep or stage not in _TELL_WORK else None,
        )


_decoder = msgspec.json.Decoder(StageManifest)


def load(path: Path) -> StageManifest:
    """The ledger at ``path``; an empty one where there is none that can be read."""
    try:
        return _decoder.decode(path.read_bytes())
    except (OSError, ValueError, RecursionError):  # msgspec's errors are ValueErrors
        return StageManifest()


def of_job(home: Home, job: Job) -> StageManifest:
    """What ``job`` left; if it never began, what the job left that it is a retry of."""
    found = load(home.ledger(job.id))
    if not found.stages and job.retry_of:
        found = load(home.ledger(job.retry_of))
    return found


def save(manifest: StageManifest, path: Path) -> None:
    """Whole or not at all. A disk that takes no more loses the plan of a retry, not the job."""
    with contextlib.suppress(OSError):
        files.atomic_write(path, msgspec.json.encode(manifest), synced=False)


def setups(settings: Settings) -> dict[Stage, str]:
    """What each stage's pieces depend on beside the request: its settings, and our version."""
    sections = {
        Stage.SCRIPT: settings.script,
        Stage.VOICE: settings.speech,
        Stage.VISUALS: settings.visuals,
        Stage.COMPOSITION: None,
        Stage.RENDERING: settings.render,
    }
    return {
        stage: content_key(
            "setup",
            __version__,
            {
                name: getattr(section, name)
                for name in (section.__struct_fields__ if section else ())
                if name not in _NO_MATTER
            },
        )
        for stage, section in sections.items()
    }
