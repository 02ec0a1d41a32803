"""The engine's lock on a home: allows one engine at a time, and names its process."""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from aura_tui.errors import Code, EngineError
from aura_tui.format.words import local_time
from aura_tui.service import EngineHolder

if TYPE_CHECKING:
    from aura_tui.engine.home import Home


class Lock:
    """The engine's lock: held by the kernel for as long as the process lives, however it ends."""

    def __init__(self, fd: int, holder: EngineHolder) -> None:
        self._fd = fd
        self.holder = holder

    def release(self) -> None:
        """Release the home for another engine."""
        if self._fd >= 0:
            with contextlib.suppress(OSError):
                os.ftruncate(self._fd, 0)
            os.close(self._fd)  # closing releases it
            self._fd = -1


def acquire(home: Home) -> Lock:
    """Take the lock, or raise EngineError naming the process that holds it."""
    fd = _open(home)
    if not _lock(fd):
        os.close(fd)
        holder = _read(home)
        who = (
            f"process {holder.pid}, since {local_time(holder.since)}"
            if holder
            else "another process"
        )
        if holder and is_stopped(holder):
            raise EngineError(Code.ENGINE_BUSY, *suspended_text(holder)) from None
        raise EngineError(
            Code.ENGINE_BUSY,
            f"An engine is already running on {home.root}: {who}",
            "Use that engine (jobs, show, logs and watch work alongside it), wait until "
            "it stops, or set AURA_HOME to another folder.",
        ) from None
    holder = EngineHolder(os.getpid(), datetime.now(UTC))
    with contextlib.suppress(OSError):  # on a full disk the lock holds without a name in it
        os.ftruncate(fd, 0)
        os.pwrite(fd, msgspec.json.encode(holder), 0)
    return Lock(fd, holder)


def check(home: Home) -> None:
    """Raise EngineError if no engine could start here, whether or not one is running."""
    os.close(_open(home))


def _open(home: Home) -> int:
    home.prepare()
    try:
        return os.open(home.lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as e:
        raise EngineError(
            Code.HOME_UNUSABLE,
            f"Can't open the lock {home.lock}: {e.strerror}",
            "Check the folder's permissions, or set AURA_HOME to another folder.",
        ) from None


def _lock(fd: int) -> bool:
    """Try to lock; whether it succeeded. Tries again, since :func:`holder` locks for an instant."""
    for _ in range(5):
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        except OSError:
            time.sleep(0.02)
    return False


def holder(home: Home) -> EngineHolder | None:
    """The process that holds the lock now; None if none does."""
    try:
        fd = os.open(home.lock, os.O_RDONLY | os.O_CLOEXEC)  # a home may be read-only
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
    """Whether the process is suspended (Ctrl-Z): it holds the home but doesn't respond. Only
    Linux reports it; elsewhere the process counts as running."""
    try:
        stat = Path(f"/proc/{holder.pid}/stat").read_text()
    except (OSError, ValueError):
        return False
    return stat.rpartition(")")[2].split()[:1] == ["T"]


def suspended_text(holder: EngineHolder) -> tuple[str, str]:
    """The message about a suspended engine, and its remedy."""
    return (
        f"The engine (process {holder.pid}) is suspended (Ctrl-Z), with its jobs",
        f"run fg in its terminal, or anywhere: kill -CONT {holder.pid}",
    )


def _read(home: Home) -> EngineHolder | None:
    try:
        return msgspec.json.decode(home.lock.read_bytes()[:1000], type=EngineHolder)
    except (OSError, msgspec.MsgspecError):
        return None
