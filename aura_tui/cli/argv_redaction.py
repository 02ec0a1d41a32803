"""What the list of processes shows of us: every user of the machine can read it."""

from __future__ import annotations

import contextlib
from pathlib import Path

_TOKEN = b"--token"


def hide_token() -> None:
    """Blot out the value of ``--token`` in this process's own command line.

    On Linux ``/proc/PID/cmdline`` is what stands in the process's memory now (proc(5)). Elsewhere,
    and where that memory can't be written, it stays: the option's help says to use AURA_TOKEN.
    """
    with contextlib.suppress(OSError, ValueError, IndexError):
        line = Path("/proc/self/cmdline").read_bytes()
        if _TOKEN not in line:
            return
        # Fields are counted from the name's end, which may have blanks and parentheses in it.
        stat = Path("/proc/self/stat").read_bytes().rpartition(b")")[2].split()
        start, end = int(stat[45]), int(stat[46])  # arg_start and arg_end, 48 and 49 in proc(5)
        with open("/proc/self/mem", "r+b", buffering=0) as memory:
            memory.seek(start)
            if memory.read(end - start) == line:
                memory.seek(start)
                memory.write(_blotted(line))


def _blotted(line: bytes) -> bytes:
    """``line`` as long as before, with stars in place of each token."""
    words = line.split(b"\0")
    for i, word in enumerate(words):
        if word.startswith(_TOKEN + b"="):
            words[i] = _TOKEN + b"=" + b"*" * (len(word) - len(_TOKEN) - 1)
        elif i and words[i - 1] == _TOKEN:
            words[i] = b"*" * len(word)
    return b"\0".join(words)
