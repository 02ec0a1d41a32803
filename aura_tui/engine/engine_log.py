"""``engine.log`` in AURA_HOME: failures of the engine itself, with their tracebacks."""

from __future__ import annotations

import contextlib
import os
import traceback
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aura_tui.engine.home import Home
    from aura_tui.system.tasks import TaskFailure

_MAX_BYTES = 1 << 20  # then it is rotated; one old file is kept


def write(home: Home, failure: TaskFailure) -> None:
    """Append ``failure``; ignores errors of the disk."""
    text = f"{failure.at:%Y-%m-%dT%H:%M:%SZ} {failure.reason}\n"
    if failure.error is not None:
        text += "".join(traceback.format_exception(failure.error))
    with contextlib.suppress(OSError):
        path = home.engine_log
        if path.exists() and path.stat().st_size > _MAX_BYTES:
            path.replace(path.with_name(f"{path.name}.1"))
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        with open(fd, "w", encoding="utf-8", errors="replace") as file:
            file.write(text)
