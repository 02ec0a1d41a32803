"""File modes: everything that aura-tui creates is private, unless it is for the person.

The store, the pieces and the logs hold every brief in clear text, and many hands write them:
SQLite, FFmpeg, the voices, the drawing workers. So the process has the umask 077, which all of
them inherit: a file is private unless someone makes it otherwise, not the other way round. The
files that a person asked for (delivered videos, saved copies, recordings) get the mode that the
person's own umask gives. Programs that are not ours get that umask back.
"""

from __future__ import annotations

import contextlib
import os
import stat
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_PRIVATE = 0o077
_OTHERS = stat.S_IRWXG | stat.S_IRWXO

_users: int | None = None  # the umask this process was started with; None: still in force


def keep_private() -> None:
    """Create files as 0600 and folders as 0700 from now on, in this process and its children."""
    global _users
    if _users is None:
        _users = os.umask(_PRIVATE)


def users_umask() -> int:
    """The person's umask, for the ``umask`` of :class:`subprocess.Popen`; -1: it is in force."""
    return -1 if _users is None else _users


def apply_users_umask(path: Path) -> None:
    """Give a file or folder that was just created the mode that the person's umask gives.

    What others may use already stays as it is: the folder's default ACL decided that. A file
    system without modes is no error.
    """
    if _users is None:
        return
    with contextlib.suppress(OSError):
        mode = stat.S_IMODE(path.stat().st_mode)
        if not mode & _OTHERS:
            full = 0o777 if path.is_dir() else 0o666
            path.chmod(mode & ~0o777 | full & ~_users)


def make_folders(path: Path) -> None:
    """Create ``path`` and its parents for the person: as ``mkdir -p`` does. Raises OSError."""
    missing = [each for each in (path, *path.parents) if not each.exists()]
    for each in reversed(missing):
        with contextlib.suppress(FileExistsError):
            each.mkdir()
            apply_users_umask(each)
    path.mkdir(parents=True, exist_ok=True)  # raises where it is a file


def take_from_others(path: str | Path, found: os.stat_result) -> None:
    """Leave a file or folder of ours to this user alone. Links, files of other users, and a file
    system without modes stay as they are."""
    mode = stat.S_IMODE(found.st_mode)
    plain = stat.S_ISREG(found.st_mode) or stat.S_ISDIR(found.st_mode)
    if plain and mode & _OTHERS and found.st_uid == os.geteuid():
        with contextlib.suppress(OSError):
            os.chmod(path, mode & ~_OTHERS)
