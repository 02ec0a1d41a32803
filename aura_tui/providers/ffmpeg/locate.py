"""Finds the FFmpeg to use: the configured one, else a suitable one on the PATH, else the wheel's.

A suitable one is new enough and has every encoder, format and filter that we use, so that a
distribution's build without x264 isn't preferred to the wheel's.
"""

from __future__ import annotations

import asyncio
import errno
import hashlib
import importlib.util
import os
import re
import shutil
import stat
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import msgspec

from aura_tui.errors import Code, InputError
from aura_tui.model.text.sanitize import clean_line
from aura_tui.system.processes import OutputTooLarge, ProcessGroup
from aura_tui.system.tasks import result_of

if TYPE_CHECKING:
    from aura_tui.settings import Settings

Source = Literal["settings", "path", "wheel"]

SEARCH = "search for FFmpeg"
_TIMEOUT_S = 2.0  # for all checks of one program: submitting a job waits for them
_WHEEL_TIMEOUT_S = 10.0  # for the last resort, which may lie on a slow disk
_BAD_S = 30.0  # how long to remember an unsuitable one
_WHEEL_VARIABLE = "IMAGEIO_FFMPEG_EXE"
_LIST_LIMIT = 1 << 20
_OLDEST_LIBAVCODEC = 59  # FFmpeg 5.0: our options and the progress format require it

_NEEDS: dict[str, frozenset[str]] = {
    "-encoders": frozenset({"libx264", "aac", "mov_text", "pcm_s16le"}),
    "-muxers": frozenset({"mp4", "wav", "null", "framecrc"}),
    "-demuxers": frozenset({"concat", "rawvideo", "wav", "srt", "ffmetadata"}),
    "-filters": frozenset({"aresample", "ebur128", "volume", "scale"}),
}

_INSTALL = (
    "Install it (apt install ffmpeg, brew install ffmpeg), run "
    "'pip install --force-reinstall imageio-ffmpeg', or set AURA_RENDER_FFMPEG to its path."
)


class FFmpeg(msgspec.Struct, frozen=True, kw_only=True):
    """A checked, suitable FFmpeg. ``identity`` changes with its build."""

    path: str
    version: str
    source: Source
    identity: str
    rejected: str = ""  # why the one on the PATH wasn't used


_SYSTEM_LIMITS = (errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EAGAIN)

_FileKey = tuple[str, int, int]  # a path, and its file's modification time (ns) and size
# Results by file, so that a replaced program is checked again. Failures expire, because their cause
# may lie elsewhere (a missing library, a busy machine).
_good: dict[_FileKey, FFmpeg] = {}
_searches: dict[str, asyncio.Task[FFmpeg]] = {}
_bad: dict[_FileKey, tuple[str, float]] = {}  # the reason, and when it expires (monotonic clock)


async def find_ffmpeg(settings: Settings) -> FFmpeg:
    """Like :func:`locate`, but outside a job. Concurrent callers share one search, which continues
    if one of them is cancelled, because the others need its result."""
    configured = settings.render.ffmpeg
    search = _searches.get(configured)
    if search is None or search.done() or search.get_loop() is not asyncio.get_running_loop():
        search = _searches[configured] = asyncio.create_task(_search(settings), name=SEARCH)
        search.add_done_callback(lambda done: done.cancelled() or done.exception())
    return await result_of(search, "the search for FFmpeg")


async def _search(settings: Settings) -> FFmpeg:
    children = ProcessGroup()
    try:
        return await locate(settings, children)
    finally:
        await children.kill()


async def locate(settings: Settings, children: ProcessGroup) -> FFmpeg:
    """Find the FFmpeg to use. Each is checked once per process, and again if its file changes.

    Raises :class:`InputError` (``FFMPEG_MISSING``), usually within 3 s, if none is suitable, or if
    the configured one isn't: that one is never silently replaced.
    """
    configured = settings.render.ffmpeg
    return await (_configured(configured, children) if configured else _best(children))


async def _configured(configured: str, children: ProcessGroup) -> FFmpeg:
    path = os.path.expanduser(configured)
    path = path if os.sep in path else shutil.which(path) or path
    found = await _check_cached(path, "settings", children)
    if isinstance(found, FFmpeg):
        return found
    setting = _setting_name(configured)
    raise InputError(
        Code.FFMPEG_MISSING,
        f"The configured FFmpeg doesn't work: {clean_line(path, 300)} ({setting}): {found}",
        f"Correct {setting}, or omit it to use the default FFmpeg.",
        field="render.ffmpeg",
    )


def _setting_name(configured: str) -> str:
    """Where ``configured`` is set, for messages."""
    variable = "AURA_RENDER_FFMPEG"
    from_variable = os.environ.get(variable) == configured
    return variable if from_variable else "render.ffmpeg in the config file"


