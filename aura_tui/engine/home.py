"""AURA_HOME on disk: its paths, its permissions, and its preparation."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import secrets
import shlex
import stat
from typing import TYPE_CHECKING

from aura_tui.errors import Code, EngineError
from aura_tui.model.text.sanitize import NOT_CLEAN, is_clean
from aura_tui.system import permissions

if TYPE_CHECKING:
    from pathlib import Path

_JOB_ID = re.compile(r"[0-9a-f]{10}")
# Prefixes of the names of all entries that we create directly in a home.
_OURS = (
    *("aura.db", "engine.", ".engine.", "reserve", "background.log"),
    *("tokens.json", ".tokens.json", "board.json", ".board.json", "pieces", "jobs"),
)

# Folders that a home may lie in but not be: it is closed to everybody else, and these must not be.
_SYSTEM = frozenset(
    {
        *("/", "/bin", "/boot", "/dev", "/etc", "/home", "/lib", "/opt", "/proc", "/run", "/sbin"),
        *("/srv", "/sys", "/usr", "/usr/bin", "/usr/lib", "/usr/local", "/var", "/var/lib"),
        *("/Applications", "/Library", "/System", "/Users", "/private", "/private/var"),
    }
)


class Home:
    """The paths below one AURA_HOME."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.store = root / "aura.db"
        self.lock = root / "engine.lock"
        self.reserve = root / "reserve"
        self.engine_log = root / "engine.log"
        self.pieces = root / "pieces"
        self.jobs = root / "jobs"

    def job(self, job_id: str) -> Path:
        """The job's own folder."""
        return self.jobs / job_id

    def job_folders(self) -> set[str]:
        """The ids of the jobs that have a folder."""
        try:
            return {name for name in os.listdir(self.jobs) if _JOB_ID.fullmatch(name)}
        except OSError:
            return set()

    def artifacts(self, job_id: str) -> Path:
        """The folder of the job's finished files."""
        return self.jobs / job_id / "artifacts"

    def scratch(self, job_id: str) -> Path:
        """The folder of the job's temporary files; removed after each stage."""
        return self.jobs / job_id / "scratch"

    def preview(self, job_id: str) -> Path:
        """The newest picture of the job: a link to a file elsewhere."""
        return self.jobs / job_id / "preview"

    def manifest(self, job_id: str) -> Path:
        """The file with the keys of the job's pieces; see ``run/manifest.py``."""
        return self.jobs / job_id / "pieces.json"

    def ffmpeg_log(self, job_id: str) -> Path:
        """FFmpeg's log of the job."""
        return self.jobs / job_id / "ffmpeg.log"

    def check_access(self, *, reading: bool = False) -> None:
        """Raise EngineError for a folder of the system, and for a home that other users can write
        to: they could place a database or a socket there. A home that doesn't exist yet passes, and
        so does another user's when ``reading``, if it can be read. Writes nothing, except a probe
        if others seem to have access."""
        try:
            found = self.root.stat()
        except FileNotFoundError:
            return
        except OSError as e:
            raise self._unusable(e.strerror) from None
        if not stat.S_ISDIR(found.st_mode):
            raise EngineError(
                Code.HOME_UNUSABLE,
                f"{self.root} is not a folder",
                "Set AURA_HOME to a folder.",
            )
        if str(self.root.resolve()) in _SYSTEM and not found.st_mode & stat.S_ISVTX:
            raise EngineError(
                Code.HOME_UNUSABLE,
                f"{self.root} is a folder of the system",
                f"Set AURA_HOME to a folder of its own, such as {self.root / 'aura-tui'}.",
            )
        if found.st_uid != os.geteuid() and not reading:
            raise EngineError(
                Code.HOME_UNUSABLE,
                f"The folder {self.root} belongs to another user (uid {found.st_uid})",
                "Set AURA_HOME to a folder that you own.",
            )
        if not os.access(self.root, os.R_OK | os.X_OK):
            raise self._unusable(os.strerror(errno.EACCES))
        if not found.st_mode & (stat.S_IWGRP | stat.S_IWOTH) or not keeps_modes(self.root):
            return
        raise EngineError(
            Code.HOME_UNUSABLE,
            f"Other users can write to the folder {self.root}",
            f"Set AURA_HOME to a folder that you own, such as {self.root / 'aura-tui'}."
            if found.st_mode & stat.S_ISVTX  # a shared folder such as /tmp must stay as it is
            else f"Run: chmod 700 {shlex.quote(str(self.root))}",
        )

    def prepare(self) -> None:
        """Create the folders with private modes; from now on the process creates private files.

        Removes other users' access to an existing home. Raises EngineError if that fails, if
        others can write to the home, or if its path is not valid UTF-8 (the paths that we report
        would be wrong).
        """
        if not is_clean(str(self.root)):
            raise EngineError(
                Code.HOME_UNUSABLE,
                f"Can't use the folder {str(self.root)!r}: its path {NOT_CLEAN}",
                "Set AURA_HOME to a folder with another name.",
            )
        self.check_access()
        permissions.keep_private()
        try:
            self.root.mkdir(parents=True, exist_ok=True, mode=0o700)
            for folder in (self.pieces, self.jobs):
                folder.mkdir(exist_ok=True, mode=0o700)
            self._make_private()
        except OSError as e:
            dangling = self.root.is_symlink() and not self.root.exists()
            why = "it is a link to nothing" if dangling else e.strerror
            raise self._unusable(why) from None

    def _unusable(self, why: str | None) -> EngineError:
        return EngineError(
            Code.HOME_UNUSABLE,
            f"Can't use the folder {self.root}: {why}",
            "Set AURA_HOME to a folder that you can read and write.",
        )

    def _make_private(self) -> None:
        """Make the home and our files directly in it private: an earlier version or another umask
        may have left them open. That shuts off everything below, too; :func:`retention.sweep`
        fixes those modes once. Leaves other files alone: a home may hold more than ours."""
        permissions.make_private(self.root, self.root.stat())
        with os.scandir(self.root) as entries:
            for entry in entries:
                if entry.name.startswith(_OURS):
                    with contextlib.suppress(OSError):  # gone meanwhile
                        permissions.make_private(entry.path, entry.stat(follow_symlinks=False))


def keeps_modes(folder: Path) -> bool:
    """Whether the file system of ``folder`` stores modes. FAT and some network shares show the
    same mode for every file, and chmod has no effect there."""
    probe = folder / f".mode-{secrets.token_hex(4)}"
    try:
        probe.mkdir(mode=0o700)
    except OSError:
        return True
    try:
        return not probe.stat().st_mode & 0o077
    finally:
        probe.rmdir()
