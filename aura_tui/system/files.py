"""Reading a file that somebody named, and writing one whole or not at all.

A named file may be a named pipe or a device. Opening the one waits for a writer, reading the other
never ends: both are refused at once. A file is written beside its place and renamed: a reader, a
crash or a cancel never meets half of it.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import stat
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from aura_tui.system import permissions

if TYPE_CHECKING:
    from collections.abc import Iterator
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


# A file in the making lies beside its place, hidden: ``.<name>.<token>.part<suffix>``. The rest are
# the names that earlier versions gave: ``<name>.part``, and ``<key>.<token>.part<suffix>``.
_PART = re.compile(r"\..+\.part(\.\w+)?|.+\.part|[0-9a-f]{40}\.[0-9a-f]{8}\.part\.\w+")
_NAME_BYTES = 200  # of a name's beginning: with what is added it stays below the usual 255


def part_path(path: Path, *, token: str = "", suffix: str = "") -> Path:
    """Where to make ``path`` before it takes its place. ``token`` tells writers apart ("": a random
    one); ``suffix`` is for programs that choose a format by it."""
    name = os.fsencode(path.name)[:_NAME_BYTES].decode(errors="ignore")
    return path.with_name(f".{name}.{token or os.urandom(4).hex()}.part{suffix}")


def is_part(name: str) -> bool:
    """Whether a file with this name is one in the making; after a crash it is nobody's."""
    return _PART.fullmatch(name) is not None


def sync(path: Path) -> None:
    """Have the disk keep a file's bytes, or a folder's names. Raises OSError."""
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def publish(part: Path, path: Path, *, new: bool = False) -> None:
    """Give ``part`` the name ``path``, in place of a file or a link there; ``new``: raise
    FileExistsError instead. Raises OSError."""
    if not new:
        os.replace(part, path)
        return
    try:
        os.link(part, path)  # refuses to replace; a rename doesn't
    except FileExistsError:
        raise
    except OSError:  # a file system without hard links (FAT): looking first must do
        if os.path.lexists(path):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path)) from None
        os.rename(part, path)
    else:
        part.unlink()


@contextlib.contextmanager
def replacing(
    path: Path,
    *,
    synced: bool = True,
    new: bool = False,
    for_person: bool = False,
    token: str = "",
) -> Iterator[Path]:
    """A path to make a file at; when the block ends well the file takes the name ``path``.

    Otherwise nothing is left of it, and ``path`` is as before. ``synced``: a power cut can't leave
    an empty file (not for what is made again at no cost). ``new``: as for :func:`publish`.
    ``for_person``: with the mode that the person's umask gives. Raises OSError. Blocks.
    """
    part = part_path(path, token=token)
    try:
        if token:
            part.unlink(missing_ok=True)  # an earlier try's
        yield part
        if for_person:
            permissions.apply_users_umask(part)
        if synced:
            sync(part)
        publish(part, path, new=new)
    finally:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)


@contextlib.contextmanager
def atomic_writer(
    path: Path,
    *,
    mode: int = 0o666,
    synced: bool = True,
    new: bool = False,
    for_person: bool = False,
) -> Iterator[BinaryIO]:
    """A file to write to, as :func:`replacing` has it; ``mode`` is subject to the umask."""
    with replacing(path, synced=synced, new=new, for_person=for_person) as part:
        fd = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
        with open(fd, "wb") as file:
            yield file


def atomic_write(path: Path, content: bytes, *, mode: int = 0o666, synced: bool = True) -> None:
    """Write ``content`` to ``path``, whole or not at all. Raises OSError. Blocks."""
    with atomic_writer(path, mode=mode, synced=synced) as file:
        file.write(content)