async def _best(children: ProcessGroup) -> FFmpeg:
    rejected = ""
    if path := shutil.which("ffmpeg"):
        found = await _check_cached(path, "path", children)
        if isinstance(found, FFmpeg):
            return found
        rejected = f"{clean_line(path, 200)}: {found}"
    wheel = await asyncio.to_thread(_wheel)
    if wheel is None:
        raise InputError(
            Code.FFMPEG_MISSING,
            f"No working FFmpeg found: {rejected}" if rejected else "FFmpeg was not found",
            _INSTALL,
        )
    found = await _check_cached(wheel, "wheel", children)
    if isinstance(found, str):
        variable = os.environ.get(_WHEEL_VARIABLE)
        named = f" ({_WHEEL_VARIABLE})" if variable else ""
        why = f"{clean_line(wheel, 200)}{named}: {found}"
        raise InputError(
            Code.FFMPEG_MISSING,
            "No working FFmpeg found: " + "; ".join(filter(None, (rejected, why))),
            _INSTALL if not variable else f"Correct or unset {_WHEEL_VARIABLE}.",
        )
    return msgspec.structs.replace(found, rejected=rejected)


def _wheel() -> str | None:
    """The FFmpeg of imageio-ffmpeg, or its replacement (conda, IMAGEIO_FFMPEG_EXE); None: none.

    Doesn't call ``get_ffmpeg_exe``, which runs the program with our environment, including API
    keys; this module checks it anyway.
    """
    spec = importlib.util.find_spec("imageio_ffmpeg")
    folders = spec.submodule_search_locations if spec is not None else None
    shipped = [path for each in folders or () for path in Path(each, "binaries").glob("ffmpeg-*")]
    if named := os.environ.get(_WHEEL_VARIABLE):
        return named if os.path.isabs(named) else None
    for path in [*sorted(shipped), Path(sys.prefix, "bin", "ffmpeg")]:
        if path.is_absolute() and path.is_file() and os.access(path, os.X_OK):
            return str(path)
    return None


async def _check_cached(path: str, source: Source, children: ProcessGroup) -> FFmpeg | str:
    """The FFmpeg at ``path``, or why it is unsuitable; uses earlier results."""
    try:
        file = os.stat(path)
    except OSError as e:
        return "it doesn't exist" if e.errno == errno.ENOENT else e.strerror or "no such path"
    if not stat.S_ISREG(file.st_mode):
        return "it is a folder" if stat.S_ISDIR(file.st_mode) else "it is not a file"
    if not os.access(path, os.X_OK):
        return "it is not executable (chmod +x it)"
    key = (os.path.abspath(path), file.st_mtime_ns, file.st_size)
    if known := _good.get(key):
        return msgspec.structs.replace(known, source=source)
    why, until = _bad.get(key, ("", 0.0))
    if time.monotonic() < until:
        return why
    limit_s = _WHEEL_TIMEOUT_S if source == "wheel" else _TIMEOUT_S
    try:
        async with children.timeout(limit_s):
            found = await _check(path, source, children)
    except TimeoutError:
        found = f"it didn't answer within {limit_s:g} s"
    if isinstance(found, FFmpeg):
        _good[key] = found
    else:
        _bad[key] = (found, time.monotonic() + _BAD_S)
    return found


async def _check(path: str, source: Source, children: ProcessGroup) -> FFmpeg | str:
    options = ("-version", *_NEEDS)
    results = await asyncio.gather(
        *(_output(path, option, children) for option in options), return_exceptions=True
    )
    for error in results:
        if isinstance(error, OSError) and error.errno not in _SYSTEM_LIMITS:
            return error.strerror or "it can't be started"
        if isinstance(error, BaseException):
            raise error
    outputs = [output for output in results if isinstance(output, str)]
    banner = outputs[0]
    version = re.match(r"ffmpeg version (\S{1,80})", banner)
    codec = re.search(r"^libavcodec\s+(\d{1,4})\.", banner, re.MULTILINE)
    if not version or not codec:
        return "it isn't FFmpeg"
    if int(codec[1]) < _OLDEST_LIBAVCODEC:
        return f"version {clean_line(version[1], 40)} is older than 5.0"
    for option, listing in zip(options[1:], outputs[1:], strict=True):
        if lacks := sorted(_NEEDS[option] - _names(listing)):
            return f"it lacks {', '.join(lacks)}"
    return FFmpeg(
        path=path,
        version=clean_line(version[1], 40),
        source=source,
        identity=hashlib.sha256(banner.encode()).hexdigest()[:16],
    )


async def _output(path: str, option: str, children: ProcessGroup) -> str:
    """The stdout of ``path`` with ``option``; "" if it fails or prints too much. Raises OSError if
    it can't be started."""
    try:
        done = await children.run(
            [path, "-nostdin", "-hide_banner", option], max_output=_LIST_LIMIT
        )
    except OutputTooLarge:
        return ""
    return done.stdout.decode(errors="replace") if done.returncode == 0 else ""


def _names(listing: str) -> set[str]:
    """The names in the rows of a listing: ``FLAGS name[,name] description``."""
    rows = (line.split(maxsplit=2) for line in listing.splitlines())
    return {name for row in rows if len(row) > 1 for name in row[1].split(",")}
