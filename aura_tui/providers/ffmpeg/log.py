"""Writes the job's FFmpeg log: one block per run, for people who look for the cause of an error."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Protocol

import msgspec

from aura_tui.model.text.local_time import local_iso
from aura_tui.providers.ffmpeg.failure import tail

if TYPE_CHECKING:
    from pathlib import Path


class LogOwner(Protocol):
    """The job that a run belongs to. A stage's context implements it."""

    @property
    def job_id(self) -> str: ...
    @property
    def correlation_id(self) -> str: ...
    @property
    def ffmpeg_log(self) -> Path: ...


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """A finished run of FFmpeg. ``exit_code`` None: we killed it (a cancel, another failure)."""

    what: str
    resolution: str  # "1280x720", or "-" for sound only
    ffmpeg: str
    version: str
    command: Sequence[str]
    stderr: str
    start: datetime
    duration_s: float
    exit_code: int | None


def append(owner: LogOwner, run: Run) -> None:
    """Append the block of ``run``. Raises OSError if the log can't be written."""
    end = datetime.fromtimestamp(run.start.timestamp() + run.duration_s, UTC)
    block = "\n".join(
        (
            f"=== {run.what}",
            f"job:          {owner.job_id}",
            f"correlation:  {owner.correlation_id}",
            f"start:        {local_iso(run.start)}",
            f"resolution:   {run.resolution}",
            f"ffmpeg:       {run.ffmpeg} ({run.version})",
            f"command:      {shlex.join(run.command)}",
            "--- stderr",
            tail(run.stderr).rstrip("\n"),
            "---",
            f"end:          {local_iso(end)}",
            f"duration:     {run.duration_s:.3f} s",
            f"exit code:    {'ended by us' if run.exit_code is None else run.exit_code}",
            "\n",
        )
    )
    owner.ffmpeg_log.parent.mkdir(parents=True, exist_ok=True)
    # A single write in append mode: the blocks of parallel workers never interleave.
    with owner.ffmpeg_log.open("ab", buffering=0) as file:
        file.write(block.encode("utf-8", "replace"))
