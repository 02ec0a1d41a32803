"""File modes: everything that aura-tui creates is private, except files made for the user.

The store, the pieces and the logs contain every brief in clear text, and many programs write them:
SQLite, FFmpeg, voices, drawing workers. So the process sets the umask 077, which they all inherit:
files are private by default. Files that the user requested (delivered videos, saved copies,
recordings) get the mode of the user's own umask. Programs that are not ours run with that umask,
too.
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

_users_umask: int | None = None  # the umask this process was started with; None: still in force


def keep_private() -> None:
    """Create files as 0600 and folders as 0700 from now on, in this process and its children."""
    global _users_umask
    if _users_umask is None:
        _users_umask = os.umask(_PRIVATE)


def users_umask() -> int:
    """The user's umask, for the ``umask`` of :class:`subprocess.Popen`; -1 if it is in force."""
    return -1 if _users_umask is None else _users_umask


def apply_users_umask(path: Path) -> None:
    """Give a new file or folder the mode of the user's umask.

    Leaves it unchanged if others already have access: the folder's default ACL decided that.
    Ignores file systems without modes.
    """
    if _users_umask is None:
        return
    with contextlib.suppress(OSError):
        mode = stat.S_IMODE(path.stat().st_mode)
        if not mode & _OTHERS:
            full = 0o777 if path.is_dir() else 0o666
            path.chmod(mode & ~0o777 | full & ~_users_umask)


def make_folders(path: Path) -> None:
    """Create ``path`` and its parents for the user, as ``mkdir -p`` does. Raises OSError."""
    missing = [each for each in (path, *path.parents) if not each.exists()]
    for each in reversed(missing):
        with contextlib.suppress(FileExistsError):
            each.mkdir()
            apply_users_umask(each)
    path.mkdir(parents=True, exist_ok=True)  # raises if it is a file


def make_private(path: str | Path, found: os.stat_result) -> None:
    """Remove other users' access to a file or folder of this user. Ignores links, files of other
    users, and file systems without modes."""
    mode = stat.S_IMODE(found.st_mode)
    plain = stat.S_ISREG(found.st_mode) or stat.S_ISDIR(found.st_mode)
    if plain and mode & _OTHERS and found.st_uid == os.geteuid():
        with contextlib.suppress(OSError):
            os.chmod(path, mode & ~_OTHERS)
