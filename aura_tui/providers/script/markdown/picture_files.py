"""Resolves the address of a picture in a text: to a file on this machine, or a reason why not."""

from __future__ import annotations

import itertools
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from aura_tui.model.text.sanitize import clean_line, is_clean

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aura_tui.providers.script.markdown.blocks import Unseen

_PICTURES = frozenset({".png", ".jpg", ".jpeg", ".webp", ".gif", ".bmp", ".tif", ".tiff"})
_NAMED = 3  # in a warning
_MAX_FILES = 200  # of one text
_BADGE = re.compile(r"badge|shields\.io", re.IGNORECASE)
_SUFFIX = re.compile(r"\.(?:png|jpe?g|webp|gif|bmp|tiff?)\b", re.IGNORECASE)
_BORDER = re.compile(r"[<>()\[\]\"'|\n]")
_ADDRESS_CHARS, _ADDRESS_WORDS = 400, 5
_MAX_ADDRESSES = 1000  # of one text


def local_picture(source: str, folder: str = "") -> str:
    """The absolute path for a picture's address, if that file exists; else "".

    An address is a path, absolute or from ``folder`` ("": only absolute ones), as written or as in
    a URL: "my%20logo.png", "logo.png?raw=true", "logo.png#dark".
    """
    try:
        written = urlsplit(source).path if source.startswith("file://") else source
        for name in dict.fromkeys((written, re.split("[?#]", written)[0])):
            path = Path(unquote(name))
            if not path.is_absolute():
                if not folder or "://" in source:
                    continue
                path = Path(os.path.normpath(Path(folder) / path))
            if path.suffix.lower() in _PICTURES and path.is_file() and is_clean(str(path)):
                return str(path)
    except (OSError, ValueError):
        pass
    return ""


def pictures(text: str, folder: str = "") -> tuple[str, ...]:
    """The files of pictures that ``text`` may show, at most 200: a script depends on them."""
    found: set[str] = set()
    for match in itertools.islice(_SUFFIX.finditer(text), _MAX_ADDRESSES):
        before = text[max(0, match.start() - _ADDRESS_CHARS) : match.end()]
        words = _BORDER.split(before)[-1].split(" ")[-_ADDRESS_WORDS:]
        ends = [" ".join(words[start:]) for start in range(len(words))]  # it may have blanks
        for address in (*ends, words[-1].rpartition("=")[2]):
            if path := local_picture(address, folder):
                found.add(path)
                break
        if len(found) >= _MAX_FILES:
            break
    return tuple(sorted(found))


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


def out_of_place(source: str, where: str, *, linked: bool = False, path: str = "") -> str:
    """As :func:`why_unseen`, for a picture at a place where none is shown, such as "in a list".
    ``path``: its file, if there is one."""
    if path:
        return f"{Path(path).name} ({where}: in Markdown, on a line of its own, it would be)"
    return why_unseen(source, linked=linked)


def unseen(pictures: Sequence[Unseen]) -> list[str]:
    """The warning about ``pictures``, each with its reason and its line; empty if there are
    none."""
    if not pictures:
        return []
    named = (f"{picture.text} in line {picture.line}" for picture in pictures[:_NAMED])
    more = f" and {len(pictures) - _NAMED} more" if len(pictures) > _NAMED else ""
    return [f"Pictures not shown: {', '.join(named)}{more}"]
