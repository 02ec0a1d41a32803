"""The engine's lock on a home: one engine at a time, and who holds it."""

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
from aura_tui.service import EngineHolder

if TYPE_CHECKING:
    from aura_tui.engine.home import Home


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
            f"An engine is already running on {home.root}: {who}",
            "Use that engine (jobs, show, logs and watch work alongside it), wait until "
            "it stops, or set AURA_HOME to another folder.",
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
            f"Can't open the lock {home.lock}: {e.strerror}",
            "Check the folder's permissions, or set AURA_HOME to another folder.",
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
        f"The engine (process {holder.pid}) is suspended (Ctrl-Z), with its jobs",
        f"run fg in its terminal, or anywhere: kill -CONT {holder.pid}",
    )


def _read(home: Home) -> EngineHolder | None:
    try:
        return msgspec.json.decode(home.lock.read_bytes()[:1000], type=EngineHolder)
    except (OSError, msgspec.MsgspecError):
        return None
