"""The one way to read a file that somebody named: a brief, a configuration, a list of tokens.

A name may be a named pipe's or a device's as well; opening one waits for whoever writes there,
reading the other has no end. Each is refused at once.
"""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from io import BufferedReader

_KINDS = (
    (stat.S_ISDIR, errno.EISDIR, "it is a folder"),
    (stat.S_ISFIFO, errno.EINVAL, "it is a named pipe, not a file"),
    (stat.S_ISSOCK, errno.EINVAL, "it is a socket, not a file"),
)


def open_regular(path: Path | str) -> BufferedReader:
    """``path`` to be read, by bytes. Raises OSError, whose ``strerror`` says in words what it is
    where it is no file. ``/dev/null`` is an empty one."""
    _check(os.stat(path))  # before opening it, too: that would let a pipe's writer begin
    fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    try:
        _check(os.fstat(fd))  # another one may have taken its place
        return open(fd, "rb")
    except BaseException:
        os.close(fd)
        raise


def _check(found: os.stat_result) -> None:
    if stat.S_ISREG(found.st_mode) or _is_null(found):
        return
    for is_one, number, words in _KINDS:
        if is_one(found.st_mode):
            raise OSError(number, words)
    raise OSError(errno.EINVAL, "it is a device, not a file")


def _is_null(found: os.stat_result) -> bool:
    return stat.S_ISCHR(found.st_mode) and os.path.samestat(found, Path(os.devnull).stat())
