"""The visuals provider ``folder`` shows the user's own pictures, one per scene, in natural order.

Reads the folder once, when it is created. Pictures repeat if there are fewer than scenes.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from aura_tui.errors import Code, InputError
from aura_tui.model.script import Picture
from aura_tui.model.text.plural import counted
from aura_tui.model.text.sanitize import NOT_CLEAN, clean_line, is_clean
from aura_tui.providers.visuals.drawing.pool import DrawPool
from aura_tui.providers.visuals.drawing.protocol import FitPicture, card_size
from aura_tui.providers.visuals.fingerprint import fingerprint

if TYPE_CHECKING:
    from aura_tui.model.script import Scene, Script
    from aura_tui.providers.protocols import FrameSpec, ProviderContext

SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".gif", ".bmp", ".tif", ".tiff")
MAX_ENTRIES = 10_000  # of the folder; the rest is ignored
LOOK_VERSION = 1  # part of the cache key: increment it when the fitting of pictures changes


class Folder:
    """The ``folder`` provider. Implements :class:`aura_tui.providers.protocols.VisualsProvider`.

    Raises InputError if ``folder`` (a path, "~" allowed) isn't configured, isn't readable or has
    no pictures.
    """

    name = "folder"
    deterministic = True

    def __init__(self, folder: str) -> None:
        self._pictures = pictures(folder)
        self._pool = DrawPool()

    def identity(self) -> tuple[str, ...]:
        """The version of the fitting."""
        return (str(LOOK_VERSION),)

    def inputs(self, scene: Scene, script: Script, frame: FrameSpec) -> tuple[str, ...]:
        """The picture's content and the frame, but neither the card nor the theme."""
        picture = fingerprint(str(self._picture(scene)))
        return picture, f"{frame.width}x{frame.height}"

    async def draw(
        self, scene: Scene, script: Script, frame: FrameSpec, out: Path, ctx: ProviderContext
    ) -> Picture:
        """Fit the scene's picture to the frame."""
        count, scenes = len(self._pictures), len(script.scenes)
        if scene.number == 1 and count < scenes:
            some = counted(count, "picture")
            ctx.log(f"The folder has {some} for {scenes} scenes: pictures will repeat")
        path = self._picture(scene)
        width, height = card_size(frame.width, frame.height)
        drawn = await self._pool.draw(
            FitPicture(
                path=str(path),
                name=clean_line(path.name, 200),
                width=width,
                height=height,
                out=os.fspath(out),
            ),
            ctx,
        )
        return Picture(
            scene=scene.number, path=os.fspath(out), width=drawn.width, height=drawn.height
        )

    async def close(self) -> None:
        """End the drawing processes."""
        await self._pool.close()

    def _picture(self, scene: Scene) -> Path:
        return self._pictures[(scene.number - 1) % len(self._pictures)]


def pictures(folder: str) -> tuple[Path, ...]:
    """The picture files of ``folder`` in natural order ("2.jpg" before "10.jpg"). Raises
    InputError."""
    if not folder.strip():
        raise _refuse("No picture folder is configured", Code.OPTION_INVALID)
    root = Path(folder).expanduser()
    if not is_clean(str(root)):  # drawing processes get the path as JSON text
        raise _refuse(f"The path of the picture folder {str(root)!r} {NOT_CLEAN}")
    shown = clean_line(str(root), 300)
    found: list[Path] = []
    try:
        with os.scandir(root) as entries:
            for count, entry in enumerate(entries):
                if count >= MAX_ENTRIES:
                    break
                ignored = entry.name.startswith(".") or not is_clean(entry.name)
                if not ignored and entry.name.lower().endswith(SUFFIXES) and entry.is_file():
                    found.append(root / entry.name)
    except OSError as e:
        why = (e.strerror or "it can't be read").lower()
        raise _refuse(
            f"Can't use the picture folder {shown}: {why}", Code.PICTURE_FOLDER_EMPTY
        ) from None
    if not found:
        raise _refuse(f"The folder {shown} has no pictures", Code.PICTURE_FOLDER_EMPTY)
    return tuple(sorted(found, key=lambda path: (natural(path.name), path.name)))


def natural(name: str) -> list[tuple[int, int, str]]:
    """A sort key that treats runs of digits as numbers and ignores case."""
    return [
        (0, int(part), "") if part.isdigit() and part.isascii() else (1, 0, part.casefold())
        for part in re.split(r"([0-9]{1,18})", name)
        if part
    ]


def _refuse(message: str, code: Code = Code.OPTION_INVALID) -> InputError:
    return InputError(
        code,
        message,
        "Set visuals.folder (or AURA_VISUALS_FOLDER) to a folder with PNG, JPEG, WebP, GIF, BMP "
        "or TIFF files.",
        field="visuals.folder",
    )
