"""The program as a person starts it: a process of its own, on a home of its own."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any

from tests.e2e import fork_server

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

# Small enough for a test, and yet every stage does its real work.
SMALL = ("--resolution", "256x144", "--fps", "10", "--duration", "8")

BRIEF = """# How tides work

The Moon pulls on the ocean. The water on the near side rises towards it.

## Twice a day

Most coasts see two high tides a day. About 12 hours lie between them.

- Spring tides are the highest
- Neap tides are the lowest

## In numbers

The Bay of Fundy rises by 16 metres. That is the largest range in the world.
"""


class Program:
    """``aura-tui`` with an environment of its own. Files are made in ``folder``."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.home = folder / "home"
        self.out = folder / "out"
        self.brief = folder / "tides.md"
        self.brief.write_text(BRIEF)
        self._started: list[subprocess.Popen[bytes]] = []
        keep = ("PATH", "LANG", "LC_ALL", "TMPDIR")
        self.environ = {k: v for k, v in os.environ.items() if k in keep} | {
            "HOME": str(folder),
            "AURA_HOME": str(self.home),
            "PYTHONUTF8": "1",
            "TERM": "xterm-256color",
        }

    def start(
        self,
        *arguments: str | Path,
        pipes: bool = True,
        terminal: int | None = None,
        **environ: str,
    ) -> subprocess.Popen[bytes]:
        """Start it, on a ``terminal`` where that is given; it is ended, and its pipes closed, when
        the test is over."""
        ours = subprocess.PIPE if pipes else None
        process = subprocess.Popen(
            [sys.executable, "-m", "aura_tui", *map(str, arguments)],
            cwd=self.folder,
            env=self.environ | environ,
            stdin=subprocess.DEVNULL if terminal is None else terminal,
            stdout=ours if terminal is None else terminal,
            stderr=ours if terminal is None else terminal,
        )
        self._started.append(process)
        return process

    def close(self) -> None:
        """End what was started, and the background engine."""
        for process in self._started:
            process.kill()
            process.communicate()
        lock = self.home / "engine.lock"
        # Whoever has the lock writes its name there; it is empty when nobody has.
        held = lock.read_bytes() if lock.exists() else b""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            if held and os.getsid(pid := json.loads(held)["pid"]) == pid:
                os.kill(pid, signal.SIGTERM)

    def run(
        self,
        *arguments: str | Path,
        input: bytes | None = None,
        streams: Mapping[int, int | None] | None = None,
        **environ: str,
    ) -> subprocess.CompletedProcess[str]:
        """Run it to its end, by the fork server: in a process of its own, without the start of
        Python. What depends on that start is for :meth:`start`. ``streams``: files in the place of
        the pipes of 0, 1 and 2; None closes it."""
        command = [*map(str, arguments)]
        environ = self.environ | environ
        done = fork_server.run(command, self.folder, environ, input or b"", streams=streams)
        return subprocess.CompletedProcess(
            done.args, done.returncode, done.stdout.decode(), done.stderr.decode()
        )

    def jobs(self) -> list[dict[str, Any]]:
        """All jobs, newest first, as ``jobs --json`` gives them."""
        return [json.loads(line) for line in self.run("jobs", "--json").stdout.splitlines()]

    def arguments(self, *more: str | Path) -> tuple[str | Path, ...]:
        """A small run of the brief."""
        return ("run", self.brief, "-o", self.out, *SMALL, *more)
