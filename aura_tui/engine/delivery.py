"""Delivery: finished files into the folder the person named. Whole or not at all, never over
somebody's file: where a name is taken by other bytes, all get a number."""

from __future__ import annotations

import errno
import filecmp
import hashlib
import os
import secrets
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace

from aura_tui.errors import Code, InputError, StageError
from aura_tui.model.sanitize import is_clean
from aura_tui.system import files, permissions

if TYPE_CHECKING:
    from aura_tui.model.events import Artifact

_MAX_NUMBER = 10_000
_NAME_BYTES = 200  # a file's name, while it is written, and the slash before it
_SHORTER = "Choose a folder with a shorter path."


def deliver(artifacts: tuple[Artifact, ...], folder: str) -> tuple[Artifact, ...]:
    """Put each file into ``folder`` and return the artifacts with their new names and paths.

    Files that are there already with the same bytes (an earlier try at this very delivery) are
    taken as delivered. Raises StageError where the folder can't take them.
    """
    target = Path(folder)
    made: list[Path] = []
    try:
        permissions.make_folders(target)
        number = _free_number(artifacts, target)
        return tuple(_one(artifact, target, number, made) for artifact in artifacts)
    except OSError as e:
        for path in made:  # all of it or none
            path.unlink(missing_ok=True)
        full = e.errno in (errno.ENOSPC, errno.EDQUOT)
        raise StageError(
            Code.DISK_FULL if full else Code.OUTPUT_UNWRITABLE,
            f"Can't save the files in {target}: {e.strerror}",
            "Free some space there or choose another folder with -o, then retry; "
            "finished work is reused.",
        ) from e


def _named(name: str, number: int) -> str:
    if number == 1:
        return name
    stem, dot, rest = name.partition(".")
    return f"{stem}-{number}{dot}{rest}"


def _free_number(artifacts: tuple[Artifact, ...], folder: Path) -> int:
    for number in range(1, _MAX_NUMBER):
        if all(_is_free(folder / _named(a.name, number), a.path) for a in artifacts):
            return number
    raise OSError(errno.EEXIST, "too many files with that name")


def _is_free(path: Path, source: str) -> bool:
    """Whether nothing has that name, a link that leads nowhere included, or the same bytes."""
    if not path.exists():
        return not path.is_symlink()
    return filecmp.cmp(source, path, shallow=False)


def _one(artifact: Artifact, folder: Path, number: int, made: list[Path]) -> Artifact:
    path = folder / _named(artifact.name, number)
    if not path.exists():
        # By the file it is a copy of: a try after a crash takes the place of what that left.
        token = hashlib.sha256(os.fsencode(artifact.path)).hexdigest()[:8]
        with files.replacing(path, new=True, for_person=True, token=token) as part:
            shutil.copyfile(artifact.path, part)
        made.append(path)
    return replace(artifact, name=path.name, path=str(path))


def check_folder(folder: Path) -> None:
    """Raise InputError unless files can be put into ``folder``; leaves nothing behind."""
    nearest = check_place(folder)
    probe = nearest / f".aura-{secrets.token_hex(4)}"
    try:
        probe.touch(exist_ok=False)
    except OSError as e:
        # The folder itself is there: it is one of /proc, and takes no file.
        none = e.errno in (errno.ENOENT, errno.EPERM, errno.EOPNOTSUPP) or not e.strerror
        raise _unusable(
            f"can't create files in {nearest}" if none else f"{e.strerror}: {nearest}"
        ) from None
    finally:
        probe.unlink(missing_ok=True)


def check_place(folder: Path) -> Path:
    """The same as far as it can be seen without writing anything: cheap enough for every key.

    Returns the nearest folder to it that is there.
    """
    folder = nearest = folder.absolute()
    size, most = len(os.fsencode(folder)), os.pathconf("/", "PC_PATH_MAX") - _NAME_BYTES
    if size > most:
        raise _unusable(f"its path has {size:,} bytes; the limit is {most:,}", _SHORTER)
    if not is_clean(str(nearest)):  # what is told of the files would not be where they are
        raise _unusable(f"{str(nearest)!r} is not valid UTF-8")
    try:
        while not nearest.exists():
            if nearest.is_symlink():
                raise _unusable(
                    f"{nearest} is a link to {os.readlink(nearest)}, which doesn't exist",
                    "Create that folder, remove the link, or choose another folder.",
                )
            nearest = nearest.parent
        is_folder = nearest.is_dir()
        # The system looks at a name only once its parent is there.
        longest = max((len(os.fsencode(n)) for n in folder.relative_to(nearest).parts), default=0)
        too_long = longest > os.pathconf(nearest, "PC_NAME_MAX")
    except OSError as e:  # a name too long; a folder that may not be looked into
        raise _unusable(f"{e.strerror or 'no such path'}: {folder}") from None
    if not is_folder:
        raise _unusable(f"{nearest} is not a folder")
    if not os.access(nearest, os.W_OK | os.X_OK):
        raise _unusable(f"{nearest} is not writable")
    if too_long:
        raise _unusable(f"a name in its path is too long ({longest:,} bytes)", _SHORTER)
    return nearest


def _unusable(why: str, remedy: str = "Choose a folder that you can write to.") -> InputError:
    return InputError(
        Code.OUTPUT_UNWRITABLE, f"Can't use the output folder: {why}", remedy, field="output"
    )
