"""Completes the path of a file or folder as a person types it.

It reads a folder, so call it in a thread. Bounded: of a huge folder only the first names count.
"""

from __future__ import annotations

import os
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

MAX_READ = 5000  # entries of the folder
MAX_NAMES = 200


class PathCompletion(NamedTuple):
    """Completions of ``typed``: the ``names`` in its folder that begin as it ends, folders with a
    slash. ``text`` is ``typed`` with as much as all of them have in common; ``first`` is the first
    one whole. Without names both are ``typed``."""

    typed: str
    text: str
    first: str
    names: tuple[str, ...]


def complete_path(
    typed: str, *, folders_only: bool = False, suffixes: Sequence[str] = ()
) -> PathCompletion:
    """The completions of ``typed``, relative to the working folder; ``~`` is the home folder.

    ``suffixes``: only files that end in one of them, in lower case, or that have no suffix. Names
    that begin with a dot count only if one was typed. Never raises.
    """
    folder, part = os.path.split(typed)
    if typed in ("~", "..") or typed.endswith("/.."):
        return PathCompletion(typed, f"{typed}/", f"{typed}/", (f"{part}/",))
    names: list[str] = []
    for name, is_folder in _entries(os.path.expanduser(folder) or "."):
        if not name.startswith(part) or (name.startswith(".") and not part.startswith(".")):
            continue
        if is_folder:
            names.append(f"{name}/")
        elif not folders_only and _fits(name, suffixes):
            names.append(name)
    names.sort(key=lambda name: (name.casefold(), name))
    if not names:
        return PathCompletion(typed, typed, typed, ())
    before = typed[: len(typed) - len(part)]
    common = os.path.commonprefix(names)  # noqa: RUF071 - characters are typed, not parts
    return PathCompletion(typed, before + common, before + names[0], tuple(names[:MAX_NAMES]))


def _entries(folder: str) -> Iterator[tuple[str, bool]]:
    """The names in a folder that can be typed, and whether each is a folder itself."""
    try:
        with os.scandir(folder) as entries:
            for entry in islice(entries, MAX_READ):
                if entry.name.isprintable():  # neither control characters nor broken encoding
                    yield entry.name, _is_folder(entry)
    except (OSError, ValueError):  # not there, not readable, or no path at all
        return


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False


def _fits(name: str, suffixes: Sequence[str]) -> bool:
    suffix = os.path.splitext(name)[1].lower()
    return not suffixes or not suffix or suffix in suffixes
