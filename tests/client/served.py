"""Starting, killing and freezing a real server process (``engine.py``)."""

from __future__ import annotations

import asyncio
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from aura_tui.wire import unix_socket

if TYPE_CHECKING:
    from typing import Self

ROOT = Path(__file__).parents[2]


class ServerProcess:
    """The server of one home; it comes back on the same port. Use it as a context manager."""

    def __init__(self, home: Path, *options: str) -> None:
        self.port = 0
        self._home = home
        self._options = options
        self._process: asyncio.subprocess.Process | None = None

    @property
    def socket(self) -> Path:
        """Where it listens for its own user."""
        return self._home / unix_socket.NAME

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop(signal.SIGKILL)

    async def start(self) -> None:
        """Begin (again), and wait until it listens."""
        self._process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.client.engine"),
            *(str(self._home), str(self.port), *self._options),
            cwd=ROOT,
            stdout=asyncio.subprocess.PIPE,
        )
        assert self._process.stdout is not None
        async with asyncio.timeout(20):
            line = (await self._process.stdout.readline()).decode()
        self.port = int(line.rpartition(":")[2])

    async def stop(self, number: signal.Signals = signal.SIGTERM) -> None:
        """End it, and wait until it has."""
        process, self._process = self._process, None
        if process is None:
            return
        if process.returncode is None:
            process.send_signal(signal.SIGCONT)
            process.send_signal(number)
        await process.communicate()

    def freeze(self) -> None:
        """Keep it from doing anything."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)
