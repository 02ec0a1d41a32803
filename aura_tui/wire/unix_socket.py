"""Addresses of Unix sockets, for paths of any length, and probes of the engine's socket."""

from __future__ import annotations

import contextlib
import os
import socket
from typing import TYPE_CHECKING, Final

from aura_tui.wire import routes

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NAME: Final = "engine.sock"  # under AURA_HOME
_ANSWERS_S: Final = 1.0
_MAX_BYTES: Final = 100  # sun_path holds 108 on Linux, 104 elsewhere, with the final NUL


@contextlib.contextmanager
def address(path: Path) -> Iterator[str]:
    """The address to bind or connect to for the socket at ``path``; valid inside the block.

    A path too long for the kernel is replaced by one through its folder's open descriptor. Raises
    OSError if the folder can't be opened.
    """
    if len(os.fsencode(path)) <= _MAX_BYTES:
        yield str(path)
        return
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)


def listens(path: Path) -> bool:
    """Whether a process listens on the socket at ``path``."""
    try:
        with _connected(path):
            return True
    except BlockingIOError:
        return True  # its backlog is full
    except OSError as e:
        return isinstance(e, TimeoutError)


def answers(path: Path) -> bool:
    """Whether an engine answers requests on the socket at ``path``. A suspended process doesn't,
    although the kernel accepts connections for it."""
    try:
        with _connected(path) as probe:
            probe.sendall(f"HEAD {routes.LIVE} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
            return bool(probe.recv(1))
    except OSError:
        return False


@contextlib.contextmanager
def _connected(path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(_ANSWERS_S)
        with address(path) as where:
            probe.connect(where)
        yield probe
