"""Turns FFmpeg's exit code and stderr into a StageError. Pure."""

from __future__ import annotations

import re
import signal

from aura_tui.errors import Code, StageError
from aura_tui.model.text.sanitize import clean, clean_line
from aura_tui.system.processes import ending

STDERR_TAIL = 8 * 1024  # characters of stderr to keep per run

_CONTEXT = re.compile(r"^\[[^\]]{1,60}\]\s*(?:\[[a-z]+\]\s*)?")  # "[libx264 @ 0x55d0c8] "
_ERROR = re.compile(
    r"error|invalid|fail|unable|can(?:no|')t|could ?n[o']t|no such|denied|unknown|not found"
    r"|missing|no space|refused|broken|corrupt|mismatch",
    re.IGNORECASE,
)
_GENERIC = re.compile(
    r"^(?:conversion failed!?|error opening (?:in|out)put files?\b.*|exiting .*"
    r"|error (?:submitting|sending) .*|task finished with error.*"
    r"|terminating thread with return code.*|error while filtering.*)$",
    re.IGNORECASE,
)
_DISK = re.compile(r"no space left on device|disk quota exceeded", re.IGNORECASE)
_MEMORY = re.compile(
    r"cannot allocate memory|out of memory|pthread_create\(\) failed", re.IGNORECASE
)


def tail(stderr: bytes | str) -> str:
    """The end of ``stderr``, sanitized, at most :data:`STDERR_TAIL` characters."""
    text = stderr.decode(errors="replace") if isinstance(stderr, bytes) else stderr
    return clean(text[-STDERR_TAIL:], STDERR_TAIL)


def error_line(stderr: str) -> str:
    """The line with the cause: the last specific error, else the last error, else the last line,
    else ""."""
    lines = [_CONTEXT.sub("", line).strip() for line in stderr.splitlines()]
    lines = [line for line in lines if line]
    errors = [line for line in lines if _ERROR.search(line)]
    specific = [line for line in errors if not _GENERIC.match(line)]
    for choice in (specific, errors, lines):
        if choice:
            return clean_line(choice[-1], 300)
    return ""


def failure(what: str, returncode: int, stderr: str) -> StageError:
    """The error of a run that exited with ``returncode`` (negative: killed by that signal).

    ``what`` names the work, as in "encoding scene 3". A SIGKILL that we didn't send counts as one
    by the kernel's out-of-memory killer.
    """
    if _DISK.search(stderr):
        return StageError(
            Code.DISK_FULL,
            f"The disk is full: {what} stopped",
            "Free some space, then retry; finished work is reused.",
        )
    if returncode == -signal.SIGKILL or _MEMORY.search(stderr):
        return out_of_memory(what)
    if returncode < 0:
        how = f"FFmpeg {ending(returncode)}"
    else:
        how = error_line(stderr) or f"FFmpeg ended with exit code {returncode}"
    return StageError(
        Code.FFMPEG_FAILED,
        f"FFmpeg failed {what}: {how}",
        "See the job's FFmpeg log, then retry; finished work is reused.",
    )


def out_of_memory(what: str) -> StageError:
    """The error of work that ran out of memory or was killed from outside."""
    return StageError(
        Code.OUT_OF_MEMORY,
        f"The system killed FFmpeg while {what}; it probably ran out of memory",
        "Close other programs, set render.lanes to 1 or use a lower resolution, then retry: "
        "finished pieces are kept.",
    )
