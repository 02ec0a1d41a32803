"""The shipped font files, and the description of a fallback font."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import msgspec

FONTS = Path(__file__).parent
Family = Literal["inter", "mono"]
FILES: dict[Family, Path] = {"inter": FONTS / "Inter.ttf", "mono": FONTS / "JetBrainsMono.ttf"}


class Fallback(msgspec.Struct, frozen=True):
    """A font for the ``characters`` that the shipped font of ``family`` lacks.

    ``bold`` is its bold variant for titles; the same path if there is none.
    """

    family: Family
    path: str
    bold: str
    index: int  # of the face within a collection
    characters: str
