"""Resolves the address of a picture in a text: to a file on this machine, or a reason why not."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from aura_tui.model.text.sanitize import clean_line

if TYPE_CHECKING:
    from collections.abc import Sequence

_PICTURES = frozenset({".png", ".jpg", ".jpeg", ".webp", ".gif", ".bmp", ".tif", ".tiff"})
_NAMED = 3  # in a warning
_BADGE = re.compile(r"badge|shields\.io", re.IGNORECASE)


def local_picture(source: str) -> str:
    """The absolute path for a picture's address, if that file exists; else ""."""
    try:
        if source.startswith("file://"):
            source = urlsplit(source).path
        path = Path(unquote(source))
        there = path.is_absolute() and path.suffix.lower() in _PICTURES and path.is_file()
    except (OSError, ValueError):
        return ""
    return str(path) if there else ""


def why_unseen(source: str, *, local: bool = True, linked: bool = False) -> str:
    """The name of a picture, and why it isn't shown; "" for a badge, which is not content.

    ``local``: files of this machine may be used. ``linked``: the picture is inside a link.
    """
    try:
        parts = urlsplit(source)
        path = Path(unquote(parts.path))
        name, last = clean_line(str(path), 120), clean_line(path.name, 120)
    except ValueError:
        return ""
    known = path.suffix.lower() in _PICTURES
    if parts.scheme == "data":
        return "one within the text (only files are shown)"
    if parts.netloc and parts.scheme != "file":
        if _BADGE.search(source) or (linked and not known):
            return ""
        return f"{last or clean_line(parts.netloc, 120)} (on the web; pictures are not downloaded)"
    if not last or parts.scheme not in ("", "file"):
        return ""
    if not local:
        return f"{last} (not sent to the remote engine)"
    return f"{name} ({'not found' if known else 'unsupported format'})"


def out_of_place(source: str, where: str, *, local: bool = True, linked: bool = False) -> str:
    """As :func:`why_unseen`, for a picture at a place where none is shown, such as "in a list"."""
    if local and (path := local_picture(source)):
        return f"{Path(path).name} ({where}: in Markdown, on a line of its own, it would be)"
    return why_unseen(source, local=local, linked=linked)


def unseen(pictures: Sequence[str]) -> list[str]:
    """The warning about ``pictures``, each with its reason; empty if there are none."""
    if not pictures:
        return []
    more = f" and {len(pictures) - _NAMED} more" if len(pictures) > _NAMED else ""
    return [f"Pictures not shown: {', '.join(pictures[:_NAMED])}{more}"]
