"""AURA_HOME on disk: where everything lies, and the lock that keeps it to one engine."""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import secrets
import shlex
import stat
import time
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from aura_tui import permissions
from aura_tui.errors import Code, EngineError
from aura_tui.model.text import is_clean
from aura_tui.service import EngineHolder

_JOB_ID = re.compile(r"[0-9a-f]{10}")
# What the names begin with of all that we put right into a home.
_OURS = (
    *("aura.db", "engine.", ".engine.", "reserve", "background.log"),
    *("tokens.json", ".tokens.json", "pieces", "jobs"),
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
        """Where the job's finished files lie."""
        return self.jobs / job_id / "artifacts"

    def scratch(self, job_id: str) -> Path:
        """What the job needs while it runs."""
        return self.jobs / job_id / "scratch"

    def preview(self, job_id: str) -> Path:
        """The newest picture of the job: another name of a file that lies elsewhere."""
        return self.jobs / job_id / "preview"

    def ledger(self, job_id: str) -> Path:
        """What the job's stages are made of."""
        return self.jobs / job_id / "pieces.json"

    def ffmpeg_log(self, job_id: str) -> Path:
        """FFmpeg's log of the job."""
        return self.jobs / job_id / "ffmpeg.log"

    def check_access(self, *, reading: bool = False) -> None:
        """Raise EngineError for a home that other users can write to: they could put a store or a
        socket of theirs there. One that does not exist yet is fine, and so is another user's for
        ``reading``. Writes nothing, unless others seem to have access."""
        try:
            found = self.root.stat()
        except OSError:
            return  # whoever uses it reports that
        if not stat.S_ISDIR(found.st_mode):
            raise EngineError(
                Code.HOME_UNUSABLE,
                f"{self.root} is not a folder",
                "Set AURA_HOME to a folder.",
            )
        if found.st_uid != os.geteuid() and not reading:
            raise EngineError(
                Code.HOME_UNUSABLE,
                f"The folder {self.root} belongs to another user (uid {found.st_uid})",
                "Set AURA_HOME to a folder of your own.",
            )
        if not found.st_mode & (stat.S_IWGRP | stat.S_IWOTH) or not keeps_modes(self.root):
            return
        raise EngineError(
            Code.HOME_UNUSABLE,
            f"Other users can write to the folder {self.root}",
            f"Set AURA_HOME to a folder of your own, such as {self.root / 'aura-tui'}."
            if found.st_mode & stat.S_ISVTX  # one for all, as /tmp: it must stay as it is
            else f"Run: chmod 700 {shlex.quote(str(self.root))}",
        )

    def prepare(self) -> None:
        """Make the folders, for this user alone; from here on the process creates private files.

        An existing home is taken from others who could read it. Raises EngineError where that
        can't be, where others can write to it, or where what is told of the files in it would not
        be where they are."""
        if not is_clean(str(self.root)):
            raise EngineError(
                Code.HOME_UNUSABLE,
                f"The folder {str(self.root)!r} can't be used: its path is no plain UTF-8 text",
                "Set AURA_HOME to a folder without such characters in its path.",
            )
        self.check_access()
        permissions.keep_private()
        try:
            self.root.mkdir(parents=True, exist_ok=True, mode=0o700)
            for folder in (self.pieces, self.jobs):
                folder.mkdir(exist_ok=True, mode=0o700)
            self._take_from_others()
        except OSError as e:
            raise EngineError(
                Code.HOME_UNUSABLE,
                f"The folder {self.root} can't be used: {e.strerror}",
                "Set AURA_HOME to a folder that you can write to.",
            ) from None

    def _take_from_others(self) -> None:
        """Close the home, and the files of ours right in it: an earlier version, or another umask,
        may have left them open. What lies deeper is out of reach then; :func:`cleanup.sweep`
        closes it once. Other files stay: a home may be a folder that holds more than ours."""
        permissions.take_from_others(self.root, self.root.stat())
        with os.scandir(self.root) as entries:
            for entry in entries:
                if entry.name.startswith(_OURS):
                    with contextlib.suppress(OSError):  # gone meanwhile
                        permissions.take_from_others(entry.path, entry.stat(follow_symlinks=False))


def keeps_modes(folder: Path) -> bool:
    """Whether the file system of ``folder`` keeps modes: FAT and some network shares show the same
    one for every file, whatever was set, and there no chmod helps."""
    probe = folder / f".mode-{secrets.token_hex(4)}"
    try:
        probe.mkdir(mode=0o700)
    except OSError:
        return True
    try:
        return not probe.stat().st_mode & 0o077
    finally:
        probe.rmdir()


class Lock:
    """The engine's lock: held by the kernel for as long as the process lives, however it ends."""

    def __init__(self, fd: int, holder: EngineHolder) -> None:
        self._fd = fd
        self.holder = holder

    def release(self) -> None:
        """Let another engine have the home."""
        if self._fd >= 0:
            with contextlib.suppress(OSError):
                os.ftruncate(self._fd, 0)
            os.close(self._fd)  # closing releases it
            self._fd = -1


def acquire(home: Home) -> Lock:
    """Take the lock, or raise EngineError naming the process that holds it."""
    fd = _opened(home)
    if not _lock(fd):
        os.close(fd)
        holder = _read(home)
        who = (
            f"process {holder.pid}, since {holder.since.astimezone():%Y-%m-%d %H:%M:%S}"
            if holder
            else "another process"
        )
        if holder and is_stopped(holder):
            raise EngineError(Code.ENGINE_BUSY, *stopped_words(holder)) from None
        raise EngineError(
            Code.ENGINE_BUSY,
            f"An engine is at work on {home.root} already: {who}",
            "Use that one (jobs, show, logs and watch work beside it), wait for its end, or set "
            "AURA_HOME to another folder.",
        ) from None
    holder = EngineHolder(os.getpid(), datetime.now(UTC))
    with contextlib.suppress(OSError):  # a full disk: the lock holds without the name in it
        os.ftruncate(fd, 0)
        os.pwrite(fd, msgspec.json.encode(holder), 0)
    return Lock(fd, holder)


def check(home: Home) -> None:
    """Raise EngineError where no engine can begin, whether or not one is at work."""
    os.close(_opened(home))


def _opened(home: Home) -> int:
    home.prepare()
    try:
        return os.open(home.lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as e:
        raise EngineError(
            Code.HOME_UNUSABLE,
            f"The lock {home.lock} can't be opened: {e.strerror}",
            "Check the folder's permissions, or set AURA_HOME to another one.",
        ) from None


def _lock(fd: int) -> bool:
    """Whether we have it now. A process that asks who holds it has it for an instant, too."""
    for _ in range(5):
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        except OSError:
            time.sleep(0.02)
    return False


def holder(home: Home) -> EngineHolder | None:
    """Who holds the engine now; None where nobody does."""
    try:
        fd = os.open(home.lock, os.O_RDONLY | os.O_CLOEXEC)  # a home may be for reading alone
    except OSError:
        return None
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return _read(home) or EngineHolder(0, datetime.now(UTC))
    finally:
        os.close(fd)
    return None


def is_stopped(holder: EngineHolder) -> bool:
    """Whether the process is stopped, by Ctrl-Z say: it holds the home, and answers nobody. Linux
    tells; elsewhere it counts as at work."""
    try:
        stat = Path(f"/proc/{holder.pid}/stat").read_text()
    except (OSError, ValueError):
        return False
    return stat.rpartition(")")[2].split()[:1] == ["T"]


def stopped_words(holder: EngineHolder) -> tuple[str, str]:
    """What is so, and what to do about it."""
    return (
        f"The engine (process {holder.pid}) is stopped (Ctrl-Z), and its work with it",
        f"fg in its terminal lets it go on, or from anywhere: kill -CONT {holder.pid}",
    )


def _read(home: Home) -> EngineHolder | None:
    try:
        return msgspec.json.decode(home.lock.read_bytes()[:1000], type=EngineHolder)
    except (OSError, msgspec.MsgspecError):
        return None
