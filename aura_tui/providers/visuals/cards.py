"""The visuals provider ``cards`` draws each scene's card: offline, without setup, deterministic."""

from __future__ import annotations

import asyncio
import functools
import os
from importlib.metadata import version
from typing import TYPE_CHECKING

import msgspec
from msgspec.structs import replace

from aura_tui.errors import Code, StageError
from aura_tui.model.script import Picture, PictureCard, StatementCard
from aura_tui.providers.visuals.card_layouts.coverage import resolve
from aura_tui.providers.visuals.card_layouts.sanitize import bounded
from aura_tui.providers.visuals.drawing.pool import DrawPool
from aura_tui.providers.visuals.drawing.protocol import DrawCard, card_size
from aura_tui.providers.visuals.fingerprint import fingerprint

if TYPE_CHECKING:
    from pathlib import Path

    from aura_tui.model.script import Scene, Script
    from aura_tui.providers.protocols import FrameSpec, ProviderContext
    from aura_tui.providers.visuals.card_layouts.coverage import Resolved

LOOK_VERSION = 5  # part of the cache key: increment it when the drawing of cards changes


class Cards:
    """The ``cards`` provider. Implements :class:`aura_tui.providers.protocols.VisualsProvider`."""

    name = "cards"
    deterministic = True

    def __init__(self) -> None:
        self._pool = DrawPool()

    def identity(self) -> tuple[str, ...]:
        """The versions of the drawing and of Pillow."""
        return str(LOOK_VERSION), _pillow()

    def inputs(self, scene: Scene, script: Script, frame: FrameSpec) -> tuple[str, ...]:
        """The card, its system fonts, its picture, its scene number, the frame."""
        resolved = _resolved(scene)
        fonts = (
            f"{f.family} {f.path} {f.index} {f.characters} "
            f"{fingerprint(f.path)} {fingerprint(f.bold)}"
            for f in resolved.fallbacks
        )
        picture = fingerprint(scene.card.path) if isinstance(scene.card, PictureCard) else ""
        return (
            msgspec.json.encode(resolved.card).decode(),
            picture,
            f"{scene.number} of {len(script.scenes)}",
            f"{frame.width}x{frame.height} {frame.theme}",
            *resolved.warnings,
            *fonts,
        )

    async def draw(
        self, scene: Scene, script: Script, frame: FrameSpec, out: Path, ctx: ProviderContext
    ) -> Picture:
        """Draw the card. Warns about scripts that no font has, and about a picture that can't be
        read, instead of which its caption is drawn."""
        try:
            return await self._draw(scene, script, frame, out, ctx)
        except StageError as e:
            if e.code is not Code.PICTURE_INVALID or not isinstance(scene.card, PictureCard):
                raise
            ctx.warn(f"{e.message}; its caption is shown instead")
            text = scene.card.caption or scene.title
            kicker = "" if scene.card.kicker == text else scene.card.kicker
            words = replace(scene, card=StatementCard(text=text, kicker=kicker))
            return await self._draw(words, script, frame, out, ctx)

    async def _draw(
        self, scene: Scene, script: Script, frame: FrameSpec, out: Path, ctx: ProviderContext
    ) -> Picture:
        resolved = await asyncio.to_thread(_resolved, scene)  # may search many fonts
        for warning in resolved.warnings:
            ctx.warn(warning)
        width, height = card_size(frame.width, frame.height)
        drawn = await self._pool.draw(
            DrawCard(
                card=resolved.card,
                fallbacks=resolved.fallbacks,
                theme=frame.theme,
                width=width,
                height=height,
                number=scene.number,
                total=len(script.scenes),
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


def _resolved(scene: Scene) -> Resolved:
    return resolve(bounded(scene.card))


@functools.cache
def _pillow() -> str:
    return version("pillow")
