"""The visuals provider ``openai``: one picture per scene from an OpenAI-compatible endpoint.

A model's output varies, so only the retries of one job share its pictures. They are fitted to the
frame like the user's pictures.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import os
import uuid
from typing import TYPE_CHECKING

import msgspec

from aura_tui.errors import Code, InputError
from aura_tui.model.script import Picture
from aura_tui.model.text.sanitize import clean_line
from aura_tui.providers.openai_client import Failure, OpenAIClient
from aura_tui.providers.visuals.drawing.pool import DrawPool
from aura_tui.providers.visuals.drawing.protocol import FitPicture, card_size

if TYPE_CHECKING:
    from pathlib import Path

    from aura_tui.model.script import Scene, Script
    from aura_tui.providers.protocols import FrameSpec, ProviderContext
    from aura_tui.settings import VisualsSettings

MAX_PICTURE_BYTES = 48 << 20
MAX_REPLY_BYTES = MAX_PICTURE_BYTES * 4 // 3 + (1 << 20)  # as base64, with JSON around it
MAX_PROMPT_CHARS = 950  # the oldest model accepts 1,000

# The sizes (width, height) of a family of models, by the prefix of the model's name.
_SIZES: tuple[tuple[str, tuple[tuple[int, int], ...]], ...] = (
    ("dall-e-2", ((1024, 1024),)),
    ("dall-e-3", ((1024, 1024), (1792, 1024), (1024, 1792))),
    ("", ((1024, 1024), (1536, 1024), (1024, 1536))),
)
_FAILURE = Failure(
    unavailable=Code.VISUALS_PROVIDER_UNAVAILABLE,
    refused=Code.VISUALS_PROVIDER_REFUSED,
    invalid=Code.PICTURE_INVALID,
)


class _Image(msgspec.Struct, frozen=True):
    b64_json: str | None = None
    url: str | None = None


class _Reply(msgspec.Struct, frozen=True):
    data: tuple[_Image, ...]


class OpenAIImages:
    """The ``openai`` provider. Implements :class:`aura_tui.providers.protocols.VisualsProvider`.

    Raises InputError if the settings lack a base URL or a model.
    """

    name = "openai"
    deterministic = False

    def __init__(self, settings: VisualsSettings) -> None:
        for field in ("base_url", "model"):
            if not getattr(settings, field).strip():
                raise InputError(
                    Code.OPTION_INVALID,
                    f"The images endpoint has no {field} configured",
                    f"Set visuals.{field} (or AURA_VISUALS_{field.upper()}), or use the "
                    "provider cards.",
                    field=f"visuals.{field}",
                )
        self._model = settings.model.strip()
        self._base_url = settings.base_url.strip()
        self._endpoint = OpenAIClient(
            base_url=settings.base_url,
            api_key=settings.api_key,
            timeout_s=settings.timeout_s,
            name="The images endpoint",
            failure=_FAILURE,
        )
        self._pool = DrawPool()

    def identity(self) -> tuple[str, ...]:
        """The endpoint's URL and the model."""
        return self._base_url, self._model

    def inputs(self, scene: Scene, script: Script, frame: FrameSpec) -> tuple[str, ...]:
        """The prompt and the frame."""
        return prompt(scene, script), f"{frame.width}x{frame.height}"

    async def draw(
        self, scene: Scene, script: Script, frame: FrameSpec, out: Path, ctx: ProviderContext
    ) -> Picture:
        """Request the picture, download it, fit it. Raises StageError or Transient."""
        width, height = size_for(self._model, frame)
        body: dict[str, object] = {
            "model": self._model,
            "prompt": prompt(scene, script),
            "n": 1,
            "size": f"{width}x{height}",
        }
        # gpt-image models always return base64, and reject the parameter.
        if not self._model.startswith("gpt-image"):
            body["response_format"] = "b64_json"
        reply = await self._endpoint.post_json(
            "/images/generations", body, log=ctx.log, max_bytes=MAX_REPLY_BYTES
        )
        data = await self._picture_bytes(reply)
        raw = ctx.scratch / f"picture-{scene.number}-{uuid.uuid4().hex[:8]}"
        try:
            await asyncio.to_thread(raw.write_bytes, data)
            card_width, card_height = card_size(frame.width, frame.height)
            drawn = await self._pool.draw(
                FitPicture(
                    path=str(raw),
                    name=f"for scene {scene.number}, from the images endpoint",
                    width=card_width,
                    height=card_height,
                    out=os.fspath(out),
                ),
                ctx,
            )
        finally:
            raw.unlink(missing_ok=True)
        return Picture(
            scene=scene.number, path=os.fspath(out), width=drawn.width, height=drawn.height
        )

    async def close(self) -> None:
        """End the drawing processes."""
        await self._pool.close()

    async def _picture_bytes(self, reply: object) -> bytes:
        try:
            images = msgspec.convert(reply, _Reply).data
        except msgspec.ValidationError:
            raise self._endpoint.invalid("not with a list of pictures") from None
        if not images:
            raise self._endpoint.invalid("without a picture")
        image = images[0]
        if image.b64_json:
            try:
                # In a thread: tens of megabytes take tens of milliseconds.
                return await asyncio.to_thread(base64.b64decode, image.b64_json, validate=True)
            except (binascii.Error, ValueError):
                raise self._endpoint.invalid("its picture is not base64") from None
        if image.url:
            _, data = await self._endpoint.get_bytes(
                image.url, max_bytes=MAX_PICTURE_BYTES, accept="image/*"
            )
            return data
        raise self._endpoint.invalid("without a picture")


def prompt(scene: Scene, script: Script) -> str:
    """The prompt: the scene in its own words, without lettering, which models misspell."""
    about = clean_line(f"{scene.title}. {scene.narration}", 600)
    return (
        f"A wide, calm illustration for one scene of a short film called "
        f'"{clean_line(script.title, 120)}". The scene: {about} '
        "Modern editorial style, soft light, clear focus, no text, no letters, no logos."
    )[:MAX_PROMPT_CHARS]


def size_for(model: str, frame: FrameSpec) -> tuple[int, int]:
    """The model's size whose aspect ratio is closest to the frame's."""
    sizes = next(sizes for name, sizes in _SIZES if model.startswith(name))
    target = frame.width / frame.height
    return min(sizes, key=lambda size: max(size[0] / size[1] / target, target * size[1] / size[0]))
