"""The pipe for frames to FFmpeg: large, and on Linux without a copy on our side.

``vmsplice`` puts the frames' own pages into the pipe, which saves a fifth of a millisecond per
frame of 1280x720. A page in the pipe must not change, so a frame is kept alive, and its memory
unused, until the data after it fills the whole pipe.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import sys
from collections import deque
from typing import TYPE_CHECKING

from aura_tui.pipeline.encoding.pixel_buffer import pixels

if TYPE_CHECKING:
    from aura_tui.pipeline.encoding.frames import Planes

_WIDE_BYTES = 1 << 20  # Linux's usual limit; 64 KB costs 1.5 ms per frame in context switches
_REFUSED = (errno.ENOSYS, errno.EPERM, errno.EACCES, errno.EINVAL)  # vmsplice is unavailable


class _Piece(ctypes.Structure):
    """``struct iovec``."""

    _fields_ = (("base", ctypes.c_void_p), ("length", ctypes.c_size_t))


_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None
_vmsplice = getattr(_libc, "vmsplice", None)
if _vmsplice is not None:
    _vmsplice.restype = ctypes.c_ssize_t
    _vmsplice.argtypes = (ctypes.c_int, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_uint)


class FramePipe:
    """Writes frames, whose planes never change again, into the pipe ``fd``."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._splices = _vmsplice is not None
        self._pipe_bytes = _widen(fd)
        self._written = 0
        self._held: deque[tuple[int, Planes]] = deque()  # (bytes written up to its end, frame)

    def frame(self, frame: Planes) -> None:
        """Write the whole of ``frame``. Raises BrokenPipeError if the reader is gone."""
        planes = [pixels(plane) for plane in frame]
        self._written += sum(plane.nbytes for plane in planes)
        self._held.append((self._written, frame))
        for plane in planes:
            self._write(plane)
        while self._held and self._held[0][0] <= self._written - self._pipe_bytes:
            self._held.popleft()

    def _write(self, left: memoryview) -> None:
        while left.nbytes:
            written = self._splice(left) if self._splices else 0
            left = left[written or os.write(self._fd, left) :]

    def _splice(self, left: memoryview) -> int:
        """How many bytes of ``left`` the pipe took; 0 if it must be written normally."""
        assert _vmsplice is not None
        if left.readonly:  # a copy, which is freed after this call
            return 0
        piece = _Piece(ctypes.addressof(ctypes.c_ubyte.from_buffer(left)), left.nbytes)
        taken: int = _vmsplice(self._fd, ctypes.byref(piece), 1, 0)
        if taken >= 0:
            return taken
        code = ctypes.get_errno()
        if code in _REFUSED:
            self._splices = False
            return 0
        if code == errno.EINTR:
            return 0
        raise OSError(code, os.strerror(code))


def _widen(fd: int) -> int:
    """Enlarge the pipe as far as allowed; returns its capacity in bytes, 0 if unknown."""
    if sys.platform != "linux":
        return 0
    import fcntl

    with contextlib.suppress(OSError):  # beyond the user's quota of pipe memory: it stays small
        fcntl.fcntl(fd, fcntl.F_SETPIPE_SZ, _WIDE_BYTES)
    return fcntl.fcntl(fd, fcntl.F_GETPIPE_SZ)
