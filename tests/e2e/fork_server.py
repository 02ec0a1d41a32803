"""``python -m tests.e2e.fork_server FD``: starts the program without starting Python each time.

A process that has imported the program, and nothing else of the tests, forks for each request. What
runs is the program's own ``main`` in a process, environment and working directory of its own, with
the standard streams that it was given; only the interpreter's start and the imports, which take
most of a short command's time, are done once.
"""

from __future__ import annotations

import atexit
import gc
import io
import json
import os
import signal
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import redirect_stderr
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_MOST = 1 << 17  # bytes of a request
_ROOT = Path(__file__).parents[2]
# What commands import where they need it. Not Textual: as it is imported it reads the environment.
_IMPORTED = (
    "aura_tui.client.service",
    "aura_tui.connect.background",
    "aura_tui.connect.preflight",
    "aura_tui.doctor",
    "aura_tui.engine.read_only",
    "aura_tui.engine.service",
    "aura_tui.pipeline.stages.table",
    "aura_tui.replay.service",
    "aura_tui.server.serve",
    "aura_tui.views.json_lines",
    "aura_tui.views.plain",
    "aura_tui.views.tables",
    "rich.console",
    "rich.table",
)


def run(
    arguments: Sequence[str],
    cwd: Path,
    environ: Mapping[str, str],
    input: bytes = b"",
    timeout_s: float = 90.0,
    streams: Mapping[int, int | None] | None = None,
) -> subprocess.CompletedProcess[bytes]:
    """Run ``aura-tui`` with ``arguments`` to its end, as ``subprocess.run`` does, with a pipe for
    each standard stream, or what ``streams`` has in its place (None: it is closed). Raises
    TimeoutExpired."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, ThreadPoolExecutor(3) as pool:
        stdin, out, err = os.pipe(), os.pipe(), os.pipe()
        fds = {0: stdin[0], 1: out[1], 2: err[1]} | {n: fd for n, fd in (streams or {}).items()}
        given = {n: fd for n, fd in fds.items() if fd is not None}
        request = json.dumps([[*arguments], str(cwd), {**environ}, [*given]]).encode()
        socket.send_fds(_server(), [request], [*given.values(), theirs.fileno()])
        theirs.close()
        for fd in (stdin[0], out[1], err[1]):
            os.close(fd)
        pool.submit(_write, stdin[1], input)
        read = [pool.submit(_read, out[0]), pool.submit(_read, err[0])]
        pid = int(ours.recv(64))
        ours.settimeout(timeout_s)
        try:
            status = int(ours.recv(64))
            stdout, stderr = (each.result(timeout_s) for each in read)
        except TimeoutError:
            os.kill(pid, signal.SIGKILL)
            raise subprocess.TimeoutExpired([*arguments], timeout_s) from None
    return subprocess.CompletedProcess([*arguments], status, stdout, stderr)


def _write(fd: int, data: bytes) -> None:
    with open(fd, "wb") as pipe:
        pipe.write(data)


def _read(fd: int) -> bytes:
    with open(fd, "rb") as pipe:
        return pipe.read()


@cache
def _server() -> socket.socket:
    """The connection to this process's fork server, which ends with it."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    server = subprocess.Popen(
        [sys.executable, "-m", "tests.e2e.fork_server", str(theirs.fileno())],
        cwd=_ROOT,
        env={k: v for k, v in os.environ.items() if k in ("PATH", "TMPDIR")} | {"PYTHONUTF8": "1"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        pass_fds=(theirs.fileno(),),
    )
    theirs.close()
    atexit.register(server.wait)
    atexit.register(ours.close)
    return ours


# -- in the server


def _serve(connection: socket.socket) -> list[str]:
    """Fork for each request until the other side is gone. Returns in the child that is to be the
    program: its command line."""
    while True:
        request, fds, _, _ = socket.recv_fds(connection, _MOST, 4)
        if not request:
            os._exit(0)
        if os.fork() == 0:
            connection.close()
            return _supervised(request, fds)
        for fd in fds:
            os.close(fd)


def _supervised(request: bytes, fds: list[int]) -> list[str]:
    """Fork once more, and report the child's id and exit status."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    reply = socket.socket(fileno=fds.pop())
    pid = os.fork()
    if pid == 0:
        reply.close()
        return _become(request, fds)
    for fd in (0, 1, 2, *fds):
        os.close(fd)
    reply.send(str(pid).encode())
    _, status = os.waitpid(pid, 0)
    try:
        reply.send(str(os.waitstatus_to_exitcode(status)).encode())
    finally:
        os._exit(0)


def _become(request: bytes, fds: list[int]) -> list[str]:
    arguments, cwd, environ, given = json.loads(request)
    for target in range(3):
        os.close(target)
    for target, fd in zip(given, fds, strict=True):
        os.dup2(fd, target)
        os.close(fd)
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(environ)
    time.tzset()
    # As Python makes them in its UTF-8 mode.
    sys.stdin = sys.__stdin__ = _text(0, "r", given)  # type: ignore[misc]
    sys.stdout = sys.__stdout__ = _text(1, "w", given)  # type: ignore[misc]
    sys.stderr = sys.__stderr__ = _text(2, "w", given)  # type: ignore[misc]
    return [str(_ROOT / "aura_tui" / "__main__.py"), *arguments]


def _text(fd: int, mode: str, given: list[int]) -> io.TextIOWrapper | None:
    if fd not in given:
        return None
    raw = io.FileIO(fd, mode, closefd=False)
    buffered = io.BufferedReader(raw) if mode == "r" else io.BufferedWriter(raw)
    errors = "backslashreplace" if fd == 2 else "surrogateescape"
    return io.TextIOWrapper(buffered, "utf-8", errors, line_buffering=fd == 2)


if __name__ == "__main__":
    import aura_tui.cli.commands

    for each in _IMPORTED:
        import_module(each)
    with redirect_stderr(io.StringIO()):  # Typer imports most when it reads its first option
        aura_tui.cli.app.run_command(["jobs", "--limit", "few"])
    gc.freeze()  # the children share what is there
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the supervisors
    sys.argv = _serve(socket.socket(fileno=int(sys.argv[1])))
    aura_tui.cli.app.main()
