"""Copies a job's finished files into the folder that the user chose: all of them or none.

Never overwrites a file: if one of the names is taken by other bytes, all files get a number.
"""

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
from aura_tui.model.text.sanitize import NOT_CLEAN, is_clean
from aura_tui.system import files, permissions

if TYPE_CHECKING:
    from aura_tui.model.events import Artifact

_MAX_NUMBER = 10_000
_NAME_BYTES = 200  # of a file's temporary name and the slash before it
_SHORTER = "Choose a folder with a shorter path."


def deliver(artifacts: tuple[Artifact, ...], folder: str) -> tuple[Artifact, ...]:
    """Copy each file into ``folder`` and return the artifacts with their new names and paths.

    Skips files that exist there with the same bytes (from an earlier try). Raises StageError if
    the files can't be written.
    """
    target = Path(folder)
    made: list[Path] = []
    try:
        permissions.make_folders(target)
        number = _free_number(artifacts, target)
        return tuple(_copy(artifact, target, number, made) for artifact in artifacts)
    except OSError as e:
        for path in made:  # all or none
            path.unlink(missing_ok=True)
        full = e.errno in (errno.ENOSPC, errno.EDQUOT)
        raise StageError(
            Code.DISK_FULL if full else Code.OUTPUT_UNWRITABLE,
            f"Can't save the files in {target}: {e.strerror}",
            "Free some space there, or choose another folder with: aura-tui retry JOB -o DIR. "
            "Finished work is reused.",
        ) from e


def _numbered(name: str, number: int) -> str:
    if number == 1:
        return name
    stem, dot, rest = name.partition(".")
    return f"{stem}-{number}{dot}{rest}"


def _free_number(artifacts: tuple[Artifact, ...], folder: Path) -> int:
    for number in range(1, _MAX_NUMBER):
        if all(_is_free(folder / _numbered(a.name, number), a.path) for a in artifacts):
            return number
    raise OSError(errno.EEXIST, "too many files with that name")


def _is_free(path: Path, source: str) -> bool:
    """Whether no file (or dangling link) has that name, or the file has the same bytes."""
    if not path.exists():
        return not path.is_symlink()
    return filecmp.cmp(source, path, shallow=False)


def _copy(artifact: Artifact, folder: Path, number: int, made: list[Path]) -> Artifact:
    path = folder / _numbered(artifact.name, number)
    if not path.exists():
        # The token comes from the source, so that a try after a crash overwrites its leftover.
        token = hashlib.sha256(os.fsencode(artifact.path)).hexdigest()[:8]
        with files.replacing(path, new=True, for_person=True, token=token) as part:
            shutil.copyfile(artifact.path, part)
        made.append(path)
    return replace(artifact, name=path.name, path=str(path))


def check_folder(folder: Path) -> None:
    """Raise InputError unless files can be created in ``folder``; leaves nothing behind."""
    nearest = check_place(folder)
    probe = nearest / f".aura-{secrets.token_hex(4)}"
    try:
        probe.touch(exist_ok=False)
    except OSError as e:
        # The folder exists but accepts no files, as those of /proc.
        refused = e.errno in (errno.ENOENT, errno.EPERM, errno.EOPNOTSUPP) or not e.strerror
        raise _unusable(
            f"can't create files in {nearest}" if refused else f"{e.strerror}: {nearest}"
        ) from None
    finally:
        probe.unlink(missing_ok=True)


def check_place(folder: Path) -> Path:
    """As :func:`check_folder`, without writing: cheap enough to call on every keystroke.

    Returns the nearest parent (or ``folder`` itself) that exists.
    """
    folder = nearest = folder.absolute()
    size, limit = len(os.fsencode(folder)), os.pathconf("/", "PC_PATH_MAX") - _NAME_BYTES
    if size > limit:
        raise _unusable(f"its path has {size:,} bytes; the limit is {limit:,}", _SHORTER)
    if not is_clean(str(nearest)):  # the reported paths would not match the files
        raise _unusable(f"{str(nearest)!r} {NOT_CLEAN}")
    try:
        while not nearest.exists():
            if nearest.is_symlink():
                raise _unusable(
                    f"{nearest} is a link to {os.readlink(nearest)}, which doesn't exist",
                    "Create that folder, remove the link, or choose another folder.",
                )
            nearest = nearest.parent
        is_folder = nearest.is_dir()
        # The system checks a name only once its parent exists.
        longest = max((len(os.fsencode(n)) for n in folder.relative_to(nearest).parts), default=0)
        too_long = longest > os.pathconf(nearest, "PC_NAME_MAX")
    except OSError as e:  # a name is too long, or a folder can't be read
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
