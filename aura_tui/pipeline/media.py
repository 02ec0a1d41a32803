"""Pictures and sounds that the timeline file names, kept with the job.

Pieces are swept when nothing uses them; an editor opens the timeline days later. So the job keeps
its own names for them: hard links, which cost no room, or copies where links can't be.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import uuid
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace

from aura_tui.pipeline.context import storage_error

if TYPE_CHECKING:
    from aura_tui.model.timeline import Clip, Timeline


def keep_media(timeline: Timeline, folder: Path) -> Timeline:
    """The timeline with its clips' media in ``folder``. Raises StageError for a full disk."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        clips = tuple(_kept(clip, folder) for clip in timeline.clips)
    except OSError as e:
        raise storage_error(e) from e
    return replace(timeline, clips=clips)


def _kept(clip: Clip, folder: Path) -> Clip:
    name = f"scene-{clip.scene:03d}"
    picture, sound = folder / f"{name}.png", folder / f"{name}.wav"
    _link(Path(clip.picture), picture)
    _link(Path(clip.sound), sound)
    return replace(clip, picture=str(picture), sound=str(sound))


def _link(source: Path, target: Path) -> None:
    with contextlib.suppress(FileNotFoundError):
        if target.samefile(source):
            return
    part = target.with_name(f"{target.name}.{uuid.uuid4().hex[:8]}.part")
    try:
        try:
            os.link(source, part)
        except OSError:  # another file system, or one without links
            shutil.copyfile(source, part)
        os.replace(part, target)
    finally:
        part.unlink(missing_ok=True)
