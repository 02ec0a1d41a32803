"""The manifest of a job: the keys of the pieces of each stage that has ended.

A file in the job's folder, written as each stage ends. ``retry_plan.py`` works out from it, without
running anything, what a retry can reuse. By itself it promises nothing: a piece may have been
deleted, or a setting changed, since.
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

# Settings that change how a piece is made, but not the piece.
_IRRELEVANT = ("api_key", "timeout_s", "lanes")

# The stages that define the length of the video.
_DEFINE_WORK = (Stage.SCRIPT, Stage.VOICE, Stage.COMPOSITION)


class StageKeys(msgspec.Struct, frozen=True):
    """The keys of a stage's pieces, in the order it asked for them, and the stage's ``setup`` at
    that time, see :func:`setups`."""

    keys: tuple[str, ...]
    setup: str


class StageManifest(msgspec.Struct, frozen=True, kw_only=True):
    """``scenes`` and ``work`` are None until they are known."""

    stages: dict[Stage, StageKeys] = {}
    scenes: int | None = None
    work: Work | None = None

    def after(self, stage: Stage, made: StageKeys, *, same: bool) -> StageManifest:
        """This manifest with the new keys of ``stage``. Unless they are all the ``same``, the
        entries of later stages are dropped: they were made from other pieces."""
        if not made.keys:  # it ended before it asked for any
            return self
        keep = same and self.stages.get(stage) == made
        kept = {s: m for s, m in self.stages.items() if keep or s.position < stage.position}
        return msgspec.structs.replace(
            self,
            stages={**kept, stage: made},
            scenes=self.scenes if keep or stage is not Stage.SCRIPT else None,
            work=self.work if keep or stage not in _DEFINE_WORK else None,
        )


_decoder = msgspec.json.Decoder(StageManifest)


def load(path: Path) -> StageManifest:
    """The manifest at ``path``; an empty one if it is missing or can't be read."""
    try:
        return _decoder.decode(path.read_bytes())
    except (OSError, ValueError, RecursionError):  # msgspec's errors are ValueErrors
        return StageManifest()


def of_job(home: Home, job: Job) -> StageManifest:
    """The manifest of ``job``; if it never started, that of the job which it retries."""
    found = load(home.manifest(job.id))
    if not found.stages and job.retry_of:
        found = load(home.manifest(job.retry_of))
    return found


def save(manifest: StageManifest, path: Path) -> None:
    """Write the manifest atomically. Ignores a full disk: that costs a retry plan, not the job."""
    with contextlib.suppress(OSError):
        files.atomic_write(path, msgspec.json.encode(manifest), synced=False)


def setups(settings: Settings) -> dict[Stage, str]:
    """A key for all that a stage's pieces depend on besides the request: its settings, and the
    version of aura-tui."""
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
                if name not in _IRRELEVANT
            },
        )
        for stage, section in sections.items()
    }
