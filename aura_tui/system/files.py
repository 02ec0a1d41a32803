"""Opens files that the user named, and writes files atomically.

A path from the user may be a named pipe (opening it would wait for a writer) or a device (reading
it may never end): both are refused at once. A file is written under a temporary name and renamed,
so a reader, a crash or a cancel never leaves a partial file in its place.
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
    """Open a regular file for reading bytes. Raises OSError, whose ``strerror`` says what ``path``
    is if it is not a file. ``/dev/null`` counts as an empty file."""
    _check(os.stat(path))  # before opening, too: that would start a pipe's writer
    fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    try:
        _check(os.fstat(fd))  # the file may have been replaced meanwhile
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


# A partial file has a hidden name in the same folder: ``.<name>.<token>.part<suffix>``. Earlier
# versions used ``<name>.part`` and ``<key>.<token>.part<suffix>``.
_PART = re.compile(r"\..+\.part(\.\w+)?|.+\.part|[0-9a-f]{40}\.[0-9a-f]{8}\.part\.\w+")
_NAME_BYTES = 200  # of a name: with the additions it stays below the usual limit of 255


def part_path(path: Path, *, token: str = "", suffix: str = "") -> Path:
    """The temporary path for writing ``path``. ``token`` distinguishes writers ("": a random one);
    ``suffix`` is for programs that choose a format by it."""
    name = os.fsencode(path.name)[:_NAME_BYTES].decode(errors="ignore")
    return path.with_name(f".{name}.{token or os.urandom(4).hex()}.part{suffix}")


def is_part(name: str) -> bool:
    """Whether a file with this name is a partial file; after a crash it can be deleted."""
    return _PART.fullmatch(name) is not None


def sync(path: Path) -> None:
    """Sync a file's bytes, or a folder's entries, to disk. Raises OSError."""
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def publish(part: Path, path: Path, *, new: bool = False) -> None:
    """Rename ``part`` to ``path`` and replace a file or link there; with ``new``, raise
    FileExistsError instead. Raises OSError."""
    if not new:
        os.replace(part, path)
        return
    try:
        os.link(part, path)  # refuses to replace; a rename doesn't
    except FileExistsError:
        raise
    except OSError:  # a file system without hard links (FAT): check first, the best we can do
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
    """Yield a temporary path to write; when the block ends without an error, rename it to ``path``.

    After an error, removes the temporary file and leaves ``path`` unchanged. ``synced``: also sync,
    so that a power cut can't leave an empty file (unnecessary for files that are cheap to make
    again). ``new``: as for :func:`publish`. ``for_person``: apply the user's umask. Raises OSError.
    Blocks.
    """
    part = part_path(path, token=token)
    try:
        if token:
            part.unlink(missing_ok=True)  # from an earlier try
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
    """As :func:`replacing`, but yields an open file; ``mode`` is subject to the umask."""
    with replacing(path, synced=synced, new=new, for_person=for_person) as part:
        fd = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
        with open(fd, "wb") as file:
            yield file


def atomic_write(path: Path, content: bytes, *, mode: int = 0o666, synced: bool = True) -> None:
    """Write ``content`` to ``path`` atomically. Raises OSError. Blocks."""
    with atomic_writer(path, mode=mode, synced=synced) as file:
        file.write(content)
