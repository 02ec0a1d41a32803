"""The drawing process: reads requests, draws, and answers; for the messages see ``protocol.py``.

It keeps only caches between requests, and exits at the end of its input.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import msgspec

from aura_tui.errors import Code, StageError
from aura_tui.model.script import PictureCard
from aura_tui.providers.visuals.drawing.protocol import Answer, DrawCard, Drawn, Failed, Request

if TYPE_CHECKING:
    from PIL import Image


def draw(request: Request) -> Image.Image:
    """Draw the requested picture. Raises StageError."""
    from aura_tui.providers.visuals.drawing.photo import read

    if not isinstance(request, DrawCard):
        return read(request.path, request.name, request.width, request.height)

    from aura_tui.providers.visuals.card_layouts.frame import compose
    from aura_tui.providers.visuals.card_layouts.themes import check_theme
    from aura_tui.providers.visuals.drawing.paint import paint
    from aura_tui.providers.visuals.fonts.fallback import Faces

    card, width, height = request.card, request.width, request.height
    photo = None
    if isinstance(card, PictureCard):
        photo = read(card.path, os.path.basename(card.path), width, height)
    faces = Faces(request.fallbacks)
    layout = compose(card, faces, width, height, request.number, request.total)
    return paint(layout, faces, check_theme(request.theme), photo)


def answer(request: Request) -> Answer:
    """Draw and save a picture; turns every error into an answer."""
    try:
        image = draw(request)
        # Fastest level, with run-length matching, which suits flat areas: still halves the size.
        image.save(request.out, "PNG", compress_level=1, compress_type=3)
        return Drawn(width=image.width, height=image.height)
    except StageError as e:
        return Failed(code=e.code, message=e.message, remediation=e.remediation)
    except MemoryError:
        return Failed(
            code=Code.OUT_OF_MEMORY,
            message="Not enough memory to draw a picture",
            remediation="Free some memory or use a lower resolution, then retry.",
        )
    except OSError as e:
        full = e.errno in (28, 122)  # ENOSPC, EDQUOT
        return Failed(
            code=Code.DISK_FULL if full else Code.VISUALS_FAILED,
            message="The disk is full" if full else f"Can't write a picture: {e.strerror}",
            remediation="Free some space, then retry; finished work is reused.",
        )
    except Exception as e:
        return Failed(
            code=Code.VISUALS_FAILED,
            message=f"Can't draw a picture ({type(e).__name__})",
            remediation="Retry with another theme or layout; please report the script.",
        )


def main() -> None:
    """Answer requests until stdin ends."""
    # Redirect what libraries print to stderr: stdout carries only answers.
    with os.fdopen(os.dup(1), "wb") as out:
        os.dup2(2, 1)
        for line in sys.stdin.buffer:
            request = msgspec.json.decode(line, type=Request)
            out.write(msgspec.json.encode(answer(request)) + b"\n")
            out.flush()
