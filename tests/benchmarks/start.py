"""From nothing to a picture: a fresh environment's install, and the first frame of ``run``.

``python tests/benchmarks/start.py [--install]``. The install uses pip's caches as they are: run
it twice and read the second. The first frame is what a terminal (a pty of 80x24) receives up to
the names of all five stages.
"""

from __future__ import annotations

import fcntl
import os
import pty
import select
import struct
import subprocess
import sys
import tempfile
import termios
import time
from pathlib import Path

from tests.benchmarks.measure import machine, spread

RUNS = 7
ROOT = Path(__file__).parents[2]
STAGES = (b"Script", b"Voice", b"Visuals", b"Composition", b"Rendering")


def install_s() -> float:
    """Seconds to make an environment and install the checkout into it."""
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        pip = f"{folder}/bin/pip"
        subprocess.run([pip, "install", "-q", str(ROOT)], check=True, capture_output=True)
        return time.perf_counter() - start


def first_frame_s(command: list[str], wanted: tuple[bytes, ...]) -> float:
    """Seconds from fork until all of ``wanted`` were written to the terminal."""
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        pid, fd = pty.fork()
        if pid == 0:
            environ = os.environ | {"AURA_HOME": folder, "TERM": "xterm-256color"}
            os.execve(command[0], command, environ)
        fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        seen = b""
        try:
            while not all(name in seen for name in wanted):
                ready, _, _ = select.select([fd], [], [], 30)
                if not ready:
                    raise TimeoutError(seen[-500:])
                seen += os.read(fd, 65536)
            return time.perf_counter() - start
        finally:
            os.kill(pid, 15)
            try:
                while os.read(fd, 65536):
                    pass
            except OSError:
                pass
            os.waitpid(pid, 0)
            os.close(fd)


def main() -> None:
    print(machine())
    if "--install" in sys.argv:
        print(f"install: {spread([install_s() for _ in range(3)], ' s', 1)}")
    run = [sys.executable, "-m", "aura_tui", "run", "A topic", "-o", tempfile.mkdtemp()]
    board = [first_frame_s(run, STAGES) for _ in range(RUNS)]
    print(f"first frame of run: {spread(board, ' s')}")
    bare = """
from textual.app import App
from textual.widgets import Footer, Header

class Bare(App):
    TITLE = "Rendering"

    def compose(self):
        yield Header()
        yield Footer()

Bare().run()
"""
    least = [first_frame_s([sys.executable, "-c", bare], (b"Rendering",)) for _ in range(RUNS)]
    print(f"a bare Textual app: {spread(least, ' s')}")


if __name__ == "__main__":
    main()
