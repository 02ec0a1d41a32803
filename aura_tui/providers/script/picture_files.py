"""What the address of a picture in a text means: a file of this machine, or nothing of ours."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote, urlsplit

from aura_tui.model.text import clean_line

_PICTURES = frozenset({".png", ".jpg", ".jpeg", ".webp", ".gif", ".bmp", ".tif", ".tiff"})


def local_picture(source: str) -> str:
    """The absolute path a picture's address means, if such a file is there; else ""."""
    try:
        if source.startswith("file://"):
            source = urlsplit(source).path
        path = Path(unquote(source))
        there = path.is_absolute() and path.suffix.lower() in _PICTURES and path.is_file()
    except (OSError, ValueError):
        return ""
    return str(path) if there else ""


def why_unseen(source: str) -> str:
    """The file that a picture's address means, and why it isn't shown; "" for one elsewhere."""
    try:
        parts = urlsplit(source)
    except ValueError:
        return ""
    name = clean_line(unquote(parts.path), 120)
    if not name or parts.scheme not in ("", "file") or parts.netloc:
        return ""
    known = Path(name).suffix.lower() in _PICTURES
    return f"{name} ({'not found' if known else 'no kind that is shown'})"
